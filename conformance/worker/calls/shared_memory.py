"""Memory that two processes share: plain bytes, and a ring over them through which one process sends to another.

Nothing waits for anything in shared memory, so both ends of the ring look at it again and again.
"""

from __future__ import annotations

import mmap
import os

from conformance.model.errors import Unsupported

_COUNTERS = 8
"""Bytes before the content: how many bytes were written into the ring, and how many were read."""
_WRAP = 1 << 32
"""Counters begin anew here; the size of a ring divides it."""


class SharedMemory:
    """Anonymous memory, which child processes share with their parent (mmap(), MAP_SHARED)."""

    def __init__(self, size: int) -> None:
        if not hasattr(os, "fork") or not hasattr(os, "sched_yield"):
            raise Unsupported("anonymous memory is shared by fork() only, which this system does not have")
        self._size = 1 << (size - 1).bit_length()
        self._pages = mmap.mmap(-1, _COUNTERS + self._size)
        self._counts = memoryview(self._pages)[:_COUNTERS].cast("I")
        self._closed = False

    def put(self, data: bytes) -> None:
        """Writes data to the start."""
        self._pages[_COUNTERS : _COUNTERS + len(data)] = data

    def get(self, size: int) -> bytes:
        """So many bytes from the start."""
        return self._pages[_COUNTERS : _COUNTERS + size]

    def send_all(self, data: bytes) -> None:
        """Writes data into the ring, as soon as there is room."""
        while data:
            room = self._size - self._unread()
            piece = data[: min(room, self._size - self._counts[0] % self._size)]
            if piece:
                start = _COUNTERS + self._counts[0] % self._size
                self._pages[start : start + len(piece)] = piece
                self._counts[0] = (self._counts[0] + len(piece)) % _WRAP
                data = data[len(piece) :]
            else:
                self._look_again()

    def receive(self, size: int) -> bytes:
        """Up to so many bytes from the ring, as soon as there are any."""
        while not self._unread():
            self._look_again()
        start = self._counts[1] % self._size
        end = min(start + min(size, self._unread()), self._size)
        data = self._pages[_COUNTERS + start : _COUNTERS + end]
        self._counts[1] = (self._counts[1] + end - start) % _WRAP
        return data

    def close(self) -> None:
        """Ends what looks at the ring. The memory itself goes with the object."""
        self._closed = True

    def _unread(self) -> int:
        return (self._counts[0] - self._counts[1]) % _WRAP

    def _look_again(self) -> None:
        if self._closed:
            raise OSError("the shared memory was closed")
        os.sched_yield()
