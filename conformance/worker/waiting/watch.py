"""Is a thread waiting in its own call? Proved by the kernel's own word where it gives one, never by the clock alone.

On Linux ``/proc/self/task/TID/syscall`` names the call with its arguments, and ``schedstat`` counts how often the
thread ran: the same line twice, without a run in between, in a call that the adapter waits in, is a proof.
Under Wine the thread's stack is seen as well (`wine_waiting`). Elsewhere a bounded window has to do, and the record
says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Optional, Protocol

from conformance.model.observation import Wait

PROVEN, BOUNDED = "proven", "bounded"

WINDOW = 0.25
"""Seconds for which a call must not have come back where only the clock can tell; scaled to the host's speed."""

_X86_64 = {
    0: "read", 1: "write", 3: "close", 7: "poll", 19: "readv", 20: "writev", 23: "select", 40: "sendfile",
    42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 61: "wait4",
    202: "futex", 232: "epoll_wait", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4",
    441: "epoll_pwait2",
}  # fmt: skip
_GENERIC = {
    22: "epoll_pwait", 57: "close", 63: "read", 64: "write", 65: "readv", 66: "writev", 71: "sendfile",
    72: "pselect6", 73: "ppoll", 98: "futex", 202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom",
    211: "sendmsg", 212: "recvmsg", 242: "accept4", 260: "wait4", 441: "epoll_pwait2",
}  # fmt: skip
_S390X = {
    3: "read", 4: "write", 6: "close", 142: "select", 145: "readv", 146: "writev", 168: "poll", 187: "sendfile",
    238: "futex", 250: "epoll_wait", 301: "pselect6", 302: "ppoll", 312: "epoll_pwait", 362: "connect",
    364: "accept4", 369: "sendto", 370: "sendmsg", 371: "recvfrom", 372: "recvmsg", 441: "epoll_pwait2",
}  # fmt: skip
SYSTEM_CALLS = {"x86_64": _X86_64, "aarch64": _GENERIC, "riscv64": _GENERIC, "s390x": _S390X}
"""The calls that a thread may wait in, by machine and number (arch/*/entry/syscalls and asm-generic/unistd.h)."""


@dataclass(frozen=True)
class Look:
    """What one look at a thread showed. Two equal looks mean that it did not run in between."""

    call: str
    arguments: str
    runs: str


class Probe(Protocol):
    """One way to see what a thread waits in."""

    name: str
    certainty: str

    def look(self, thread: int) -> Optional[Look]:
        """What the thread waits in; None while it runs, or where it cannot be seen."""

    def cpu_seconds(self, thread: int) -> Optional[float]:
        """Processor time that the thread has used, in seconds; None where it cannot be seen."""


class ProcProbe:
    """Linux: the kernel's account of a thread, of this process unless told otherwise."""

    name = "proc-syscall"
    certainty = PROVEN

    def __init__(self, calls: dict[int, str], process: str = "self") -> None:
        self._calls = calls
        self._tasks = f"/proc/{process}/task"

    def of_process(self, pid: int) -> ProcProbe:
        """The same, for the threads of another process."""
        return ProcProbe(self._calls, str(pid))

    def sees(self, thread: int) -> bool:
        """Whether the kernel lets us look at a thread at all."""
        try:
            with open(f"{self._tasks}/{thread}/syscall", "rb") as file:
                return bool(file.read())
        except OSError:
            return False

    def look(self, thread: int) -> Optional[Look]:
        try:
            with open(f"{self._tasks}/{thread}/syscall", "rb") as file:
                number, _, arguments = file.read().decode("ascii").partition(" ")
            with open(f"{self._tasks}/{thread}/schedstat", "rb") as file:
                runs = file.read().decode("ascii")
        except OSError:
            return None
        if not number.isdigit():
            return None
        return Look(self._calls.get(int(number), f"system call {number}"), arguments, runs)

    def cpu_seconds(self, thread: int) -> Optional[float]:
        try:
            with open(f"{self._tasks}/{thread}/schedstat", "rb") as file:
                return cpu_seconds(file.read().decode("ascii"))
        except OSError:
            return None


def cpu_seconds(schedstat: str) -> Optional[float]:
    """Processor time in what the kernel says of a thread: its first number, in nanoseconds."""
    first = schedstat.split(maxsplit=1)[:1]
    return int(first[0]) / 1e9 if first and first[0].isdigit() else None


class WindowProbe:
    """Anywhere: the call has not come back for a while. Says what was called, not what it waits in."""

    name = "window"
    certainty = BOUNDED

    def look(self, thread: int) -> Optional[Look]:
        return Look("a call", "", "")

    def cpu_seconds(self, thread: int) -> Optional[float]:
        return None


def probe_of_process(probe: Probe, pid: int, thread: int) -> Probe:
    """The surest probe that works for a thread of another process, given the one that works here."""
    if isinstance(probe, ProcProbe):
        other = probe.of_process(pid)
        if other.sees(thread):
            return other
    return WindowProbe()


class Watch:
    """Watches one call of one thread until it is proved waiting."""

    def __init__(self, probe: Probe, thread: int, waits: frozenset[str], scale: float) -> None:
        self._probe, self._thread, self._waits = probe, thread, waits
        self._window = WINDOW * scale
        self._since = time.monotonic()
        self._cpu = probe.cpu_seconds(thread)
        self._last: Optional[Look] = None

    def waiting(self) -> Optional[Wait]:
        """How the call is waiting, if this look proves it; ask again later if not."""
        look = self._probe.look(self._thread)
        if look is None:
            self._last = None
            return None
        if self._probe.certainty == BOUNDED:
            over = time.monotonic() - self._since >= self._window
            return self._wait(look.call) if over else None
        same = look == self._last
        self._last = look
        return self._wait(look.call) if same and look.call in self._waits else None

    def whereabouts(self) -> Optional[Wait]:
        """Where the thread is just now, proved or not; for calls that hang."""
        look = self._probe.look(self._thread)
        return self._wait(look.call) if look else None

    def elapsed(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._since

    def _wait(self, call: str) -> Wait:
        now = self._probe.cpu_seconds(self._thread)
        used = round(now - self._cpu, 6) if now is not None and self._cpu is not None else None
        return Wait(call, self._probe.name, self._probe.certainty, used)
