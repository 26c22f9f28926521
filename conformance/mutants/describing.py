"""Bugs in how a socket describes itself: names, options, attributes."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from typing import Any, Optional

from conformance.mutants.correct import PassThrough


def _swapped(address: Any) -> Any:
    if not isinstance(address, tuple):
        return address
    return (address[0], socket.htons(address[1]), *address[2:])


class SwapsPortBytes(PassThrough):
    """Ports are converted from network order twice."""

    def getsockname(self) -> Any:
        return _swapped(super().getsockname())

    def getpeername(self) -> Any:
        return _swapped(super().getpeername())


class PeernameIsOwnName(PassThrough):
    """getpeername returns the socket's own address."""

    def getpeername(self) -> Any:
        super().getpeername()
        return self.getsockname()


class SocknameIsPeername(PassThrough):
    """getsockname of a connected socket returns the peer's address."""

    def getsockname(self) -> Any:
        try:
            return self.getpeername()
        except OSError:
            return super().getsockname()


class RemembersFirstName(PassThrough):
    """getsockname returns what it returned the first time, even if that was before bind."""

    _name: Optional[Any] = None

    def getsockname(self) -> Any:
        if self._name is None:
            self._name = super().getsockname()
        return self._name


class RemembersPeer(PassThrough):
    """getpeername returns the peer even after the connection is gone."""

    _peer: Optional[Any] = None

    def getpeername(self) -> Any:
        with contextlib.suppress(OSError):
            self._peer = super().getpeername()
        return self._peer if self._peer is not None else super().getpeername()

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        with contextlib.suppress(OSError):
            self._peer = super().getpeername()
        return super().recv(size, flags)


class UnconnectedPeerIsNone(PassThrough):
    """getpeername of a socket without a peer returns None."""

    def getpeername(self) -> Any:
        try:
            return super().getpeername()
        except OSError:
            return None


class CachesOptions(PassThrough):
    """getsockopt returns what was set, not what the kernel made of it."""

    _given: Optional[dict[tuple[int, int], Any]] = None

    def setsockopt(self, level: int, option: int, *value: Any) -> None:
        super().setsockopt(level, option, *value)
        self._given = {**(self._given or {}), (level, option): value[0]}

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        known = (self._given or {}).get((level, option))
        return super().getsockopt(level, option, *size) if known is None or size else known


class IgnoresOptions(PassThrough):
    """setsockopt has no effect."""

    def setsockopt(self, level: int, option: int, *value: Any) -> None:
        return


class OptionErrorsSwallowed(PassThrough):
    """setsockopt never fails."""

    def setsockopt(self, level: int, option: int, *value: Any) -> None:
        with contextlib.suppress(OSError):
            super().setsockopt(level, option, *value)


class ErrorStays(PassThrough):
    """Reading SO_ERROR does not clear it."""

    _error = 0

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        value = super().getsockopt(level, option, *size)
        if (level, option) != (socket.SOL_SOCKET, socket.SO_ERROR) or size:
            return value
        self._error = value or self._error
        return self._error


class ErrorIsAlwaysZero(PassThrough):
    """SO_ERROR always reads 0."""

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        value = super().getsockopt(level, option, *size)
        return 0 if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR) and not size else value


class IsInherited(PassThrough):
    """Child processes inherit every socket."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.set_inheritable(True)


class TypeCarriesFlags(PassThrough):
    """The type of a non-blocking socket has SOCK_NONBLOCK mixed in."""

    @property
    def type(self) -> Any:
        kind = super().type
        nonblocking = self.fileno() >= 0 and self.gettimeout() == 0.0
        return int(kind) | getattr(socket, "SOCK_NONBLOCK", 0) if nonblocking else kind


class AlwaysSaysTcp(PassThrough):
    """The protocol of every socket is TCP, even if it was made without a protocol."""

    @property
    def proto(self) -> Any:
        return socket.IPPROTO_TCP


class DescriptorsAreInternetStreams(PassThrough):
    """A socket made from a descriptor is an IPv4 stream, whatever the descriptor is."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        if fileno is not None:
            family, type, proto = socket.AF_INET, socket.SOCK_STREAM, 0
        super().__init__(family, type, proto, fileno)


class BufferSizesAsGiven(PassThrough):
    """SO_SNDBUF and SO_RCVBUF are halved when they are read, to hide that the kernel doubles them."""

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        value = super().getsockopt(level, option, *size)
        buffers = (socket.SO_SNDBUF, socket.SO_RCVBUF)
        return value // 2 if level == socket.SOL_SOCKET and option in buffers and not size else value


class NagleIsAlwaysOff(PassThrough):
    """TCP_NODELAY is set on every connection, unasked."""

    def connect(self, address: Any, /) -> None:
        super().connect(address)
        _switch_nagle_off(self)

    def _adopt(self, made: socket.socket) -> socket.socket:
        _switch_nagle_off(made)
        return super()._adopt(made)


def _switch_nagle_off(sock: socket.socket) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class UnboundNameIsNone(PassThrough):
    """getsockname of a socket that was never bound returns None."""

    def getsockname(self) -> Any:
        name = super().getsockname()
        return None if isinstance(name, tuple) and not name[1] else name


class OptionsInNetworkOrder(PassThrough):
    """The raw bytes of an option are in network order."""

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        value = super().getsockopt(level, option, *size)
        return value[::-1] if isinstance(value, bytes) and sys.byteorder == "little" else value


class BufferSizesLostOnAccept(PassThrough):
    """An accepted socket has buffers of the default size, whatever its listener has."""

    def accept(self) -> tuple[socket.socket, Any]:
        made, address = super().accept()
        with socket.socket(made.family, made.type) as fresh:
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                made.setsockopt(socket.SOL_SOCKET, option, fresh.getsockopt(socket.SOL_SOCKET, option) // 2)
        return made, address


class NeverListens(PassThrough):
    """SO_ACCEPTCONN of a local listener reads 0."""

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        value = super().getsockopt(level, option, *size)
        asked = (level, option) == (socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and not size
        return 0 if asked and self.family == getattr(socket, "AF_UNIX", None) else value


class KeepaliveByDefault(PassThrough):
    """Keepalive is on for every TCP socket, unasked, and begins after a minute."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)


class ForgetsItsKind(PassThrough):
    """getsockopt does not know the options for the socket's family, type and protocol."""

    def getsockopt(self, level: int, option: int, *size: Any) -> Any:
        kinds = (socket.SO_TYPE, getattr(socket, "SO_DOMAIN", None), getattr(socket, "SO_PROTOCOL", None))
        if level == socket.SOL_SOCKET and option in kinds:
            raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))
        return super().getsockopt(level, option, *size)


class UnnamedIsNul(PassThrough):
    """The name of an unnamed local socket is a NUL byte."""

    def getsockname(self) -> Any:
        return super().getsockname() or "\0"

    def getpeername(self) -> Any:
        return super().getpeername() or "\0"


class ReadinessSticks(PassThrough):
    """fileno returns a pipe of the library, which stays ready for reading and is never ready for writing."""

    _pipe: Optional[tuple[int, int]] = None

    def fileno(self) -> int:
        if super().fileno() < 0:
            return -1
        if self._pipe is None:
            self._pipe = os.pipe()
            os.write(self._pipe[1], b"x")
        return self._pipe[0]

    def close(self) -> None:
        ends, self._pipe = self._pipe or (), None
        for end in ends:
            os.close(end)
        super().close()
