"""Bugs in binding, listening, accepting and connecting."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Any, Optional

from conformance.mutants.correct import PassThrough


class ConnectExRaises(PassThrough):
    """connect_ex raises its error instead of returning it."""

    def connect_ex(self, address: Any, /) -> int:
        self.connect(address)
        return 0


class ConnectExHidesErrors(PassThrough):
    """connect_ex always returns 0."""

    def connect_ex(self, address: Any, /) -> int:
        super().connect_ex(address)
        return 0


class InProgressIsSuccess(PassThrough):
    """A connect that is under way is reported as done."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except BlockingIOError:
            return


class SwallowsConnectErrors(PassThrough):
    """A connect that fails looks as if it had succeeded."""

    def connect(self, address: Any, /) -> None:
        self.connect_ex(address)


class ErrorsWithoutNumber(PassThrough):
    """Errors are raised again with their text only: class and errno are lost."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except OSError as error:
            raise OSError(str(error)) from None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except OSError as error:
            raise OSError(str(error)) from None


class RefusedTakenForTimeout(PassThrough):
    """A refused connection is reported as one that timed out."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except ConnectionRefusedError:
            raise socket.timeout("timed out") from None


class SecondConnectSucceeds(PassThrough):
    """Connecting a connected socket is no error."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except OSError as error:
            if error.errno != errno.EISCONN:
                raise


class FixedBacklog(PassThrough):
    """listen ignores its argument and uses a fixed backlog."""

    def listen(self, backlog: int = 128, /) -> None:
        super().listen(128)


class TakesPortsInUse(PassThrough):
    """bind sets SO_REUSEADDR and SO_REUSEPORT unasked, so that two sockets share a port."""

    def bind(self, address: Any, /) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().bind(address)


class BindsAnotherPort(PassThrough):
    """If the address is in use, bind silently takes another port."""

    def bind(self, address: Any, /) -> None:
        try:
            super().bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not isinstance(address, tuple):
                raise
            super().bind((address[0], 0))


class BindsEveryInterface(PassThrough):
    """bind takes the port and ignores the host."""

    def bind(self, address: Any, /) -> None:
        if self.family == socket.AF_INET and isinstance(address, tuple):
            address = ("", address[1])
        super().bind(address)


class BindRemovesThePath(PassThrough):
    """bind removes whatever is at its path, even the socket of another server."""

    def bind(self, address: Any, /) -> None:
        if isinstance(address, str):
            with contextlib.suppress(OSError):
                os.unlink(address)
        super().bind(address)


class AcceptSaysListener(PassThrough):
    """accept returns the listener's address instead of the client's."""

    def accept(self) -> tuple[socket.socket, Any]:
        made, _ = super().accept()
        return made, self.getsockname()


class AcceptsNewestFirst(PassThrough):
    """Connections are taken in batches, and the last of a batch is handed out first."""

    _batch: tuple[tuple[socket.socket, Any], ...] = ()

    def accept(self) -> tuple[socket.socket, Any]:
        if not self._batch:
            self._batch = (super().accept(), *self._waiting())
        *rest, newest = self._batch
        self._batch = tuple(rest)
        return newest

    def _waiting(self) -> list[tuple[socket.socket, Any]]:
        before, found = self.gettimeout(), []
        self.setblocking(False)
        try:
            while True:
                found.append(super().accept())
        except OSError:
            return found
        finally:
            self.settimeout(before)


class OptionsLostOnAccept(PassThrough):
    """An accepted socket is reset to the default options."""

    def accept(self) -> tuple[socket.socket, Any]:
        made, address = super().accept()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
        if made.family in (socket.AF_INET, socket.AF_INET6):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        return made, address


class AcceptHidesTransientErrors(PassThrough):
    """A non-blocking accept without a client waits for one."""

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except BlockingIOError:
            self.setblocking(True)
            return super().accept()


class ListenAcceptsOnce(PassThrough):
    """The listener is closed once it has accepted a connection."""

    def accept(self) -> tuple[socket.socket, Any]:
        made = super().accept()
        self.close()
        return made


class BindListens(PassThrough):
    """bind makes a stream socket a listener at once."""

    def bind(self, address: Any, /) -> None:
        super().bind(address)
        if self.type == socket.SOCK_STREAM:
            super().listen()


class BindErrorsSwallowed(PassThrough):
    """bind never fails."""

    def bind(self, address: Any, /) -> None:
        with contextlib.suppress(OSError):
            super().bind(address)


class ListenErrorsSwallowed(PassThrough):
    """listen never fails."""

    def listen(self, backlog: int = 128, /) -> None:
        with contextlib.suppress(OSError):
            super().listen(backlog)


class AnyMeansLoopback(PassThrough):
    """Binding to every address binds to the loopback address alone."""

    def bind(self, address: Any, /) -> None:
        if self.family == socket.AF_INET and isinstance(address, tuple) and address[0] in ("", "0.0.0.0"):
            address = ("127.0.0.1", address[1])
        super().bind(address)


class GuessesAddresses(PassThrough):
    """An address without a port is taken for one with a free port."""

    def bind(self, address: Any, /) -> None:
        if self.family == socket.AF_INET and not (isinstance(address, tuple) and len(address) == 2):
            address = ("127.0.0.1", 0)
        super().bind(address)


class CutsLongPaths(PassThrough):
    """A path that is too long is cut instead of refused."""

    def bind(self, address: Any, /) -> None:
        super().bind(address[:100] if isinstance(address, str) else address)


class OpensItsPath(PassThrough):
    """bind gives everybody access to its path."""

    def bind(self, address: Any, /) -> None:
        super().bind(address)
        if isinstance(address, str) and address:
            os.chmod(address, 0o777)


class PortKnownAfterListen(PassThrough):
    """getsockname of a stream socket bound to a free port returns port 0 until it listens."""

    _bound_to_free = False

    def bind(self, address: Any, /) -> None:
        super().bind(address)
        self._bound_to_free = isinstance(address, tuple) and not address[1] and self.type == socket.SOCK_STREAM

    def listen(self, *backlog: int) -> None:
        super().listen(*backlog)
        self._bound_to_free = False

    def getsockname(self) -> Any:
        name = super().getsockname()
        return (name[0], 0, *name[2:]) if self._bound_to_free else name


class TimedOutConnectCloses(PassThrough):
    """A connect that times out closes the socket."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except socket.timeout:
            self.close()
            raise


