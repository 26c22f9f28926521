"""Joining a host: a thread enters the network namespace that a descriptor holds."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TypeVar

CLONE_NEWNET = 0x40000000

T = TypeVar("T")


def join(descriptor: int) -> None:
    """Puts the calling thread, and only it, into a network namespace. OSError where that is not permitted."""
    if hasattr(os, "setns"):
        os.setns(descriptor, CLONE_NEWNET)
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def on_host(host: int, work: Callable[[], T]) -> T:
    """What ``work`` returns or raises in a thread of its own that has joined the host."""
    results: list[T] = []
    errors: list[Exception] = []

    def live() -> None:
        try:
            join(host)
            results.append(work())
        except Exception as error:  # noqa: BLE001 (it is raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
