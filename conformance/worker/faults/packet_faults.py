"""Faults of single packets between two hosts of our own: one is lost, doubled, held, delayed, cut or forged."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.worker.calls.perform import Performer
from conformance.worker.faults import packet_rules
from conformance.worker.faults.forwarder import Forwarder, between
from conformance.worker.faults.packet_rules import Rule
from conformance.worker.faults.target_hosts import TargetHosts
from conformance.worker.network import forged_segments, tun
from conformance.worker.network.ip_packets import packed
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.networks import Host

Times = Union[int, str]
"""How often a rule strikes: a number, or ``all``."""


class PacketFaults:
    """The packet rules of one cell, the forwarder that obeys them, and forged packets."""

    def __init__(self, targets: TargetHosts, performer: Performer) -> None:
        self._targets = targets
        self._performer = performer
        self.forwarder: Optional[Forwarder] = None
        """Carries all packets between the hosts; None while the link does."""

    def take_the_packets(self) -> None:
        """Puts a forwarder between the hosts. Unsupported if there can be none."""
        hosts = self._targets.cell.network.hosts
        if len({host.namespace for host in hosts.values()} - {None}) != 2:
            raise Unsupported("packet rules need two hosts of our own")
        ends: dict[str, tuple[int, frozenset[bytes]]] = {}
        try:
            for name, host in hosts.items():
                assert host.namespace is not None
                own = frozenset([packed(host.ip4), packed(host.ip6)])
                ends[name] = tun.opened(host.namespace, self._routes(host)), own
        except Unsupported:
            for descriptor, _ in ends.values():
                os.close(descriptor)
            raise
        self.forwarder = between(ends)

    def _routes(self, own: Host) -> tuple[tuple[str, str], ...]:
        """The addresses of the other hosts, each with the host's own address; of the transport's family only."""
        others = (host for host in self._targets.cell.network.hosts.values() if host != own)
        return tuple((self._targets.address(host), self._targets.address(own)) for host in others)

    def carried(self) -> Optional[int]:
        """How many packets the forwarder has carried; None while one is on its way. HarnessError if it broke."""
        if self.forwarder is None:
            return 0
        if self.forwarder.failure:
            raise HarnessError(self.forwarder.failure)
        return self.forwarder.idle()

    def undo(self) -> None:
        """Ends the forwarder; packets that it holds are lost."""
        if self.forwarder is not None:
            self.forwarder.stop()
            self.forwarder = None

    # rules

    def drop(self, drop: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are lost."""
        self._state(Rule(packet_rules.DROP, drop, self._targets.name(from_), nth, every, _number(times)))

    def duplicate(self, duplicate: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets arrive twice."""
        self._state(Rule(packet_rules.DUPLICATE, duplicate, self._targets.name(from_), nth, every, _number(times)))

    def damage(self, damage: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets arrive with a wrong checksum."""
        self._state(Rule(packet_rules.DAMAGE, damage, self._targets.name(from_), nth, every, _number(times)))

    def reorder(self, reorder: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are overtaken by the next of their kind."""
        self._state(Rule(packet_rules.REORDER, reorder, self._targets.name(from_), nth, every, _number(times)))

    def hold(self, hold: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are held back."""
        self._state(Rule(packet_rules.HOLD, hold, self._targets.name(from_), nth, every, _number(times)))

    def delay(self, delay: str, from_: str, by: float, nth: int, every: int, times: Times) -> None:
        """These packets arrive ``by`` seconds later."""
        self._state(Rule(packet_rules.DELAY, delay, self._targets.name(from_), nth, every, _number(times), by=by))

    def split(self, split: str, from_: str, into: int, nth: int, every: int, times: Times) -> None:
        """These packets arrive as several, with at most ``into`` bytes of data each."""
        self._state(Rule(packet_rules.SPLIT, split, self._targets.name(from_), nth, every, _number(times), into=into))

    def deliver(self, host: str) -> None:
        """The packets of the host that are held go on."""
        if not self._at_work().deliver(self._targets.name(host)):
            raise Missing(f"no packet of {host} is held")

    def happened(self, rule: str) -> None:
        """Waits until the rules of this name have struck as often as they should."""
        if not self._at_work().wait_for(rule):
            raise Missing(f"no step before this one says {rule}")

    def _state(self, rule: Rule) -> None:
        self._at_work().state(rule)

    def _at_work(self) -> Forwarder:
        if self.forwarder is None:
            raise Unsupported("packet rules need two hosts of our own")
        return self.forwarder

    # forged packets

    def inject(self, segment: str, from_: str, to: str, sequence: str) -> None:
        """Sends a forged segment from one actor's host to another actor's socket."""
        namespace, source, target = self._targets.namespace(from_), self._address_of(from_), self._address_of(to)
        socket = self._performer.adapter.descriptor(self._performer.scope.object(to))
        expected = forged_segments.expected_numbers(socket)
        try:
            on_host(namespace, lambda: forged_segments.send_segment(segment, sequence, expected, source, target))
        except PermissionError:
            raise Unsupported("raw sockets need CAP_NET_RAW") from None

    def _address_of(self, name: str) -> Any:
        if name not in self._performer.scope.addresses:
            raise Missing(f'"{name}" has no address')
        return self._performer.scope.addresses[name]


def _number(times: Times) -> Optional[int]:
    return None if isinstance(times, str) else times
