"""Packet rules: what becomes of which packet on its way from one host to the other. No I/O and no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

from conformance.worker.network import ip_packets
from conformance.worker.network.ip_packets import Packet

DROP, DUPLICATE, DAMAGE, REORDER = "drop", "duplicate", "damage", "reorder"
HOLD, DELAY, SPLIT = "hold", "delay", "split"


@dataclass(frozen=True)
class Departure:
    """A packet that goes on, ``late`` seconds after it came."""

    raw: bytes
    late: float = 0.0


@dataclass
class Rule:
    """One rule, and how far it got: it strikes the ``nth`` packet that it is about and every ``every``-th after it."""

    action: str
    kind: str
    host: str
    """Whose packets: the name of the host that sends them."""
    nth: int = 1
    every: int = 1
    times: Optional[int] = 1
    """How often in all; None for always."""
    by: float = 0.0
    into: int = 0
    seen: int = 0
    struck: int = 0
    waiting: Optional[Packet] = None
    """The packet that is to be overtaken."""

    def is_about(self, host: str, packet: Packet) -> bool:
        """Whether a packet counts."""
        if host != self.host or self.kind not in packet.kinds:
            return False
        if self.action == DAMAGE:
            return packet.data > 0
        return self.action != SPLIT or ip_packets.divisible(packet, self.into)

    def strikes(self) -> bool:
        """Counts a packet that the rule is about; whether this one is struck. One that overtakes another is not."""
        self.seen += 1
        if self.waiting is not None:
            return False
        due = self.seen >= self.nth and (self.seen - self.nth) % self.every == 0
        if not due or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def happened(self) -> bool:
        """Whether it did all that it was to do; one without an end, whether it ever did anything."""
        return self.struck - (self.waiting is not None) >= (self.times or 1)


class Rules:
    """The rules of one cell, in the order in which they were stated, and the packets that they hold back."""

    def __init__(self) -> None:
        self.stated: list[Rule] = []
        self._held: list[tuple[str, Packet, int]] = []
        self._flows: set[frozenset[bytes]] = set()
        self.cut = False
        """Whether everything is lost."""

    def treat(self, host: str, packet: Packet) -> list[Departure]:
        """What goes on when a host has sent this packet.

        Rules are for the TCP connections that began under them: what is left of an earlier one is not theirs.
        """
        if "SYN" in packet.kinds and packet.flow is not None:
            self._flows.add(packet.flow)
        if self.cut:
            return []
        if packet.flow is not None and packet.flow not in self._flows:
            return [Departure(packet.raw)]
        return list(self._from(0, host, packet, 0.0))

    def deliver(self, host: str) -> list[Departure]:
        """What a host's held packets become when they go on, in the order in which they were sent."""
        mine = [each for each in self._held if each[0] == host]
        self._held = [each for each in self._held if each[0] != host]
        return [departure for _, packet, index in mine for departure in self._from(index, host, packet, 0.0)]

    def holds(self, host: str) -> bool:
        """Whether any packet of a host is held."""
        return any(each[0] == host for each in self._held)

    def happened(self, action: str) -> bool:
        """Whether every rule of this name that was stated has done what it was to do."""
        return all(rule.happened() for rule in self.stated if rule.action == action)

    def _from(self, index: int, host: str, packet: Packet, late: float) -> Iterator[Departure]:
        """What the rules from this one on make of a packet."""
        for number in range(index, len(self.stated)):
            rule = self.stated[number]
            if not rule.is_about(host, packet):
                continue
            if rule.strikes():
                yield from self._struck(rule, number + 1, host, packet, late)
                return
            overtaken, rule.waiting = rule.waiting, None
            yield from self._from(number + 1, host, packet, late)
            if overtaken is not None:
                yield from self._from(number + 1, host, overtaken, late)
            return
        yield Departure(packet.raw, late)

    def _struck(self, rule: Rule, after: int, host: str, packet: Packet, late: float) -> Iterator[Departure]:
        if rule.action == HOLD:
            self._held.append((host, packet, after))
        elif rule.action == REORDER:
            rule.waiting = packet
        elif rule.action == DUPLICATE:
            yield from self._from(after, host, packet, late)
            yield from self._from(after, host, packet, late)
        elif rule.action == DAMAGE:
            yield from self._from(after, host, ip_packets.damaged(packet), late)
        elif rule.action == DELAY:
            yield from self._from(after, host, packet, late + rule.by)
        elif rule.action == SPLIT:
            for piece in ip_packets.divided(packet, rule.into):
                read = ip_packets.read(piece)
                assert read is not None
                yield from self._from(after, host, read, late)
