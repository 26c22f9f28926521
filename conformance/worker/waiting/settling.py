"""Has the network come to rest? A packet still under way must not be taken for one that never came.

Loopback and veth hand packets over through a queue per processor; Linux counts what is left in them. Bytes that TCP
holds back (Nagle, a closed window) are counted per socket; where they do not drain, they must at least stand still.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable, Iterable
from typing import Optional, Protocol

if sys.platform != "win32":
    import fcntl

SIOCOUTQNSD = 0x894B
"""Bytes that TCP has not sent yet (linux/sockios.h)."""

STANDSTILL = 0.06
"""Seconds for which held-back bytes must stand still: longer than Linux's delayed acknowledgement of 40 ms."""


class Network(Protocol):
    """What a host tells of packets that are under way."""

    def busy(self) -> bool:
        """Whether any is being handed on just now."""

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        """Of streams, given by name and descriptor, the names and how many bytes TCP holds back."""


class Settling:
    """Looks at the sockets of one cell."""

    def __init__(
        self, network: Network, unsent: Callable[[], Iterable[tuple[str, int]]],
        carried: Callable[[], Optional[int]], scale: float,
    ) -> None:  # fmt: skip
        """``unsent`` tells who holds back how many bytes; ``carried`` how many packets a forwarder has carried so
        far, None while it carries one.
        """
        self._network = network
        self._unsent = unsent
        self._carried = carried
        self._standstill = STANDSTILL * scale
        self._held: Optional[tuple[tuple[str, int], ...]] = None
        self._since = 0.0

    def moved(self) -> None:
        """Something of the cell ran: bytes held back may be others than before, be they as many."""
        self._held = None

    def settled(self) -> bool:
        """Whether nothing is under way; where the host cannot say, always True.

        A queue of the host holds packets of other cells, too: those put the answer off, they disturb nothing here.
        """
        before = self._carried()
        busy = self._network.busy()
        if before is None or before != self._carried():
            self.moved()
            return False
        if busy:
            return False
        held = tuple((name, size) for name, size in self._unsent() if size)
        if not held:
            self._held = None
            return True
        if held != self._held:
            self._held, self._since = held, time.monotonic()
            return False
        return time.monotonic() - self._since >= self._standstill

    def handing_over(self) -> bool:
        """Whether packets lie in a queue between two processors."""
        return self._network.busy()


class LinuxNetwork:
    """Linux: the queues of its processors, and what it says of each socket."""

    def busy(self) -> bool:
        """Whether packets lie in a queue."""
        try:
            with open("/proc/net/softnet_stat", encoding="ascii") as file:
                return queued(file.read())
        except OSError:
            return False

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        """Bytes not sent yet."""
        return [(name, unsent(descriptor)) for name, descriptor in streams]


class SilentNetwork:
    """A host that does not say."""

    def busy(self) -> bool:
        """Never known to be."""
        return False

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        """Nothing known."""
        return []


def queued(softnet_stat: str) -> bool:
    """Whether packets lie in a processor's input queue (column 12 of Linux's softnet_stat, hexadecimal)."""
    rows = [line.split() for line in softnet_stat.splitlines()]
    return any(len(row) > 11 and int(row[11], 16) for row in rows)


def unsent(descriptor: int) -> int:
    """Bytes that TCP holds back on a socket; 0 where the kernel does not say."""
    if sys.platform != "linux":
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(descriptor, SIOCOUTQNSD, b"\0\0\0\0"))[0])
    except (OSError, ValueError):
        return 0
