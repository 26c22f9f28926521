"""The fork server: a process that forks actors' processes for the worker.

A process with threads must not fork a child that runs Python (POSIX, fork(): only async-signal-safe functions), and a
worker has threads. So the worker forks a *fork server* when it starts, before it has any, and never forks again:

    worker ──(spawn request, descriptors)──▶ fork server ──fork──▶ actor's process ──fork──▶ supervisor ──fork──▶ child

- A :class:`spawn request <conformance.worker.actors.process_main.SpawnRequest>` and copies of the descriptors that the
  new process needs travel to the fork server over a stream of AF_UNIX.
- The *supervisor* of an actor's process is its parent. It waits for that process and writes how it ended, an exit
  status or a signal, to a pipe that the worker reads. Only a parent can know that. The fork server is the supervisor
  of the processes that it forks. A child that a process forks in a scenario gets a supervisor of its own.
- A supervisor also watches the worker's *life line*: the stream between worker and fork server, of which only the
  worker holds the other end. When the worker is gone, however it ended, the stream hangs up, and the supervisor kills
  its processes and ends.
- A supervisor learns that a process is gone from a pipe of which only that process holds the writing end, so that it
  can wait for all events in one poll().
"""

from __future__ import annotations

import contextlib
import gc
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
"""How a process ended, as a supervisor reports it: its exit status, or the negative number of the signal."""

SOFTWARE_FAILURE = 70
"""The exit status of a process in which the harness itself failed (EX_SOFTWARE)."""

Live = Callable[[Any, "list[int]", "LifeLines"], None]
"""The life of a new process, given the spawn request and the descriptors that came with it."""


class LifeLines:
    """The descriptors by which a process is watched. ``worker``: hangs up when the worker is gone. ``own``: a pipe that
    hangs up when this process is gone.
    """

    def __init__(self, worker: int, own: int) -> None:
        self.worker = worker
        self.own = own

    def fork(self, status: int) -> bool:
        """Forks a supervisor, which forks the new process. Returns True in the new process, False in the caller.

        The caller goes on when the supervisor has closed its copies of all other descriptors. ``status``: the end of a
        pipe to which the supervisor writes how the process ended.
        """
        ready, done = os.pipe()
        if os.fork() != 0:
            os.close(done)
            os.read(ready, 1)
            os.close(ready)
            return False
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        alive, own = os.pipe()
        child = os.fork()
        if child == 0:
            for number in (ready, done, alive, status, self.own):
                os.close(number)
            self.own = own
            return True
        close_all_but(self.worker, alive, status)
        _supervise(child, self.worker, alive, status)
        return False


def _supervise(child: int, worker: int, alive: int, status: int) -> None:
    """The life of a supervisor: waits for its process, and kills it when the worker is gone."""
    try:
        poller = select.poll()
        poller.register(worker, 0)
        poller.register(alive, 0)
        if worker in {number for number, _ in poller.poll()}:
            os.kill(child, signal.SIGKILL)
        _report(child, status)
    finally:
        os._exit(0)


class ForkServer:
    """The worker's end of the stream to its fork server."""

    def __init__(self, control: Channel) -> None:
        self._control = control

    def fork(self, request: Any, descriptors: list[int]) -> None:
        """Starts a process. The first descriptor is for the status, the process gets the others with the request."""
        try:
            self._control.send(request, descriptors)
        except OSError as error:
            raise HarnessError(f"no more processes can be started: {error}") from None


def start(live: Live, prepare: Callable[[Any], None] = lambda request: None) -> Optional[ForkServer]:
    """Forks the fork server from a worker that has no threads yet; None if the system has no fork.

    ``prepare`` is called with each spawn request before the fork: what it caches, later processes have, too.
    """
    if not hasattr(os, "fork"):
        return None
    ours, theirs = pair()
    if os.fork() != 0:
        theirs.close()
        return ForkServer(ours)
    try:
        _Server(live, prepare, theirs).serve()
    finally:
        os._exit(1)


class _Server:
    """The fork server itself, and the processes that it supervises."""

    def __init__(self, live: Live, prepare: Callable[[Any], None], control: Channel) -> None:
        self._live, self._prepare, self._control = live, prepare, control
        self._processes: dict[int, tuple[int, int]] = {}
        """By the pipe that hangs up when a process is gone: its id, and the pipe for its status."""
        self._poller = select.poll()
        self._poller.register(control.fileno(), select.POLLIN)

    def serve(self) -> None:
        """Forks until the worker is gone."""
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        close_all_but(0, 1, 2, self._control.fileno())
        gc.collect()
        gc.freeze()  # else the first collection in a new process would write to nearly every page, and copy it
        while True:
            for number, _ in self._poller.poll():
                if number == self._control.fileno():
                    self._fork()
                else:
                    self._bury(number)

    def _fork(self) -> None:
        try:
            request, (status, *descriptors) = self._control.receive()
        except (EOFError, OSError):
            for process, _ in self._processes.values():
                os.kill(process, signal.SIGKILL)
            os._exit(0)
        self._prepare(request)
        alive, own = os.pipe()
        process = os.fork()
        if process == 0:
            os.setsid()
            _run(self._live, request, descriptors, LifeLines(self._control.fileno(), own))
        for number in (own, *descriptors):
            os.close(number)
        self._processes[alive] = process, status
        self._poller.register(alive, 0)

    def _bury(self, alive: int) -> None:
        """Reports how a process ended."""
        process, status = self._processes.pop(alive)
        self._poller.unregister(alive)
        _report(process, status)
        for number in (alive, status):
            os.close(number)


def _report(process: int, status: int) -> None:
    """Waits for the end of a process, and writes how it ended."""
    _, ended = os.waitpid(process, 0)
    code = -os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)
    with contextlib.suppress(OSError):  # nobody wants to know any more
        os.write(status, STATUS.pack(code))


def _run(live: Live, request: Any, descriptors: list[int], lines: LifeLines) -> None:
    """Runs a new process to its end, also if ``live`` raises or returns."""
    try:
        live(request, descriptors, lines)
    except BaseException:  # noqa: BLE001 (the new process must not go on as a fork server)
        traceback.print_exc()
    finally:
        os._exit(SOFTWARE_FAILURE)
