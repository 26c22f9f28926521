"""Faults of single packets between two hosts of our own: which one is lost, doubled, held, delayed or cut."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Optional, Union

from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.tables.transports import Transport
from conformance.worker.faults import forwarder, packet_rules
from conformance.worker.faults.network_faults import NetworkFaults
from conformance.worker.faults.packet_rules import Rule
from conformance.worker.network import tun
from conformance.worker.network.ip_packets import packed
from conformance.worker.network.networks import Network

Times = Union[int, str]
"""How often a rule strikes: a number, or ``all``."""


class PacketFaults(NetworkFaults):
    """The packet rules of one cell, beside the faults of the link."""

    def __init__(self, transport: Transport, host_of: Mapping[str, str], network: Network) -> None:
        super().__init__(transport, host_of, network)
        self._forwarder: Optional[forwarder.Forwarder] = None

    def take_the_packets(self) -> None:
        """From now on a forwarder of ours carries what goes between the hosts. Unsupported where none can be had."""
        if len({place[0] for place in self._places.values()} - {None}) != 2:
            raise Unsupported("packets can only be told apart between two hosts of our own")
        ends: dict[str, tuple[int, frozenset[bytes]]] = {}
        try:
            for name, (host, *own) in self._places.items():
                assert host is not None
                ends[name] = tun.opened(host, self._routes(name)), frozenset(map(packed, own))
        except Unsupported:
            for descriptor, _ in ends.values():
                os.close(descriptor)
            raise
        self._forwarder = forwarder.between(ends)

    def _routes(self, name: str) -> tuple[tuple[str, str], ...]:
        """The others' addresses, and from which of a host's own they are reached; of the transport's family alone."""
        family = 2 if self._transport.ip6 else 1
        own = str(self._places[name][family])
        return tuple((str(place[family]), own) for other, place in self._places.items() if other != name)

    def carried(self) -> Optional[int]:
        """How many packets the forwarder has carried; None while one is on its way. HarnessError where it broke."""
        if self._forwarder is None:
            return 0
        if self._forwarder.failure:
            raise HarnessError(self._forwarder.failure)
        return self._forwarder.at_rest()

    def undo(self) -> None:
        """Ends the forwarder; what was held is lost."""
        if self._forwarder is not None:
            self._forwarder.stop()
            self._forwarder = None

    # what the link can do, done by the forwarder

    def cut(self, host: str) -> None:
        """Everything that the forwarder gets is lost, or all that goes over the link."""
        if self._forwarder is None:
            super().cut(host)
        else:
            self._forwarder.cut(True)

    def repair(self, host: str) -> None:
        """The end of :meth:`cut`."""
        if self._forwarder is None:
            super().repair(host)
        else:
            self._forwarder.cut(False)

    # rules

    def drop(self, drop: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are lost."""
        self._state(Rule(packet_rules.DROP, drop, self._host(from_), nth, every, _number(times)))

    def duplicate(self, duplicate: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets arrive twice."""
        self._state(Rule(packet_rules.DUPLICATE, duplicate, self._host(from_), nth, every, _number(times)))

    def damage(self, damage: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets arrive with a wrong checksum."""
        self._state(Rule(packet_rules.DAMAGE, damage, self._host(from_), nth, every, _number(times)))

    def reorder(self, reorder: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are overtaken by the next of their kind."""
        self._state(Rule(packet_rules.REORDER, reorder, self._host(from_), nth, every, _number(times)))

    def hold(self, hold: str, from_: str, nth: int, every: int, times: Times) -> None:
        """These packets are held back."""
        self._state(Rule(packet_rules.HOLD, hold, self._host(from_), nth, every, _number(times)))

    def delay(self, delay: str, from_: str, by: float, nth: int, every: int, times: Times) -> None:
        """These packets arrive ``by`` seconds later."""
        self._state(Rule(packet_rules.DELAY, delay, self._host(from_), nth, every, _number(times), by=by))

    def split(self, split: str, from_: str, into: int, nth: int, every: int, times: Times) -> None:
        """These packets arrive as several, with at most ``into`` bytes of data each."""
        self._state(Rule(packet_rules.SPLIT, split, self._host(from_), nth, every, _number(times), into=into))

    def deliver(self, host: str) -> None:
        """What was held goes on."""
        if not self._at_work().deliver(self._host(host)):
            raise Missing(f"no packet of {host} is held")

    def happened(self, rule: str) -> None:
        """Waits until the rules of this name have done what they were to do."""
        if not self._at_work().wait_for(rule):
            raise Missing(f"no step before this one says {rule}")

    def _state(self, rule: Rule) -> None:
        self._at_work().state(rule)

    def _at_work(self) -> forwarder.Forwarder:
        if self._forwarder is None:
            raise Unsupported("packets can only be told apart between two hosts of our own")
        return self._forwarder


def _number(times: Times) -> Optional[int]:
    return None if isinstance(times, str) else times
