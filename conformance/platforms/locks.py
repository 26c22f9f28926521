"""Advisory locks that die with their process: setup and clean exclude everyone, users exclude only those."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.platforms.base import Report, SetupError


class Lock:
    """A lock on one file, held by at most one of: one exclusive holder, or any number of shared ones."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    def share(self) -> None:
        """Hold it with others; waits for an exclusive holder to end."""
        self._lock("LOCK_SH")

    def seize(self) -> None:
        """Hold it alone; waits for all others to end."""
        self._lock("LOCK_EX")

    def try_seize(self) -> bool:
        """Hold it alone if nobody else has it; on False nothing is held, not even a share held before."""
        try:
            self._lock("LOCK_EX", "LOCK_NB")
        except BlockingIOError:
            self._lock("LOCK_UN")
            return False
        return True

    def close(self) -> None:
        """Let it go; may be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _lock(self, *flags: str) -> None:
        if sys.platform == "win32":
            return  # nothing is shared there: only virtual environments are made
        import fcntl  # absent on Windows

        fcntl.flock(self._descriptor, sum(getattr(fcntl, flag) for flag in flags))


@contextmanager
def alone(path: Path, report: Report) -> Iterator[None]:
    """Hold the lock exclusively, saying so while others have to be waited for."""
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
    """Hold the lock exclusively, or raise `SetupError` at once if another run uses the platform `name`."""
    lock = Lock(path)
    try:
        if not lock.try_seize():
            raise SetupError(f"another run uses {name}", "let it end first")
        yield
    finally:
        lock.close()
