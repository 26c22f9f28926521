"""Joining a host: the calling thread enters the network namespace that a descriptor holds."""

from __future__ import annotations

import os

from conformance.model.errors import HarnessError

CLONE_NEWNET = 0x40000000


def join(descriptor: int) -> None:
    """Puts the calling thread, and only it, into a network namespace."""
    if hasattr(os, "setns"):
        os.setns(descriptor, CLONE_NEWNET)
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise HarnessError(f"setns failed: {os.strerror(number)}")
