"""Proves that a thread waits in its own call: by the kernel's data about it, never by the clock alone.

``blocks: true`` needs more than silence, because a slow machine, a lock and a page fault are silent, too. On Linux the
kernel shows two things about a thread:

- ``/proc/PID/task/TID/syscall``: the system call it is in, with all arguments, or ``running``;
- ``/proc/PID/task/TID/schedstat``: the time it has run, the time it waited for a processor, and how often it was put
  on one.

A look (:class:`Look`) reads both. Two equal looks mean that the thread was in the same call with the same arguments
both times and did not run in between, so it has slept there all the time. If that call is one the adapter says it waits
in (``recvfrom``, ``poll``, …), or one the operation is declared to wait in, the wait is *proven*. The driver then asks
:mod:`settling` whether data may still be on its way, and looks once more after that.

Under Wine every wait is the same system call of Linux, so the probe also reads the thread's stack on the Windows side
(:mod:`wine_threads`). Anywhere else the call counts as waiting when it has not returned for a while: that is *bounded*.
A record says for each wait which probe saw it and how certain it is. A call that hangs is not proved to wait:
:meth:`Watch.whereabouts` names the call that the thread is in, whichever it is.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Optional, Protocol

from conformance.model.observation import Wait
from conformance.worker.waiting.system_calls import call_name

PROVEN, BOUNDED = "proven", "bounded"

_LARGEST = 4096
"""More bytes than a file has that the probe reads."""

WINDOW = 0.25
"""Seconds after which a call that has not returned counts as waiting, if there is only the clock; times the scale."""


@dataclass(frozen=True)
class Look:
    """The result of one look at a thread. Two equal looks mean that it did not run in between."""

    call: str
    arguments: str
    runs: str


class Probe(Protocol):
    """One way to see what a thread waits in."""

    name: str
    certainty: str

    def look(self, thread: int) -> Optional[Look]:
        """The call that the thread waits in; None if it runs or cannot be seen."""

    def cpu_seconds(self, thread: int) -> Optional[float]:
        """Processor time that the thread has used, in seconds; None if it cannot be seen."""


class ProcProbe:
    """Linux: the threads of one process as ``/proc`` shows them. ``tasks`` is the folder with a folder per thread."""

    name = "proc-syscall"
    certainty = PROVEN

    def __init__(self, calls: dict[int, str], tasks: str = "/proc/self/task") -> None:
        self._calls = calls
        self._tasks = tasks

    def of_process(self, pid: int) -> ProcProbe:
        """The same probe for the threads of another process."""
        return ProcProbe(self._calls, f"/proc/{pid}/task")

    def sees(self, thread: int) -> bool:
        """True if the kernel shows the thread's system calls and counts its runs (else schedstat reads ``0 0 0``)."""
        try:
            call, runs = self._read(thread, "syscall"), self._read(thread, "schedstat").split()
        except OSError:
            return False
        return bool(call) and len(runs) == 3 and runs[2] != "0"

    def look(self, thread: int) -> Optional[Look]:
        try:
            number, _, arguments = self._read(thread, "syscall").partition(" ")
            if not number.isdigit():
                return None
            runs = self._read(thread, "schedstat")
        except OSError:
            return None
        return Look(call_name(self._calls, int(number), arguments), arguments, runs)

    def cpu_seconds(self, thread: int) -> Optional[float]:
        try:
            return cpu_seconds(self._read(thread, "schedstat"))
        except OSError:
            return None

    def _read(self, thread: int, name: str) -> str:
        file = os.open(f"{self._tasks}/{thread}/{name}", os.O_RDONLY)
        try:
            return os.read(file, _LARGEST).decode("ascii")
        finally:
            os.close(file)


def cpu_seconds(schedstat: str) -> Optional[float]:
    """Processor time by the kernel's schedstat of a thread: its first number, in nanoseconds."""
    first = schedstat.split(maxsplit=1)[:1]
    return int(first[0]) / 1e9 if first and first[0].isdigit() else None


class WindowProbe:
    """Any system: shows that a call has not returned, but not what it waits in."""

    name = "window"
    certainty = BOUNDED

    def look(self, thread: int) -> Optional[Look]:
        return Look("a call", "", "")

    def cpu_seconds(self, thread: int) -> Optional[float]:
        return None


def probe_of_process(probe: Probe, pid: int, thread: int) -> Probe:
    """The surest probe that works for a thread of another process; ``probe`` is the one that works in this process."""
    if isinstance(probe, ProcProbe):
        other = probe.of_process(pid)
        if other.sees(thread):
            return other
    return WindowProbe()


class Watch:
    """Watches one call of one thread until it is proved to be waiting."""

    def __init__(self, probe: Probe, thread: int, waits: frozenset[str], scale: float) -> None:
        """``waits``: the system calls in which the call may wait."""
        self._probe, self._thread, self._waits = probe, thread, waits
        self._window = WINDOW * scale
        self._since = time.monotonic()
        self._cpu = probe.cpu_seconds(thread)
        self._last: Optional[Look] = None
        self._closer = False
        self.certainty = probe.certainty

    def waiting(self) -> Optional[Wait]:
        """How the call waits, if this look proves it; None if it does not, or not yet."""
        look = self._probe.look(self._thread)
        if look is None:
            self._last = None
            return None
        if self._probe.certainty == BOUNDED:
            over = time.monotonic() - self._since >= self._window
            return self._wait(look.call) if over else None
        same = look == self._last
        self._last = look
        if look.call not in self._waits:
            return None
        self._closer = not same
        return self._wait(look.call) if same else None

    def came_closer(self) -> bool:
        """True if the last look was the first that saw the thread in a call in which it may wait."""
        closer, self._closer = self._closer, False
        return closer

    def whereabouts(self) -> Optional[Wait]:
        """The call that the thread is in at this moment, whether or not it waits there; for calls that hang."""
        look = self._probe.look(self._thread)
        return self._wait(look.call) if look else None

    def elapsed(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._since

    def _wait(self, call: str) -> Wait:
        now = self._probe.cpu_seconds(self._thread)
        used = round(now - self._cpu, 6) if now is not None and self._cpu is not None else None
        return Wait(call, self._probe.name, self._probe.certainty, used)
