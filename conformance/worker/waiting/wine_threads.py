"""Wine on Linux: the kernel's data about a thread of Windows, and the call that the thread waits in.

A thread that waits for anything of Windows makes one system call: it reads a wake-up from the Wine server (Wine 10,
ntdll/unix/server.c, wait_select_reply). It does so in recv, in a lock and asleep; the stack shows which.
"""

from __future__ import annotations

import ctypes
import socket
import threading
import time
from typing import Optional

from conformance.worker.waiting.system_calls import SYSTEM_CALLS, call_name
from conformance.worker.waiting.watch import PROVEN, Look, cpu_seconds
from conformance.worker.waiting.wine_stack import Stacks
from conformance.worker.waiting.wine_traffic import HostFile, library

_CALLS = SYSTEM_CALLS["x86_64"]
_WAKE_UP = "0x10"
"""The size of a wake-up (Wine 10, server/protocol.def, struct wake_up_reply); other replies are longer."""

_VERSIONS = (b"10.0",)
"""The versions of Wine whose way of waiting we know."""

_TRIAL_SECONDS = 2.0


class WineProbe:
    """Sees the threads of this process. OSError if the probe cannot be made."""

    name = "wine-stack"
    certainty = PROVEN

    def __init__(self) -> None:
        self._stacks = Stacks()
        self._threads: dict[int, _Thread] = {}
        main = threading.main_thread().native_id or 0
        self._process = str(self._stacks.kernel_id(self._stacks.teb(main)))

    def look(self, thread: int) -> Optional[Look]:
        try:
            known = self._thread(thread)
            before = known.state()
            call = self._call(known, *before[:2])
            after = known.state()
        except OSError:
            self._forget(thread)
            return None
        return Look(call, before[1], before[2]) if call and before == after else None

    def cpu_seconds(self, thread: int) -> Optional[float]:
        try:
            return cpu_seconds(self._thread(thread).state()[2])
        except OSError:
            self._forget(thread)
            return None

    def _call(self, known: _Thread, number: str, arguments: str) -> str:
        """The call that the thread waits in; empty while it runs. A call of Linux is never taken for one of Windows."""
        if not number.isdigit():
            return ""
        name = call_name(_CALLS, int(number), arguments)
        if name == "read" and arguments.split()[2] == _WAKE_UP:
            return self._stacks.call(known.teb)
        return f"{name} of the host"

    def _thread(self, thread: int) -> _Thread:
        if thread not in self._threads:
            for gone in [each for each, known in self._threads.items() if not known.alive()]:
                self._forget(gone)
            teb = self._stacks.teb(thread)
            self._threads[thread] = _Thread(teb, self._process, "task", str(self._stacks.kernel_id(teb)))
        return self._threads[thread]

    def _forget(self, thread: int) -> None:
        """Drops a thread: ids are used again, but an open file stays with the thread that it was opened for."""
        known = self._threads.pop(thread, None)
        if known is not None:
            known.close()


class _Thread:
    """One thread: its environment block, and its files in /proc."""

    def __init__(self, teb: int, *folder: str) -> None:
        self.teb = teb
        self._syscall = HostFile(*folder, "syscall")
        self._schedstat = HostFile(*folder, "schedstat")

    def state(self) -> tuple[str, str, str]:
        """Number and arguments of the system call, and how often the thread ran. OSError if the thread is gone."""
        number, _, arguments = self._syscall.read().partition(" ")
        return number, arguments, self._schedstat.read()

    def alive(self) -> bool:
        """True while the thread exists."""
        try:
            return bool(self.state()[0])
        except OSError:
            return False

    def close(self) -> None:
        """Closes the files."""
        self._syscall.close()
        self._schedstat.close()


def wine_probe() -> Optional[WineProbe]:
    """The probe, if it sees a thread of ours wait in recv; None if not, or if this is another version of Wine."""
    version = library("ntdll").wine_get_version
    version.restype = ctypes.c_char_p
    if version() not in _VERSIONS:
        return None
    probe = WineProbe()
    return probe if _sees_recv(probe) else None


def _sees_recv(probe: WineProbe) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=sock.recv, args=(1,), daemon=True)
        thread.start()
        deadline, seen = time.monotonic() + _TRIAL_SECONDS, False
        while not seen and time.monotonic() < deadline:
            look = probe.look(thread.native_id or 0)
            seen = look is not None and look.call == "recv"
            time.sleep(0.0005)  # between two looks at another thread; no event could wake us
        sock.sendto(b"", sock.getsockname())
        thread.join(_TRIAL_SECONDS)
    return seen
