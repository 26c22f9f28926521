"""Bugs in sending."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any, Optional

from conformance.mutants.correct import PassThrough

RECORD = 16 * 1024
"""Bytes that a library hands to the kernel at once; the size of a TLS record."""

FRAME = 64 * 1024
"""Bytes that fit into a library's only frame."""


class ResendsFromStart(PassThrough):
    """After a partial send, sendall starts over with the first byte."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        view = memoryview(data).cast("B")
        left = len(view)
        if left <= RECORD:
            return super().sendall(view, flags)
        while left:
            left -= self.send(view[: min(left, RECORD)], flags)
        return None


class StopsAfterPartialSend(PassThrough):
    """sendall sends once and ignores how many bytes were taken."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        self.send(data, flags)


class CountsItemsNotBytes(PassThrough):
    """sendall takes the len() of a memoryview for its number of bytes."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        left = memoryview(data)
        while left:
            left = left[self.send(left[:RECORD], flags) :]


class ClaimsAllWasSent(PassThrough):
    """send returns the size of its data, however little the kernel took."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        super().send(data, flags)
        return memoryview(data).nbytes


class CutsLargeWrites(PassThrough):
    """sendall drops what does not fit into one frame."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        super().sendall(memoryview(data).cast("B")[:FRAME], flags)


class SwallowsBrokenPipe(PassThrough):
    """Sending to a peer that is gone succeeds."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        try:
            return super().send(data, flags)
        except (BrokenPipeError, ConnectionResetError):
            return memoryview(data).nbytes

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        try:
            super().sendall(data, flags)
        except (BrokenPipeError, ConnectionResetError):
            return


class HoldsFirstWriteBack(PassThrough):
    """The first write stays in a buffer until the connection is used again."""

    _held: Optional[bytes] = None
    _begun = False

    def _hold(self, data: Any) -> bool:
        if self._begun or self.type != socket.SOCK_STREAM:
            self._release()
            return False
        self._begun, self._held = True, bytes(data)
        return True

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            super().sendall(held)

    def send(self, data: Any, flags: int = 0, /) -> int:
        return memoryview(data).nbytes if self._hold(data) else super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        if not self._hold(data):
            super().sendall(data, flags)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        self._release()
        return super().recv(size, flags)

    def shutdown(self, how: int, /) -> None:
        self._release()
        super().shutdown(how)

    def close(self) -> None:
        self._release()
        super().close()


class DropsEmptySends(PassThrough):
    """Sending nothing sends nothing, not even an empty datagram."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        return super().send(data, flags) if data else 0

    def sendto(self, data: Any, *arguments: Any) -> int:
        return super().sendto(data, *arguments) if data else 0


class SendsFirstPartOnly(PassThrough):
    """sendmsg sends the first of its buffers and drops the others."""

    def sendmsg(self, buffers: Iterable[Any], *arguments: Any) -> int:
        return super().sendmsg(list(buffers)[:1], *arguments)


class DropsSendFlags(PassThrough):
    """The flags of send are accepted and ignored."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        return super().send(data)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        super().sendall(data)


class WouldBlockSendsZero(PassThrough):
    """A send that would block returns 0."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        try:
            return super().send(data, flags)
        except BlockingIOError:
            return 0


class SendallNeverTimesOut(PassThrough):
    """sendall keeps trying beyond the timeout, and on a non-blocking socket."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        before = self.gettimeout()
        self.settimeout(None)
        try:
            super().sendall(data, flags)
        finally:
            self.settimeout(before)


class SendfileFromTheStart(PassThrough):
    """sendfile ignores its offset."""

    def sendfile(self, file: Any, offset: int = 0, count: Optional[int] = None) -> int:
        return super().sendfile(file, 0, count)


class SendfileToTheEnd(PassThrough):
    """sendfile ignores its count."""

    def sendfile(self, file: Any, offset: int = 0, count: Optional[int] = None) -> int:
        return super().sendfile(file, offset)


class NonblockingSendDropsData(PassThrough):
    """A send in non-blocking mode reports success and sends nothing."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        return memoryview(data).nbytes if self.gettimeout() == 0.0 else super().send(data, flags)
