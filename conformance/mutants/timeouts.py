"""Bugs with timeouts and blocking mode."""

from __future__ import annotations

import errno
import socket
from typing import Any, Optional

from conformance.mutants.correct import PassThrough


class TimeoutLostAfterUse(PassThrough):
    """The timeout holds for the first recv only."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        finally:
            if self.gettimeout():
                self.settimeout(None)


class AcceptIgnoresTimeout(PassThrough):
    """accept waits for ever, whatever the timeout."""

    def accept(self) -> tuple[socket.socket, Any]:
        before = self.gettimeout()
        if before:
            self.settimeout(None)
        try:
            return super().accept()
        finally:
            self.settimeout(before)


class RecvIgnoresTimeout(PassThrough):
    """recv waits for ever, whatever the timeout."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        before = self.gettimeout()
        if before:
            self.settimeout(None)
        try:
            return super().recv(size, flags)
        finally:
            if before:
                self.settimeout(before)


class ConnectIgnoresTimeout(PassThrough):
    """connect waits as long as the system lets it, whatever the timeout."""

    def connect(self, address: Any, /) -> None:
        before = self.gettimeout()
        if before:
            self.settimeout(None)
        try:
            super().connect(address)
        finally:
            self.settimeout(before)


class ZeroMeansNoTimeout(PassThrough):
    """settimeout(0) removes the timeout instead of making the socket non-blocking."""

    def settimeout(self, seconds: Optional[float], /) -> None:
        super().settimeout(seconds or None)


class IgnoresSetblocking(PassThrough):
    """setblocking(False) has no effect."""

    def setblocking(self, flag: bool, /) -> None:
        if flag:
            super().setblocking(flag)


class TimeoutTakenForWouldBlock(PassThrough):
    """A timeout is raised as EAGAIN."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except socket.timeout:
            raise BlockingIOError(errno.EAGAIN, "timed out") from None


class WouldBlockTakenForTimeout(PassThrough):
    """A recv that would block is raised as a timeout."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except BlockingIOError:
            raise socket.timeout("timed out") from None


class AcceptedInheritsTimeout(PassThrough):
    """An accepted socket has its listener's timeout, and is non-blocking if the listener is."""

    def accept(self) -> tuple[socket.socket, Any]:
        made, address = super().accept()
        made.settimeout(self.gettimeout())
        return made, address


class TimeoutInMilliseconds(PassThrough):
    """The argument of settimeout is taken for milliseconds."""

    _given: Optional[float] = None

    def settimeout(self, seconds: Optional[float], /) -> None:
        self._given = seconds
        super().settimeout(seconds / 1000 if seconds else seconds)

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(None if flag else 0.0)

    def gettimeout(self) -> Optional[float]:
        return self._given


class WholeSecondsOnly(PassThrough):
    """Timeouts are cut to whole seconds, so that a short one makes the socket non-blocking."""

    def settimeout(self, seconds: Optional[float], /) -> None:
        super().settimeout(None if seconds is None else int(seconds))


class DupForgetsTimeout(PassThrough):
    """A duplicate starts without the timeout."""

    def dup(self) -> Any:
        made = super().dup()
        if made.gettimeout():
            made.settimeout(None)
        return made


class ConnectLeavesNonBlocking(PassThrough):
    """connect switches to non-blocking for its own use, and does not switch back."""

    def connect(self, address: Any, /) -> None:
        super().connect(address)
        if self.gettimeout() is None:
            self.setblocking(False)


class TimeoutSetsBlocking(PassThrough):
    """A failed non-blocking recv leaves the socket blocking."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except BlockingIOError:
            self.setblocking(True)
            raise


class TimeoutPerChunk(PassThrough):
    """sendall applies the whole timeout to each send."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view, flags) :]


class AcceptWouldBlockTimesOut(PassThrough):
    """A non-blocking accept without a client fails with ETIMEDOUT."""

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except BlockingIOError:
            raise TimeoutError(errno.ETIMEDOUT, "timed out") from None


class DatagramWouldBlockTimesOut(PassThrough):
    """A non-blocking receive of a datagram that is not there fails with ETIMEDOUT."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return super().recv(size, flags)
        except BlockingIOError as error:
            raise self._mistaken(error) from None

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        try:
            return super().recvfrom(size, flags)
        except BlockingIOError as error:
            raise self._mistaken(error) from None

    def _mistaken(self, error: OSError) -> OSError:
        return TimeoutError(errno.ETIMEDOUT, "timed out") if self.type == socket.SOCK_DGRAM else error


class DefaultTimeoutNotApplied(PassThrough):
    """gettimeout returns the default timeout, but no call obeys it."""

    _claimed: Optional[float] = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._claimed = super().gettimeout()
        if self._claimed:
            super().settimeout(None)

    def settimeout(self, seconds: Optional[float], /) -> None:
        self._claimed = None
        super().settimeout(seconds)

    def gettimeout(self) -> Optional[float]:
        return self._claimed or super().gettimeout()


class BlockingReadIntoRaises(PassThrough):
    """Receiving with an address, or into a buffer, never waits: a blocking socket raises EAGAIN."""

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        return super().recvfrom(size, flags | self._impatient())

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(buffer, nbytes, flags | self._impatient())

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        return super().recvfrom_into(buffer, nbytes, flags | self._impatient())

    def _impatient(self) -> int:
        return getattr(socket, "MSG_DONTWAIT", 0) if self.gettimeout() is None else 0


class AbandonedAcceptTakesNext(PassThrough):
    """An accept that timed out continues in the background: it takes the next connection and drops it."""

    _abandoned = False

    def accept(self) -> tuple[socket.socket, Any]:
        if self._abandoned:
            self._abandoned = False
            super().accept()[0].close()
        try:
            return super().accept()
        except socket.timeout:
            self._abandoned = True
            raise
