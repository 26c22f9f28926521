"""Bugs with datagrams."""

from __future__ import annotations

import errno
import socket
from typing import Any, Optional

from conformance.mutants.correct import PassThrough

LARGEST = 64 * 1024
"""Bytes that the largest datagram may have."""


PACKET = 1472
"""Bytes of a datagram that fit into one Ethernet frame."""


def _datagrams(sock: socket.socket) -> bool:
    return sock.type == socket.SOCK_DGRAM


class KeepsTheRemainder(PassThrough):
    """The next recv returns the part of a datagram that did not fit, as on a stream."""

    _kept = b""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if not _datagrams(self) or flags:
            return super().recv(size, flags)
        data = self._kept or super().recv(LARGEST)
        self._kept = data[size:]
        return data[:size]


class SkipsEmptyDatagrams(PassThrough):
    """An empty datagram is passed over: the call waits for the next."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        while not data and size and _datagrams(self):
            data = super().recv(size, flags)
        return data

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        data, address = super().recvfrom(size, flags)
        while not data and size and _datagrams(self):
            data, address = super().recvfrom(size, flags)
        return data, address


class EmptyDatagramCloses(PassThrough):
    """An empty datagram is taken for the end: the socket is shut."""

    _over = False

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return self.recvfrom(size, flags)[0]

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        if self._over:
            return b"", None
        data, address = super().recvfrom(size, flags)
        self._over = not data and size > 0 and _datagrams(self)
        return data, address


class SendtoIgnoresAddress(PassThrough):
    """On a connected socket, sendto sends to the peer, whatever address it is given."""

    def sendto(self, data: Any, *arguments: Any) -> int:
        try:
            self.getpeername()
        except OSError:
            return super().sendto(data, *arguments)
        return self.send(data)


class RecvfromSaysOwnName(PassThrough):
    """recvfrom returns the address of the receiver."""

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        data, address = super().recvfrom(size, flags)
        return data, self.getsockname() if _datagrams(self) else address


class FirstSenderForEver(PassThrough):
    """recvfrom remembers the first sender and names it for every datagram."""

    _sender: Optional[Any] = None

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        data, address = super().recvfrom(size, flags)
        if not _datagrams(self):
            return data, address
        self._sender = self._sender or address
        return data, self._sender


class MergesDatagrams(PassThrough):
    """recv goes on until its buffer is full: datagrams run into each other."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        while _datagrams(self) and not flags and len(data) < size:
            try:
                data += super().recv(size - len(data), socket.MSG_DONTWAIT)
            except OSError:
                break
        return data


class TruncationRaises(PassThrough):
    """A datagram that is cut is an error, as on Windows."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if not _datagrams(self) or flags:
            return super().recv(size, flags)
        data = super().recv(LARGEST)
        if len(data) > size:
            raise OSError(errno.EMSGSIZE, "message too long")
        return data


class CutsLargeDatagrams(PassThrough):
    """A datagram beyond the usual size of a packet is cut when it is sent."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        return super().send(memoryview(data)[:PACKET] if _datagrams(self) else data, flags)


class SplitsLargeDatagrams(PassThrough):
    """A datagram that is too large is sent in pieces."""

    def sendto(self, data: Any, *arguments: Any) -> int:
        view = memoryview(data)
        if not _datagrams(self) or len(view) <= PACKET:
            return super().sendto(data, *arguments)
        return sum(super(PassThrough, self).sendto(view[at : at + PACKET], *arguments) for at in _steps(view))

    def send(self, data: Any, flags: int = 0, /) -> int:
        view = memoryview(data)
        if not _datagrams(self) or len(view) <= PACKET:
            return super().send(data, flags)
        return sum(super(PassThrough, self).send(view[at : at + PACKET], flags) for at in _steps(view))


def _steps(view: memoryview) -> range:
    return range(0, len(view), PACKET)


class AcceptsStrangers(PassThrough):
    """connect only remembers where to send: datagrams of others still arrive."""

    _peer: Optional[Any] = None

    def connect(self, address: Any, /) -> None:
        if not _datagrams(self) or self.family == getattr(socket, "AF_UNIX", None):
            return super().connect(address)
        self._peer = address
        return None

    def getpeername(self) -> Any:
        return self._peer or super().getpeername()

    def send(self, data: Any, flags: int = 0, /) -> int:
        return super().sendto(data, flags, self._peer) if self._peer else super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        if self._peer:
            self.send(data, flags)
        else:
            super().sendall(data, flags)


class EmptyReadLeavesDatagram(PassThrough):
    """A read of no bytes returns at once and leaves the datagram where it is."""

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        return super().recvfrom(size, flags) if size or not _datagrams(self) else (b"", None)

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        if bufsize or not _datagrams(self):
            return super().recvmsg(bufsize, ancbufsize, flags)
        return b"", [], 0, None


class SendtoBindsEachTime(PassThrough):
    """sendto binds the socket first, every time, even if it is bound."""

    def sendto(self, data: Any, *arguments: Any) -> int:
        if _datagrams(self) and self.family == socket.AF_INET:
            super().bind(("", 0))
        return super().sendto(data, *arguments)


class SendtoErrorsSwallowed(PassThrough):
    """sendto never fails: data that cannot be sent is dropped."""

    def sendto(self, data: Any, *arguments: Any) -> int:
        try:
            return super().sendto(data, *arguments)
        except OSError:
            return memoryview(data).nbytes


class SendtoReturnsZero(PassThrough):
    """sendto returns 0 on success, like functions of C that return a status."""

    def sendto(self, data: Any, *arguments: Any) -> int:
        super().sendto(data, *arguments)
        return 0


class RecordsRunTogether(PassThrough):
    """A socket of records is read like a stream: recv takes as many of them as fit."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        while data and not flags and len(data) < size and self.type == getattr(socket, "SOCK_SEQPACKET", None):
            try:
                more = super().recv(size - len(data), socket.MSG_DONTWAIT)
            except OSError:
                break
            data, size = data + more, size if more else 0
        return data
