"""Bugs in shutting down, closing, duplicating and handing over."""

from __future__ import annotations

import collections
import contextlib
import errno
import io
import os
import socket
import struct
import time
from typing import Any, Optional

from conformance.mutants.correct import PassThrough

_LEAKED: collections.deque[Any] = collections.deque(maxlen=64)
"""Sockets that a leaking class leaves open; bounded, so that a long run does not run out of descriptors."""


class HalfCloseClosesBoth(PassThrough):
    """Shutting down one direction shuts down both."""

    def shutdown(self, how: int, /) -> None:
        super().shutdown(socket.SHUT_RDWR)


class ShutsTheOtherWay(PassThrough):
    """SHUT_RD and SHUT_WR are mixed up."""

    def shutdown(self, how: int, /) -> None:
        swapped = {socket.SHUT_RD: socket.SHUT_WR, socket.SHUT_WR: socket.SHUT_RD}
        super().shutdown(swapped.get(how, how))


class ShutdownErrorsSwallowed(PassThrough):
    """shutdown never fails."""

    def shutdown(self, how: int, /) -> None:
        with contextlib.suppress(OSError):
            super().shutdown(how)


class ShutdownDoesNothing(PassThrough):
    """shutdown reports success and does nothing."""

    def shutdown(self, how: int, /) -> None:
        return


class ShutdownCloses(PassThrough):
    """shutdown of both directions closes the descriptor as well."""

    def shutdown(self, how: int, /) -> None:
        super().shutdown(how)
        if how == socket.SHUT_RDWR:
            self.close()


class NeverCloses(PassThrough):
    """close leaves the descriptor open: the peer never sees the end."""

    def close(self) -> None:
        if self.fileno() >= 0:
            _LEAKED.append(socket.socket(fileno=self.detach()))
        super().close()


class ClosesByShutdownOnly(PassThrough):
    """close shuts the connection down and leaks the descriptor."""

    def close(self) -> None:
        if self.fileno() >= 0:
            with contextlib.suppress(OSError):
                self.shutdown(socket.SHUT_RDWR)
            _LEAKED.append(socket.socket(fileno=self.detach()))
        super().close()


class MakefileLeaks(PassThrough):
    """A file made of the socket keeps the connection open after both are closed."""

    def makefile(self, *arguments: Any, **keywords: Any) -> Any:
        _LEAKED.append(self.dup())
        return super().makefile(*arguments, **keywords)


class ClosesUnderItsFiles(PassThrough):
    """close does not wait for files made of the socket: they stop working."""

    def close(self) -> None:
        number = self.detach() if self.fileno() >= 0 else -1
        super().close()
        if number >= 0:
            socket.socket(fileno=number).close()


class _Forgetful(io.BufferedWriter):
    def close(self) -> None:
        self.raw.close()


class MakefileLosesItsBuffer(PassThrough):
    """A file made of the socket drops what it has buffered when it is closed."""

    def makefile(self, mode: str = "r", buffering: Optional[int] = None, **keywords: Any) -> Any:
        original: Any = super().makefile
        if "w" not in mode or buffering == 0:
            return original(mode, buffering, **keywords)
        raw = original("wb", 0)
        writer = _Forgetful(raw, buffering if buffering and buffering > 1 else io.DEFAULT_BUFFER_SIZE)
        return writer if "b" in mode else io.TextIOWrapper(writer)


class MakefileIsUnbuffered(PassThrough):
    """A file made of the socket sends every write at once, whatever buffer was asked for."""

    def makefile(self, mode: str = "r", buffering: Optional[int] = None, **keywords: Any) -> Any:
        original: Any = super().makefile
        if "w" not in mode or "b" not in mode:
            return original(mode, buffering, **keywords)
        return original(mode, 0)


class DetachCloses(PassThrough):
    """detach closes the descriptor that it returns."""

    def detach(self) -> int:
        number = super().detach()
        if number >= 0:
            socket.socket(fileno=number).close()
        return number


class DupSharesDescriptor(PassThrough):
    """dup makes a second object for the same descriptor: closing one closes both."""

    def dup(self) -> Any:
        made = type(self)(self.family, self.type, self.proto, self.fileno())
        made.settimeout(self.gettimeout())
        return made


class CloseTwiceRaises(PassThrough):
    """Closing a closed socket is an error."""

    def close(self) -> None:
        if self.fileno() < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        super().close()


class CloseResets(PassThrough):
    """close aborts the connection: data under way is lost and the peer sees a reset."""

    def close(self) -> None:
        if self.fileno() >= 0 and self.type == socket.SOCK_STREAM:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().close()


class CloseNeverResets(PassThrough):
    """close ends the connection in good order even if SO_LINGER asks for a reset."""

    def close(self) -> None:
        if self.fileno() >= 0 and self.type == socket.SOCK_STREAM:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        super().close()


class DrainsBeforeClose(PassThrough):
    """close first reads what is left, so that the peer gets no reset for unread data."""

    def close(self) -> None:
        if self.fileno() >= 0 and self.type == socket.SOCK_STREAM:
            with contextlib.suppress(OSError, ValueError):
                self.setblocking(False)
                while super().recv(65536):
                    pass
        super().close()


class KeepsItsNumber(PassThrough):
    """fileno still returns the number after close."""

    _number = -1

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._number = super().fileno()

    def fileno(self) -> int:
        return self._number


class WithBlockLeavesOpen(PassThrough):
    """Leaving a with block does not close the socket."""

    def __exit__(self, *details: object) -> None:
        return


class GarbageStaysOpen(PassThrough):
    """A registry keeps every socket alive: one that is dropped is never closed."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        _LEAKED.append(self)


class FilenoDuplicates(PassThrough):
    """fileno returns the number of a duplicate, which close does not close."""

    _copy: Optional[socket.socket] = None

    def fileno(self) -> int:
        real = super().fileno()
        if real < 0:
            return real
        if self._copy is None:
            self._copy = socket.socket(fileno=os.dup(real))
        return self._copy.fileno()


class UsableAfterShutdown(PassThrough):
    """Sending after SHUT_WR is accepted and dropped."""

    _shut = False

    def shutdown(self, how: int, /) -> None:
        super().shutdown(how)
        self._shut = how != socket.SHUT_RD

    def send(self, data: Any, flags: int = 0, /) -> int:
        return memoryview(data).nbytes if self._shut else super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        if not self._shut:
            super().sendall(data, flags)


class ShutdownOfReadingDoesNothing(PassThrough):
    """Shutting down the reading side reports success and does nothing."""

    def shutdown(self, how: int, /) -> None:
        if how == socket.SHUT_RD:
            self.getpeername()
        else:
            super().shutdown(how)


class ClosedSocketsWait(PassThrough):
    """Sending and receiving on a closed socket wait for ever instead of failing."""

    def send(self, data: Any, flags: int = 0, /) -> int:
        _wait_if_closed(self)
        return super().send(data, flags)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        _wait_if_closed(self)
        return super().recv(size, flags)


def _wait_if_closed(sock: socket.socket) -> None:
    while sock.fileno() < 0:
        time.sleep(0.01)


class SecondCloseCutsFiles(PassThrough):
    """A second close closes the descriptor under the files made of the socket."""

    _closed_before = False

    def close(self) -> None:
        if self._closed_before and self.fileno() >= 0:
            socket.socket(fileno=self.detach()).close()
        self._closed_before = True
        super().close()
