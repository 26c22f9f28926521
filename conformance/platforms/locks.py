"""Advisory locks that end with their process. Setup and clean hold one alone; runs share it with each other."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.platforms.base import Report, SetupError

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of flock on file systems without locks: every lock is then granted."""


class Lock:
    """A lock on one file. Either one holder has it alone, or any number of holders share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    def share(self) -> None:
        """Share the lock; waits while somebody holds it alone."""
        self._lock("LOCK_SH")

    def seize(self) -> None:
        """Take the lock alone; waits for all other holders."""
        self._lock("LOCK_EX")

    def try_seize(self) -> bool:
        """Take the lock alone if nobody else has it. On False nothing is held, not even an earlier share."""
        try:
            self._lock("LOCK_EX", "LOCK_NB")
        except BlockingIOError:
            self._lock("LOCK_UN")
            return False
        return True

    def close(self) -> None:
        """Release the lock; may be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _lock(self, *flags: str) -> None:
        if sys.platform == "win32":
            return  # on Windows only virtual environments are made, which nobody shares
        import fcntl  # absent on Windows

        try:
            fcntl.flock(self._descriptor, sum(getattr(fcntl, flag) for flag in flags))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise


@contextmanager
def alone(path: Path, report: Report) -> Iterator[None]:
    """Hold the lock alone during the block; reports when it has to wait for others."""
    lock = Lock(path)
    try:
        if not lock.try_seize():
            report(f"waiting for another run that holds {path.name}")
            lock.seize()
        yield
    finally:
        lock.close()


@contextmanager
def alone_or_refused(path: Path, name: str) -> Iterator[None]:
    """Hold the lock alone during the block. `SetupError` at once if another run uses the platform `name`."""
    lock = Lock(path)
    try:
        if not lock.try_seize():
            raise SetupError(f"another run uses {name}", "let it end first")
        yield
    finally:
        lock.close()
