"""The guard of a worker: a forked process that ends a worker whose controller is gone, and removes its folder.

It costs a fork and sleeps in poll(); it is what keeps ``kill -9`` of a run from leaving anything behind.
"""

from __future__ import annotations

import os
import select
import shutil
import signal

from conformance.worker.descriptors import close_all_but


def start(folder: str) -> None:
    """Forks the guard. It watches our standard input for a hang-up, and a pipe of which only we hold the end."""
    read, write = os.pipe()
    worker = os.getpid()
    if os.fork() != 0:
        os.close(read)
        return
    try:
        os.setsid()
        os.close(write)
        close_all_but(0, read)
        _watch(read, worker)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _watch(life: int, worker: int) -> None:
    """Returns when the worker is gone; ends it when its controller is."""
    poller = select.poll()
    poller.register(0, 0)
    poller.register(life, 0)
    while True:
        gone = {number for number, _ in poller.poll()}
        if life in gone:
            return
        poller.unregister(0)
        if poller.poll(2000):
            return
        if os.getppid() == worker:
            os.kill(worker, signal.SIGKILL)
