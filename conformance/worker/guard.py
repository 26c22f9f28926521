"""The guard of a worker: a forked process that ends a worker whose controller is gone, and puts away what that leaves.

It costs a fork and sleeps in poll(); it is what keeps ``kill -9`` of a run from leaving anything behind: a folder, and
connections that wait for an answer and hold their hosts meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
from collections.abc import Sequence

from conformance.worker.actors.channel import Channel, pair
from conformance.worker.actors.descriptors import close_all_but
from conformance.worker.network.destroy import destroy_sockets
from conformance.worker.network.namespaces import on_host


class Guard:
    """The worker's end of what its guard listens to."""

    def __init__(self, line: Channel) -> None:
        self._line = line

    def watch_over(self, hosts: Sequence[int]) -> None:
        """Says which hosts, by their namespaces, the current cell has of its own."""
        with contextlib.suppress(OSError):  # a guard that is gone guards nothing
            self._line.send(None, hosts)


def start(folder: str) -> Guard:
    """Forks the guard. It watches our standard input for a hang-up, and a line of which only we hold the other end."""
    theirs, ours = pair()
    worker = os.getpid()
    if os.fork() != 0:
        theirs.close()
        return Guard(ours)
    hosts: list[int] = []
    try:
        os.setsid()
        close_all_but(0, theirs.fileno())
        _watch(theirs, worker, hosts)
        for host in hosts:
            with contextlib.suppress(OSError):
                on_host(host, destroy_sockets)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _watch(line: Channel, worker: int, hosts: list[int]) -> None:
    """Returns when the worker is gone; ends it when its controller is. Keeps ``hosts`` as the worker says."""
    poller = select.poll()
    poller.register(0, 0)
    poller.register(line.fileno(), select.POLLIN)
    patience = None
    while True:
        ready = {number for number, _ in poller.poll(patience)}
        if line.fileno() in ready:
            if not _listen(line, hosts):
                return
        elif 0 in ready:
            poller.unregister(0)
            patience = 2000
        elif os.getppid() == worker:
            os.kill(worker, signal.SIGKILL)


def _listen(line: Channel, hosts: list[int]) -> bool:
    """Takes in what hosts there are now; False where the worker is gone."""
    try:
        _, told = line.receive()
    except (EOFError, OSError):
        return False
    for number in hosts:
        os.close(number)
    hosts[:] = told
    return True
