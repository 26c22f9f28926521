"""Bugs that show when a socket is shut down, closed, connected again or left by its peer."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import threading
from typing import Any, Optional

from conformance.mutants.correct import PassThrough

_PIPES: list[tuple[int, int]] = []


class ShutdownNeedsAConnection(PassThrough):
    """shutdown refuses a socket whose connect is still under way."""

    def shutdown(self, how: int, /) -> None:
        if self.type == socket.SOCK_STREAM and not self.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self.getpeername()
        super().shutdown(how)


class ReconnectIsANewSocket(PassThrough):
    """A datagram socket that is connected again is replaced by a new one."""

    def connect(self, address: Any, /) -> None:
        if self.type == socket.SOCK_DGRAM and _is_connected(self):
            with socket.socket(self.family, self.type) as fresh:
                os.dup2(fresh.fileno(), self.fileno(), inheritable=False)
        super().connect(address)


class ConnectDropsTheQueue(PassThrough):
    """connect throws away the datagrams that came before."""

    def connect(self, address: Any, /) -> None:
        if self.type == socket.SOCK_DGRAM:
            _drain(self)
        super().connect(address)


class ConnectWaitsItOut(PassThrough):
    """A blocking connect waits until the attempt ends instead of raising EINPROGRESS."""

    def connect(self, address: Any, /) -> None:
        try:
            super().connect(address)
        except BlockingIOError:
            if not self.getblocking():
                raise
            select.select([], [self], [])


class RefusesItself(PassThrough):
    """connect refuses the socket's own address."""

    def connect(self, address: Any, /) -> None:
        if address == self.getsockname():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        super().connect(address)


class OnePortForEveryProtocol(PassThrough):
    """bind refuses a datagram socket the port of a stream socket."""

    def bind(self, address: Any, /) -> None:
        if self.family != getattr(socket, "AF_UNIX", None) and self.type == socket.SOCK_DGRAM and address[1]:
            with socket.socket(self.family, socket.SOCK_STREAM) as probe:
                probe.bind(address)
        super().bind(address)


class AcceptAsksForThePeer(PassThrough):
    """accept asks the new socket for its peer, and fails where that is gone."""

    def accept(self) -> tuple[socket.socket, Any]:
        made, _ = super().accept()
        return made, made.getpeername()


class AcceptTriesAgain(PassThrough):
    """A blocking accept starts again where SO_RCVTIMEO ends its wait."""

    def accept(self) -> tuple[socket.socket, Any]:
        while True:
            try:
                return super().accept()
            except BlockingIOError:
                if self.gettimeout() == 0:
                    raise


class AcceptSaysInvalid(PassThrough):
    """accept raises EINVAL for every socket that does not listen."""

    def accept(self) -> tuple[socket.socket, Any]:
        if not self.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return super().accept()


class WaitallNeverGivesLess(PassThrough):
    """recv with MSG_WAITALL goes on after a signal, a timeout or the end of a record."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        while flags & socket.MSG_WAITALL and not flags & socket.MSG_PEEK and len(data) < size:
            more = super().recv(size - len(data), flags)
            if not more:
                break
            data += more
        return data


class ReadsOnBehindRights(PassThrough):
    """After a message with descriptors, recvmsg reads on to fill its buffer."""

    def recvmsg(self, size: int, space: int = 0, flags: int = 0, /) -> Any:
        data, ancillary, found, address = super().recvmsg(size, space, flags)
        if ancillary and self.type == socket.SOCK_STREAM and len(data) < size:
            with contextlib.suppress(BlockingIOError):
                data += super().recv(size - len(data), flags | socket.MSG_DONTWAIT)
        return data, ancillary, found, address


class ReceivedDescriptorsAreKept(PassThrough):
    """recvmsg never lets started programs inherit the descriptors that it receives."""

    def recvmsg(self, size: int, space: int = 0, flags: int = 0, /) -> Any:
        return super().recvmsg(size, space, flags | socket.MSG_CMSG_CLOEXEC)


class NoErrorQueue(PassThrough):
    """recvmsg with MSG_ERRQUEUE receives data."""

    def recvmsg(self, size: int, space: int = 0, flags: int = 0, /) -> Any:
        return super().recvmsg(size, space, flags & ~socket.MSG_ERRQUEUE)


class IntoIgnoresNbytes(PassThrough):
    """recv_into fills the whole buffer, whatever nbytes says."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(buffer, 0, flags)


class IntoCutsNbytes(PassThrough):
    """recv_into replaces an impossible nbytes by the size of the buffer."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(buffer, nbytes if 0 <= nbytes <= len(buffer) else 0, flags)


class IntoTakesResetForEnd(PassThrough):
    """recv_into reports a reset as the end."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        try:
            return super().recv_into(buffer, nbytes, flags)
        except ConnectionResetError:
            return 0


class SendallStartsAgain(PassThrough):
    """After sendall had to wait for room, it starts again with the first byte."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        if not self.gettimeout():
            return super().sendall(data, flags)
        view = memoryview(data).cast("B")
        left = len(view)
        while left:
            left -= self.send(view[:left], flags)
        return None


class ShutdownReadDiscards(PassThrough):
    """Shutting down the reading side throws away what is queued."""

    def shutdown(self, how: int, /) -> None:
        super().shutdown(how)
        if how != socket.SHUT_WR:
            _drain(self)


class ShutdownWriteResets(PassThrough):
    """Shutting down the writing side before all was read resets the connection."""

    def shutdown(self, how: int, /) -> None:
        if how == socket.SHUT_WR and select.select([self], [], [], 0)[0] and self.type == socket.SOCK_STREAM:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()
        else:
            super().shutdown(how)


class ShutdownWriteStopsListening(PassThrough):
    """Shutting down the writing side of a listener stops it."""

    def shutdown(self, how: int, /) -> None:
        listens = self.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        super().shutdown(socket.SHUT_RDWR if listens else how)


class CloseWaitsForCalls(PassThrough):
    """close waits until no other thread is in a call of the socket."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._busy = threading.Lock()
        super().__init__(*arguments, **keywords)

    def accept(self) -> tuple[socket.socket, Any]:
        with self._busy:
            return super().accept()

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        with self._busy:
            return super().recv(size, flags)

    def send(self, data: Any, flags: int = 0, /) -> int:
        with self._busy:
            return super().send(data, flags)

    def close(self) -> None:
        with self._busy:
            super().close()


class NeverLooksReady(PassThrough):
    """fileno returns the number of a descriptor on which nothing ever happens."""

    _idle: Optional[int] = None

    def fileno(self) -> int:
        if super().fileno() < 0:
            return -1
        if self._idle is None:
            _PIPES.append(os.pipe())
            self._idle = _PIPES[-1][0]
        return self._idle


def _is_connected(sock: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        return bool(sock.getpeername())
    return False


def _drain(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while sock.recv(65536, socket.MSG_DONTWAIT):
            pass
