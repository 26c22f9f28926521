"""Bugs in receiving from streams."""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import Any

from conformance.mutants.correct import PassThrough

AHEAD = 4096
"""Bytes that a library with a buffer of its own reads at once."""


def _stream(sock: socket.socket) -> bool:
    return sock.type == socket.SOCK_STREAM


class EndTakenForRetry(PassThrough):
    """Zero bytes are taken for "try again": at the end of the stream recv never returns."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        while True:
            data = super().recv(size, flags)
            if data or not size or not _stream(self):
                return data
            time.sleep(0.01)


class ResetTakenForEnd(PassThrough):
    """A reset connection looks as if it had ended in good order."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except ConnectionResetError:
            return b""


class WouldBlockTakenForEnd(PassThrough):
    """A recv that would block returns no bytes, as at the end."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except BlockingIOError:
            return b""


class DropsResidue(PassThrough):
    """recv reads ahead, returns the requested bytes, and drops the rest."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if not _stream(self) or flags or not size:
            return super().recv(size, flags)
        return super().recv(max(size, AHEAD))[:size]


class BuffersAhead(PassThrough):
    """recv reads ahead and keeps the rest, which select does not see."""

    _kept = b""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if not _stream(self) or flags or not size:
            return super().recv(size, flags)
        data = self._kept or super().recv(max(size, AHEAD))
        self._kept = data[size:]
        return data[:size]


class ReturnsMoreThanAsked(PassThrough):
    """recv returns all that it has read ahead."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(max(size, AHEAD) if _stream(self) and size else size, flags)


class WaitsForFullBuffer(PassThrough):
    """recv waits until as many bytes are there as were asked for."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        full = socket.MSG_WAITALL if _stream(self) and not flags else 0
        return super().recv(size, flags | full)


class EndRaises(PassThrough):
    """The end of the stream is raised as an error."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        if size and not data and _stream(self):
            raise ConnectionError("connection closed")
        return data


class StripsTrailingNuls(PassThrough):
    """Data passes through a C string: NUL bytes at its end are lost."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(size, flags).rstrip(b"\0")


class StopsAtNul(PassThrough):
    """Data passes through a C string: everything after a NUL byte is lost."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(size, flags).split(b"\0", 1)[0]


class PeekConsumes(PassThrough):
    """MSG_PEEK is ignored: the data is consumed."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(size, flags & ~socket.MSG_PEEK)


class IgnoresWaitall(PassThrough):
    """MSG_WAITALL is ignored."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(size, flags & ~socket.MSG_WAITALL)


class IgnoresDontwait(PassThrough):
    """MSG_DONTWAIT is ignored."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(size, flags & ~getattr(socket, "MSG_DONTWAIT", 0))


class DontwaitSticks(PassThrough):
    """MSG_DONTWAIT for one call leaves the socket non-blocking."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        dontwait = getattr(socket, "MSG_DONTWAIT", 0)
        if flags & dontwait:
            self.setblocking(False)
        return super().recv(size, flags & ~dontwait)


class IntoClaimsFullBuffer(PassThrough):
    """recv_into returns the size of the buffer."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        count = super().recv_into(buffer, nbytes, flags)
        return (nbytes or memoryview(buffer).nbytes) if count else 0


class IntoNeedsSize(PassThrough):
    """recv_into without a size receives nothing."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(buffer, nbytes, flags) if nbytes else 0


class IntoWrongPlace(PassThrough):
    """recv_into writes to the end of the buffer."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        data = super().recv(nbytes or len(view), flags)
        view[len(view) - len(data) :] = data
        return len(data)


class IntoMisreportsEnd(PassThrough):
    """recv_into returns no bytes, instead of their number, at the end."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        count: Any = super().recv_into(buffer, nbytes, flags)
        return count or b""  # type: ignore[return-value]  # this is the bug


class LosesTruncationFlag(PassThrough):
    """recvmsg reports no flags."""

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        data, ancillary, _, address = super().recvmsg(bufsize, ancbufsize, flags)
        return data, ancillary, 0, address


class LosesAncillaryData(PassThrough):
    """recvmsg drops descriptors that come with the data, and leaks them."""

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        data, _, found, address = super().recvmsg(bufsize, ancbufsize, flags)
        return data, [], found, address


class UrgentInline(PassThrough):
    """Urgent data stays in the stream."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if self.family in (socket.AF_INET, socket.AF_INET6) and _stream(self):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        return super().recv(size, flags)


class NotConnectedTakenForWouldBlock(PassThrough):
    """A socket without a connection is treated as if nothing had arrived yet: the call waits for ever."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        while True:
            try:
                return super().send(data, flags)
            except OSError as error:
                _wait_if_not_connected(error)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        while True:
            try:
                return super().recv(size, flags)
            except OSError as error:
                _wait_if_not_connected(error)


def _wait_if_not_connected(error: OSError) -> None:
    if error.errno != errno.ENOTCONN:
        raise error
    time.sleep(0.01)


class NonblockingEndTakenForWouldBlock(PassThrough):
    """In non-blocking mode the end of a local stream is reported as EAGAIN."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        local = self.family == getattr(socket, "AF_UNIX", None) and _stream(self)
        if size and not data and local and self.gettimeout() == 0.0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return data


class LosesControlTruncationFlag(PassThrough):
    """recvmsg does not report that descriptors did not fit."""

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        data, ancillary, found, address = super().recvmsg(bufsize, ancbufsize, flags)
        return data, ancillary, found & ~socket.MSG_CTRUNC, address


class KeepsUnwantedDescriptors(PassThrough):
    """recv accepts descriptors that come with the data, and never closes them."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if self.family != getattr(socket, "AF_UNIX", None) or not size:
            return super().recv(size, flags)
        return super().recvmsg(size, socket.CMSG_SPACE(64), flags)[0]
