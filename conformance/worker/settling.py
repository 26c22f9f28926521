"""Has the network come to rest? A packet still under way must not be taken for one that never came.

Loopback and veth hand packets over through a queue per processor; Linux counts what is left in them. Bytes that TCP
holds back (Nagle, a closed window) are counted per socket; where they do not drain, they must at least stand still.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable, Iterable
from typing import Optional

if sys.platform != "win32":
    import fcntl

SIOCOUTQNSD = 0x894B
"""Bytes that TCP has not sent yet (linux/sockios.h)."""

STANDSTILL = 0.06
"""Seconds for which held-back bytes must stand still: longer than Linux's delayed acknowledgement of 40 ms."""


class Settling:
    """Looks at the sockets of one cell."""

    def __init__(
        self, unsent: Callable[[], Iterable[tuple[str, int]]], carried: Callable[[], Optional[int]], scale: float
    ) -> None:
        """``unsent`` tells who holds back how many bytes; ``carried`` how many packets a forwarder has carried so
        far, None while it carries one.
        """
        self._unsent = unsent
        self._carried = carried
        self._standstill = STANDSTILL * scale
        self._held: Optional[tuple[tuple[str, int], ...]] = None
        self._since = 0.0

    def settled(self) -> bool:
        """Whether nothing is under way; where the kernel cannot say, always True."""
        if sys.platform != "linux":
            return True
        if self._under_way():
            self._held = None
            return False
        held = tuple((name, size) for name, size in self._unsent() if size)
        if not held:
            self._held = None
            return True
        if held != self._held:
            self._held, self._since = held, time.monotonic()
            return False
        return time.monotonic() - self._since >= self._standstill

    def _under_way(self) -> bool:
        """Whether packets lie in a queue or in the forwarder, or went from the one to the other meanwhile."""
        before = self._carried()
        return before is None or _queued() or before != self._carried()


def _queued() -> bool:
    """Whether packets lie in a processor's input queue (column 12 of softnet_stat, hexadecimal)."""
    try:
        with open("/proc/net/softnet_stat", "rb") as file:
            rows = [line.split() for line in file]
    except OSError:
        return False
    return any(len(row) > 11 and int(row[11], 16) for row in rows)


def unsent(descriptor: int) -> int:
    """Bytes that TCP holds back on a socket; 0 where the kernel does not say."""
    if sys.platform != "linux":
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(descriptor, SIOCOUTQNSD, b"\0\0\0\0"))[0])
    except (OSError, ValueError):
        return 0
