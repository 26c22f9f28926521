"""The fork server: a process that forks actors' processes for the worker.

A process with threads must not fork a child that runs Python (POSIX, fork(): only async-signal-safe functions), and a
worker has threads. So the worker forks a *fork server* when it starts, before it has any, and never forks again:

    worker ──(spawn request, descriptors)──▶ fork server ──fork──▶ supervisor ──fork──▶ actor's process

- A :class:`spawn request <conformance.worker.actors.process_main.SpawnRequest>` and copies of the descriptors that the
  new process needs travel to the fork server over a stream of AF_UNIX.
- The *supervisor* is the parent of one actor's process. It waits for that process and writes how it ended, an exit
  status or a signal, to a pipe that the worker reads. Only a parent can know that.
- The supervisor also watches the worker's *life line*: the stream between worker and fork server, of which only the
  worker holds the other end. When the worker is gone, however it ended, the stream hangs up, the supervisor kills the
  actor's process, and the fork server ends.
- A supervisor learns that its process is gone from a pipe of which only that process holds the writing end, so that it
  can wait for both events in one poll(). A process that forks in a scenario does so through the same function, so its
  children have supervisors, too.
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
"""How a process ended, as a supervisor reports it: its exit status, or the negative number of the signal."""

SOFTWARE_FAILURE = 70
"""The exit status of a process in which the harness itself failed (EX_SOFTWARE)."""

Live = Callable[[Any, "list[int]", "LifeLines"], None]
"""The life of a new process, given the spawn request and the descriptors that came with it."""


class LifeLines:
    """The descriptors by which a process is watched. ``worker``: hangs up when the worker is gone. ``own``: a pipe that
    hangs up when this process is gone; -1 in the fork server.
    """

    def __init__(self, worker: int, own: int = -1) -> None:
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
            for number in (ready, done, alive, status, *([self.own] if self.own >= 0 else [])):
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
        _, ended = os.waitpid(child, 0)
        os.write(status, STATUS.pack(-os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)))
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


def start(live: Live) -> Optional[ForkServer]:
    """Forks the fork server from a worker that has no threads yet; None if the system has no fork."""
    if not hasattr(os, "fork"):
        return None
    ours, theirs = pair()
    if os.fork() != 0:
        theirs.close()
        return ForkServer(ours)
    try:
        _serve(live, theirs)
    finally:
        os._exit(1)


def _serve(live: Live, control: Channel) -> None:
    """Forks until the worker is gone. Nobody waits for supervisors, because SIGCHLD is ignored."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    close_all_but(0, 1, 2, control.fileno())
    while True:
        try:
            request, descriptors = control.receive()
        except (EOFError, OSError):
            os._exit(0)
        lines = LifeLines(control.fileno())
        if lines.fork(descriptors[0]):
            _run(live, request, descriptors[1:], lines)
        for number in descriptors:
            os.close(number)


def _run(live: Live, request: Any, descriptors: list[int], lines: LifeLines) -> None:
    """Runs a new process to its end, also if ``live`` raises or returns."""
    try:
        live(request, descriptors, lines)
    except BaseException:  # noqa: BLE001 (the new process must not go on as a fork server)
        traceback.print_exc()
    finally:
        os._exit(SOFTWARE_FAILURE)
