"""The forwarder: a thread that carries every packet between two hosts, from one's TUN device to the other's.

It does with each what the packet rules say. With no rule it is a link that loses nothing and changes no order.
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
"""Packets that are read from one host before the other has its turn."""


@dataclass(frozen=True)
class End:
    """One host's end: its name, the descriptor of its device, and its addresses as they stand in packets."""

    host: str
    descriptor: int
    addresses: frozenset[bytes]


class Forwarder:
    """Runs from when it is made until it is stopped; then its devices are gone."""

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
        """What ended the thread, if anything but :meth:`stop` did."""
        self._woken, self._waker = os.pipe()
        self._poller = select.poll()
        for descriptor in (*(end.descriptor for end in ends), self._woken):
            self._poller.register(descriptor, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._thread.start()

    # told by others

    def state(self, rule: Rule) -> None:
        """A rule for what comes from now on."""
        with self._change:
            self._rules.stated.append(rule)

    def cut(self, cut: bool) -> None:
        """Whether everything is lost from now on."""
        with self._change:
            self._rules.cut = cut

    def deliver(self, host: str) -> bool:
        """What is held of a host's packets goes on; False where there is none."""
        with self._change:
            if not self._rules.holds(host):
                return False
            self._send(host, self._rules.deliver(host))
            self._change.notify_all()
        self._wake()
        return True

    def wait_for(self, action: str) -> bool:
        """Waits until all rules of this name have done what they were to do; False where there is no such rule."""
        with self._change:
            if not any(rule.action == action for rule in self._rules.stated):
                return False
            self._change.wait_for(lambda: self._stopped or self.failure or self._rules.happened(action))
            return True

    def at_rest(self) -> Optional[int]:
        """How many packets were read so far, if none is on its way; None while any is. Held ones rest."""
        with self._change:
            moving = self._late or self._readable()
            return None if moving else self._read

    def stop(self) -> None:
        """Ends the thread and takes the devices away."""
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
        except Exception as error:  # noqa: BLE001 (whoever asks next is told)
            with self._change:
                self.failure = f"packets can no longer be carried between the hosts: {error}"
                self._change.notify_all()

    def _carry(self, ready: set[int]) -> None:
        self._send_late()
        for end in self._ends:
            if end.descriptor in ready:
                self._take(end)

    def _patience(self) -> Optional[float]:
        """Milliseconds until the next late packet is due; None where there is none."""
        with self._change:
            return max(0.0, self._late[0][0] - time.monotonic()) * 1000 if self._late else None

    def _take(self, end: End) -> None:
        for _ in range(_BATCH):
            try:
                raw = os.read(end.descriptor, _LARGEST)
            except BlockingIOError:
                return
            packet = ip_packets.read(raw)
            if packet is not None and packet.source in end.addresses:  # not what kernels say to all their neighbours
                self._read += 1
                self._send(end.host, self._rules.treat(end.host, packet))

    def _send(self, host: str, departures: list[Departure]) -> None:
        for each in departures:
            if each.late:
                entry = (time.monotonic() + each.late, next(self._order), host, each.raw)
                heapq.heappush(self._late, entry)
            else:
                os.write(self._other[host].descriptor, each.raw)

    def _wake(self) -> None:
        os.write(self._waker, b"x")

    def _send_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, _, host, raw = heapq.heappop(self._late)
            os.write(self._other[host].descriptor, raw)

    def _readable(self) -> bool:
        poller = select.poll()
        for end in self._ends:
            poller.register(end.descriptor, select.POLLIN)
        return bool(poller.poll(0))


def between(hosts: Mapping[str, tuple[int, frozenset[bytes]]]) -> Forwarder:
    """A forwarder between two hosts: name to the descriptor of its device and its addresses."""
    one, other = (End(name, *found) for name, found in hosts.items())
    return Forwarder((one, other))