class PadsAbstractNames(PassThrough):
    """Abstract names are padded with NUL bytes to the largest size."""

    def bind(self, address: Any, /) -> None:
        if self.family == getattr(socket, "AF_UNIX", None) and address[:1] in ("\0", b"\0"):
            address = (address.encode() if isinstance(address, str) else address).ljust(108, b"\0")
        super().bind(address)


class CutsAbstractNamesAtNul(PassThrough):
    """An abstract name ends at its second NUL byte."""

    def bind(self, address: Any, /) -> None:
        super().bind(_cut_at_nul(self, address))

    def connect(self, address: Any, /) -> None:
        super().connect(_cut_at_nul(self, address))


def _cut_at_nul(sock: socket.socket, address: Any) -> Any:
    if sock.family != getattr(socket, "AF_UNIX", None) or address[:1] not in ("\0", b"\0"):
        return address
    name = address.encode() if isinstance(address, str) else address
    return b"\0" + name[1:].split(b"\0", 1)[0]


class SpeaksOneVersionOnly(PassThrough):
    """A socket for IPv6 is always for IPv6 alone, whatever IPV6_V6ONLY was set to."""

    def bind(self, address: Any, /) -> None:
        if self.family == socket.AF_INET6:
            self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().bind(address)


class UnknownFamilyIsInternet(PassThrough):
    """A family that does not exist is taken for AF_INET."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        try:
            super().__init__(family, type, proto, fileno)
        except OSError as error:
            if error.errno != errno.EAFNOSUPPORT:
                raise
            super().__init__(socket.AF_INET, type, proto, fileno)


class IgnoresProtocol(PassThrough):
    """A protocol that does not go with the type is replaced by the usual one."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        super().__init__(family, type, proto if fileno is not None else -1, fileno)
