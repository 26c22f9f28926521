"""Kills a thread in the middle of a call, which Python offers no way to do: pthread_cancel(3), through ctypes.

A thread is killed only while it is seen waiting in the call. Anywhere else it could be holding the interpreter's lock,
and then the whole process would stop. Nothing that belonged to the thread is given back, so this is for processes that
the harness kills in the end.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import threading
from collections.abc import Callable

from conformance.model.errors import Unsupported
from conformance.worker.waiting.probes import best_probe
from conformance.worker.waiting.watch import PROVEN, Watch


def kill_while_waiting(call: Callable[[], object], waits: frozenset[str]) -> None:
    """Makes a call in a new thread, and kills that thread once it waits in one of these system calls.

    Returns when the thread is gone. Unsupported where threads cannot be killed or cannot be seen waiting.
    """
    cancel = _canceller()
    probe, _ = best_probe()
    if probe.certainty != PROVEN or os.name != "posix":
        raise Unsupported("a thread is only killed where it can be proved to wait")
    began: list[int] = []
    ended: list[bool] = []
    identity = _thread.start_new_thread(_body, (call, began, ended))
    while not began:
        os.sched_yield()
    watch = Watch(probe, began[0], waits, 1.0)
    while watch.waiting() is None:
        if ended:
            raise Unsupported("the call came back, so that the thread could not be killed in it")
        os.sched_yield()
    cancel(identity)
    while os.path.exists(f"/proc/self/task/{began[0]}"):
        os.sched_yield()


def _canceller() -> Callable[[int], object]:
    """pthread_cancel() of this process. Unsupported where there is none."""
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        cancel = ctypes.CDLL(None).pthread_cancel
        cancel.argtypes = [ctypes.c_ulong]
        return lambda identity: cancel(identity)
    raise Unsupported("there is no pthread_cancel() here")


def _body(call: Callable[[], object], began: list[int], ended: list[bool]) -> None:
    began.append(threading.get_native_id())
    with contextlib.suppress(Exception):
        call()
    ended.append(True)
