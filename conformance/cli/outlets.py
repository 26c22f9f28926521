"""Standard output and standard error of all commands: writing to them never raises, and losses are remembered.

A reader that has read enough (``| head``) is no error, and must not change the exit status. Output that is lost for
another reason (a full disk, a closed descriptor) is one, even if the command itself succeeded.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_READER_IS_GONE = {errno.EPIPE, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
"""What a write to a pipe without a reader fails with; on Windows it is EINVAL."""


class Outlet(io.RawIOBase):
    """A raw stream that takes everything: after the first failed write it drops the rest."""

    def __init__(self, raw: io.RawIOBase | None, number: int) -> None:
        super().__init__()
        self._raw = raw
        self._number = number
        self._error: OSError | None = None

    @property
    def lost(self) -> str:
        """Why output was lost that somebody still waits for; '' if none was."""
        if self._error is None or self._error.errno in _READER_IS_GONE:
            return ""
        return self._error.strerror or str(self._error)

    def write(self, data: Any) -> int:
        """Writes what it can; what it cannot write counts as written."""
        if self._error is None:
            try:
                if self._raw is None:
                    raise OSError(errno.EBADF, "it is closed")
                return self._raw.write(data) or 0
            except OSError as error:
                self._error = error
        return memoryview(data).nbytes

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether a terminal is behind it."""
        return self._raw is not None and self._raw.isatty()

    def fileno(self) -> int:
        """The descriptor, which is the null device's where it was closed."""
        return self._number if self._raw is None else self._raw.fileno()


@contextlib.contextmanager
def outlets() -> Iterator[Outlet | None]:
    """Replaces both streams for the block; gives the outlet of standard output, None where a program captures it."""
    before = sys.stdout, sys.stderr
    _fill_closed_descriptors()
    (sys.stdout, outlet), (sys.stderr, _) = _replaced(sys.stdout, 1), _replaced(sys.stderr, 2)
    try:
        yield outlet
    finally:
        sys.stdout.flush()
        sys.stdout, sys.stderr = before


def _replaced(stream: TextIO | None, number: int) -> tuple[TextIO, Outlet | None]:
    """A stream over an outlet. It writes characters that the terminal's encoding lacks as escapes."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if stream is not None and not isinstance(raw, io.RawIOBase):
        return stream, None
    outlet = Outlet(raw, number)
    encoding = getattr(stream, "encoding", "utf-8")
    at_once = any(getattr(stream, name, False) for name in ("line_buffering", "write_through"))
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, "backslashreplace", line_buffering=at_once), outlet


def _fill_closed_descriptors() -> None:
    """Opens the null device where a standard descriptor is closed: the next file would get its number and output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
