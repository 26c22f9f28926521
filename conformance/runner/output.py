"""The output of a worker: the lines of the protocol, and its last words on standard error.

Where the system can poll pipes, the thread that runs cells reads them itself. On Windows two threads read.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import subprocess
import threading
import time
from collections import deque
from typing import IO, Protocol

SLICE = 0.5
"""Seconds of silence after which a worker's process is looked at."""

_CHUNK = 1 << 16
_KEPT = 64
"""How many chunks of standard error are kept."""


class WorkerStopped(Exception):  # noqa: N818 (a state of the process)
    """The worker's process is stopped, as by SIGSTOP: it neither runs nor ends by itself."""


class Output(Protocol):
    """What a worker writes."""

    def line(self, seconds: float) -> bytes | None:
        """The next line of the protocol; None when there will be none. TimeoutError; WorkerStopped."""

    def last_words(self) -> str:
        """What the worker wrote to standard error, once its process has ended."""

    def close(self) -> None:
        """Closes the pipes. Only the thread that reads lines may call it."""


def output_of(process: subprocess.Popen[bytes]) -> Output:
    """The output of a process that was just started."""
    return Polled(process) if hasattr(select, "poll") else Threaded(process)


class Polled:
    """Reads both pipes in the thread that asks for a line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._streams = {process.stdout.fileno(): process.stdout, process.stderr.fileno(): process.stderr}
        self._stdout = process.stdout.fileno()
        self._poll = select.poll()
        for number in self._streams:
            self._poll.register(number, select.POLLIN)
        self._lines: deque[bytes] = deque()
        self._begun: list[bytes] = []
        self._errors: deque[bytes] = deque(maxlen=_KEPT)
        self._over = False

    def line(self, seconds: float) -> bytes | None:
        """The next line."""
        end = time.monotonic() + seconds
        while not self._lines and not self._over:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not self._read(min(left, SLICE)):
                self._look()
        return self._lines.popleft() if self._lines else None

    def _read(self, seconds: float) -> bool:
        """Takes what comes within some seconds; False if nothing comes."""
        ready = self._poll.poll(seconds * 1000)
        for number, _ in ready:
            piece = os.read(number, _CHUNK)
            if not piece:
                self._poll.unregister(number)
                self._over = self._over or number == self._stdout
            elif number == self._stdout:
                self._take(piece)
            else:
                self._errors.append(piece)
        return bool(ready)

    def _take(self, piece: bytes) -> None:
        """Cuts lines. A line without an end is never delivered: the worker ended while it wrote it."""
        *whole, rest = piece.split(b"\n")
        if whole:
            self._lines.append(b"".join((*self._begun, whole[0])))
            self._lines.extend(whole[1:])
            self._begun = []
        if rest:
            self._begun.append(rest)

    def _look(self) -> None:
        """Ends the reading if the process has ended: a process that it left behind may hold the pipes."""
        if self._process.poll() is not None:
            self._over = True
        elif stopped(self._process.pid):
            raise WorkerStopped

    def last_words(self) -> str:
        """What came to standard error, and what waits there."""
        with contextlib.suppress(OSError, ValueError):
            while self._read(0):
                pass
        return b"".join(self._errors).decode("utf-8", "replace")

    def close(self) -> None:
        """Closes both pipes."""
        for stream in self._streams.values():
            with contextlib.suppress(OSError):
                stream.close()


def stopped(pid: int) -> bool:
    """Whether a child process is stopped."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


class Threaded:
    """Reads each pipe in a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._errors: deque[bytes] = deque(maxlen=_KEPT)
        self._streams = (process.stdout, process.stderr)
        self._readers = [
            threading.Thread(target=self._read_lines, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def line(self, seconds: float) -> bytes | None:
        """The next line."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None

    def _read_lines(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in stream:
                if line.endswith(b"\n"):
                    self._lines.put(line[:-1])
        self._lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]  # a BufferedReader
                self._errors.append(chunk)

    def last_words(self) -> str:
        """What came to standard error."""
        self._readers[1].join(1.0)
        return b"".join(self._errors).decode("utf-8", "replace")

    def close(self) -> None:
        """Closes the pipes whose reader has ended; closing another would wait for the pipe's other end."""
        for reader, stream in zip(self._readers, self._streams):
            reader.join(1.0)
            if not reader.is_alive():
                with contextlib.suppress(OSError):
                    stream.close()
