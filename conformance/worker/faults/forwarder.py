"""The forwarder: a thread that carries every packet between two hosts, from the TUN device of one to that of the other.

It applies the packet rules to each. Without rules it loses nothing and keeps the order.
"""

from __future__ import annotations

import heapq
import itertools
import os
import select
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from conformance.worker.faults.packet_rules import Departure, Rule, Rules
from conformance.worker.network import ip_packets

_LARGEST = 65536
_BATCH = 64
"""Packets that are read from one host before the other gets its turn."""


@dataclass(frozen=True)
class End:
    """One host: its name, the descriptor of its device, and its addresses as packets carry them."""

    host: str
    descriptor: int
    addresses: frozenset[bytes]


class Forwarder:
    """Runs from its creation until :meth:`stop`, which also removes the devices."""

    def __init__(self, ends: tuple[End, End]) -> None:
        self._ends = ends
        self._other = {end.host: other for end, other in itertools.permutations(ends)}
        self._rules = Rules()
        self._change = threading.Condition()
        self._late: list[tuple[float, int, str, bytes]] = []
        self._order = itertools.count()
        self._read = 0
        self._stopped = False
        self.failure = ""
        """The error that ended the thread; empty if there was none."""
        self._woken, self._waker = os.pipe()
        self._poller = select.poll()
        for descriptor in (*(end.descriptor for end in ends), self._woken):
            self._poller.register(descriptor, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._thread.start()

    # called from other threads

    def state(self, rule: Rule) -> None:
        """Adds a rule for packets that come from now on."""
        with self._change:
            self._rules.stated.append(rule)

    def cut(self, cut: bool) -> None:
        """Loses all packets from now on, or stops losing them."""
        with self._change:
            self._rules.cut = cut

    def deliver(self, host: str) -> bool:
        """Sends on the held packets of a host; False if there is none."""
        with self._change:
            if not self._rules.holds(host):
                return False
            self._send(host, self._rules.deliver(host))
            self._change.notify_all()
        self._wake()
        return True

    def wait_for(self, action: str) -> bool:
        """Waits until all rules of this name have struck as often as they should; False if there is no such rule."""
        with self._change:
            if not any(rule.action == action for rule in self._rules.stated):
                return False
            self._change.wait_for(lambda: self._stopped or self.failure or self._rules.happened(action))
            return True

    def idle(self) -> Optional[int]:
        """How many packets were read so far; None while one is on its way. A held packet is not on its way."""
        with self._change:
            moving = self._late or self._readable()
            return None if moving else self._read

    def stop(self) -> None:
        """Ends the thread and removes the devices."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        self._wake()
        self._thread.join()
        for descriptor in (*(end.descriptor for end in self._ends), self._woken, self._waker):
            os.close(descriptor)

    # the thread

    def _run(self) -> None:
        try:
            while not self._stopped:
                ready = {descriptor for descriptor, _ in self._poller.poll(self._patience())}
                if self._woken in ready:
                    os.read(self._woken, 1)
                with self._change:
                    self._carry(ready)
                    self._change.notify_all()
        except Exception as error:  # noqa: BLE001 (recorded for the next caller)
            with self._change:
                self.failure = f"packets can no longer be carried between the hosts: {error}"
                self._change.notify_all()

    def _carry(self, ready: set[int]) -> None:
        self._send_late()
        for end in self._ends:
            if end.descriptor in ready:
                self._take(end)

    def _patience(self) -> Optional[float]:
        """Milliseconds until the next delayed packet is due; None if there is none."""
        with self._change:
            return max(0.0, self._late[0][0] - time.monotonic()) * 1000 if self._late else None

    def _take(self, end: End) -> None:
        for _ in range(_BATCH):
            try:
                octets = os.read(end.descriptor, _LARGEST)
            except BlockingIOError:
                return
            packet = ip_packets.read(octets)
            if packet is not None and packet.source in end.addresses:  # others are the kernel's own, to all neighbours
                self._read += 1
                self._send(end.host, self._rules.treat(end.host, packet))

    def _send(self, host: str, departures: list[Departure]) -> None:
        for each in departures:
            if each.late:
                entry = (time.monotonic() + each.late, next(self._order), host, each.octets)
                heapq.heappush(self._late, entry)
            else:
                os.write(self._other[host].descriptor, each.octets)

    def _wake(self) -> None:
        os.write(self._waker, b"x")

    def _send_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, _, host, octets = heapq.heappop(self._late)
            os.write(self._other[host].descriptor, octets)

    def _readable(self) -> bool:
        poller = select.poll()
        for end in self._ends:
            poller.register(end.descriptor, select.POLLIN)
        return bool(poller.poll(0))


def between(hosts: Mapping[str, tuple[int, frozenset[bytes]]]) -> Forwarder:
    """A forwarder between two hosts, given by name: the descriptor of the device, and the host's addresses."""
    one, other = (End(name, *found) for name, found in hosts.items())
    return Forwarder((one, other))
