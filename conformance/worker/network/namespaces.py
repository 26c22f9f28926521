"""Network namespaces: makes one, and lets a thread enter one by its descriptor."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TypeVar

CLONE_NEWNET = 0x40000000

T = TypeVar("T")


def join(descriptor: int) -> None:
    """Moves the calling thread, and no other, into a network namespace. OSError if that is not permitted."""
    if hasattr(os, "setns"):
        os.setns(descriptor, CLONE_NEWNET)
    else:
        _of_libc("setns", descriptor, CLONE_NEWNET)


def new_namespace() -> int:
    """Makes a network namespace. Returns the only descriptor that keeps it alive. OSError if that is not permitted."""
    return in_thread(_enter_new)


def _enter_new() -> int:
    if hasattr(os, "unshare"):
        os.unshare(CLONE_NEWNET)
    else:
        _of_libc("unshare", CLONE_NEWNET)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _of_libc(function: str, *arguments: int) -> None:
    """Calls a function of the C library that Python has only from 3.12 on."""
    import ctypes

    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def on_host(host: int, work: Callable[[], T]) -> T:
    """Returns or raises what ``work`` does in a new thread that has joined the host."""

    def visit() -> T:
        join(host)
        return work()

    return in_thread(visit)


def in_thread(work: Callable[[], T]) -> T:
    """Returns or raises what ``work`` does in a new thread: namespaces are entered per thread."""
    results: list[T] = []
    errors: list[Exception] = []

    def live() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 (raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
