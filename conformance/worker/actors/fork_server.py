"""Where actors' processes come from: a nursery, forked when the worker starts, before it has any thread.

A process with threads must not fork if its child is to run Python (POSIX fork(): only async-signal-safe functions).
So the nursery, which never has one, forks on the worker's behalf, and descriptors travel to it. Each process has a
warden for a parent, which reports how it ended, and ends it when the worker is gone.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import traceback
from collections.abc import Callable
from typing import Any, Optional

from conformance.model.errors import HarnessError
from conformance.worker.actors.channel import Channel, pair
from conformance.worker.actors.descriptors import close_all_but

STATUS = struct.Struct("!i")
"""How a process ended, as a warden tells: an exit status, or the number of the signal, negative."""

SOFTWARE_FAILURE = 70
"""The exit status of a process in which the harness itself failed (EX_SOFTWARE)."""

Live = Callable[[Any, "list[int]", "Lineage"], None]
"""What a new process does with the message and the descriptors that it is given."""


class Lineage:
    """What every process of a worker must hold on to: the end of the worker's life line, and its own sign of life."""

    def __init__(self, line: int, sign: int = -1) -> None:
        self.line = line
        self.sign = sign

    def fork(self, status: int) -> bool:
        """Forks a warden, and that an actor's process, in which it returns True; False in the caller.

        The caller goes on when the warden has closed its copies of all that it inherited. ``status`` is the end of
        a pipe at which the warden will tell how the process ended.
        """
        ready, told = os.pipe()
        if os.fork() != 0:
            os.close(told)
            os.read(ready, 1)
            os.close(ready)
            return False
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        alive, sign = os.pipe()
        child = os.fork()
        if child == 0:
            for number in (ready, told, alive, status, *([self.sign] if self.sign >= 0 else [])):
                os.close(number)
            self.sign = sign
            return True
        close_all_but(self.line, alive, status)
        _keep(child, self.line, alive, status)
        return False


def _keep(child: int, line: int, alive: int, status: int) -> None:
    """A warden's life: waits for its process, which it ends when the worker is gone."""
    try:
        poller = select.poll()
        poller.register(line, 0)
        poller.register(alive, 0)
        if line in {number for number, _ in poller.poll()}:
            os.kill(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
        os.write(status, STATUS.pack(-os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)))
    finally:
        os._exit(0)


class Nursery:
    """The worker's end: asks for processes."""

    def __init__(self, control: Channel) -> None:
        self._control = control

    def fork(self, message: Any, descriptors: list[int]) -> None:
        """Has a process forked that is given this; the first of the descriptors is the warden's, for the status."""
        try:
            self._control.send(message, descriptors)
        except OSError as error:
            raise HarnessError(f"no process can be had any more: {error}") from None


def start(live: Live) -> Optional[Nursery]:
    """Forks the nursery from a worker that has no threads yet; None where there is no fork."""
    if not hasattr(os, "fork"):
        return None
    ours, theirs = pair()
    if os.fork() != 0:
        theirs.close()
        return Nursery(ours)
    try:
        _serve(live, theirs)
    finally:
        os._exit(1)


def _serve(live: Live, control: Channel) -> None:
    """Forks until the worker is gone. Wardens need not be waited for: SIGCHLD is ignored."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    close_all_but(0, 1, 2, control.fileno())
    while True:
        try:
            message, descriptors = control.receive()
        except (EOFError, OSError):
            os._exit(0)
        lineage = Lineage(control.fileno())
        if lineage.fork(descriptors[0]):
            _become(live, message, descriptors[1:], lineage)
        for number in descriptors:
            os.close(number)


def _become(live: Live, message: Any, descriptors: list[int], lineage: Lineage) -> None:
    """The life of a new process, whatever becomes of it."""
    try:
        live(message, descriptors, lineage)
    except BaseException:  # noqa: BLE001 (nothing may run on in the nursery's name)
        traceback.print_exc()
    finally:
        os._exit(SOFTWARE_FAILURE)
