"""The watchdog: a forked process that ends a worker whose controller is gone, and removes what the worker leaves.

It costs one fork and sleeps in poll(). Without it, ``kill -9`` of a run would leave folders behind, and connections
that wait for an answer and keep their hosts alive in the meantime.
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


class Watchdog:
    """The worker's end of the channel to its watchdog."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def watch_over(self, hosts: Sequence[int]) -> None:
        """Sends the namespaces of the hosts that belong to the current cell; the watchdog cleans them up if need be."""
        with contextlib.suppress(OSError):  # the watchdog is gone
            self._channel.send(None, hosts)


def start(folder: str) -> Watchdog:
    """Forks the watchdog. Its poll() sees when standard input hangs up, and when the worker closes the channel."""
    theirs, ours = pair()
    worker = os.getpid()
    if os.fork() != 0:
        theirs.close()
        return Watchdog(ours)
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


def _watch(channel: Channel, worker: int, hosts: list[int]) -> None:
    """Returns when the worker is gone, and kills it when the controller is. Keeps the worker's hosts in ``hosts``."""
    poller = select.poll()
    poller.register(0, 0)
    poller.register(channel.fileno(), select.POLLIN)
    patience = None
    while True:
        ready = {number for number, _ in poller.poll(patience)}
        if channel.fileno() in ready:
            if not _listen(channel, hosts):
                return
        elif 0 in ready:
            poller.unregister(0)
            patience = 2000
        elif os.getppid() == worker:
            os.kill(worker, signal.SIGKILL)


def _listen(channel: Channel, hosts: list[int]) -> bool:
    """Reads the current hosts; False if the worker is gone."""
    try:
        _, received = channel.receive()
    except (EOFError, OSError):
        return False
    for number in hosts:
        os.close(number)
    hosts[:] = received
    return True
