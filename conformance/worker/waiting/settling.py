"""Checks whether the network has settled, so that data on its way is not taken for data that never came.

A receiver that waits proves nothing while a packet for it lies in a queue. Four places can hold data that has left the
sender and not reached the receiver:

- the input queue of a processor: loopback and veth hand packets over through it. Linux counts its packets in
  ``/proc/net/softnet_stat``. It is shared with all cells, so a busy queue only delays the answer;
- the forwarder, if packets go through one: it counts the packets it has carried and says if one is on its way. A packet
  that a rule holds back is not on its way;
- TCP's send queue: bytes held back by Nagle's algorithm or a closed window. Linux counts them for each socket. They may
  stay there for good, so it is enough that the same bytes have stood still for longer than a delayed acknowledgement;
- under Wine the server, which hands on what has come: it must be asleep.

An equal count does not prove that these are the same bytes. So whenever a thread of the cell ran, or the forwarder
carried a packet, the time for which they must stand still begins again (:meth:`Settling.moved`). The driver asks only
after it has seen the caller wait, and looks at the caller once more after the answer: either a packet was found on its
way, or its arrival has woken the caller. A host that counts nothing is always taken for settled.
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


class Traffic(Protocol):
    """How a host reports packets that are on their way."""

    def busy(self) -> bool:
        """True while any packet is being handed over."""

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        """Name and number of bytes that TCP holds back, for streams given by name and descriptor."""


class Settling:
    """Looks at the sockets of one cell."""

    def __init__(
        self, traffic: Traffic, unsent: Callable[[], Iterable[tuple[str, int]]],
        carried: Callable[[], Optional[int]], scale: float,
    ) -> None:  # fmt: skip
        """``unsent``: the names of the cell's sockets and the bytes that each holds back; ``carried``: how many packets
        a forwarder has carried so far, None while one is on its way.
        """
        self._traffic = traffic
        self._unsent = unsent
        self._carried = carried
        self._standstill = STANDSTILL * scale
        self._held: Optional[tuple[tuple[str, int], ...]] = None
        self._since = 0.0

    def moved(self) -> None:
        """Notes that the cell ran: an equal count of held-back bytes no longer proves that they are the same."""
        self._held = None

    def settled(self) -> bool:
        """True if nothing is on its way, or if the host does not report that."""
        before = self._carried()
        busy = self._traffic.busy()
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

    def left(self) -> float:
        """Seconds for which held-back bytes must still stand still; 0 if none were seen."""
        return 0.0 if self._held is None else max(0.0, self._since + self._standstill - time.monotonic())

    def handing_over(self) -> bool:
        """True while packets lie in a queue between two processors."""
        return self._traffic.busy()


class LinuxTraffic:
    """Linux: the input queues of its processors, and its count for each socket."""

    def busy(self) -> bool:
        try:
            with open("/proc/net/softnet_stat", encoding="ascii") as file:
                return queued(file.read())
        except OSError:
            return False

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        return [(name, unsent(descriptor)) for name, descriptor in streams]


class UnknownTraffic:
    """A host that reports nothing: never busy, and nothing unsent."""

    def busy(self) -> bool:
        return False

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        return []


def queued(softnet_stat: str) -> bool:
    """True if packets lie in a processor's input queue (column 12 of Linux's softnet_stat, hexadecimal)."""
    rows = [line.split() for line in softnet_stat.splitlines()]
    return any(len(row) > 11 and int(row[11], 16) for row in rows)


def unsent(descriptor: int) -> int:
    """Bytes that TCP holds back on a socket; 0 if unknown."""
    if sys.platform != "linux":
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(descriptor, SIOCOUTQNSD, b"\0\0\0\0"))[0])
    except (OSError, ValueError):
        return 0
