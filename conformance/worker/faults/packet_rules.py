"""Packet rules: which packets are changed on their way between two hosts, and how. No I/O and no clock."""

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

    octets: bytes
    late: float = 0.0


@dataclass
class Rule:
    """One rule and its progress: it strikes the ``nth`` packet that it counts, and every ``every``-th after that."""

    action: str
    kind: str
    host: str
    """The name of the host that sends the packets."""
    nth: int = 1
    every: int = 1
    times: Optional[int] = 1
    """How often it strikes in all; None for no limit."""
    by: float = 0.0
    into: int = 0
    seen: int = 0
    struck: int = 0
    waiting: Optional[Packet] = None
    """The packet that the next one overtakes."""

    def is_about(self, host: str, packet: Packet) -> bool:
        """True if the rule counts this packet."""
        if host != self.host or self.kind not in packet.kinds:
            return False
        if self.action == DAMAGE:
            return packet.data > 0
        return self.action != SPLIT or ip_packets.divisible(packet, self.into)

    def strikes(self) -> bool:
        """Counts a packet; True if it is struck. A packet that overtakes another is not struck."""
        self.seen += 1
        if self.waiting is not None:
            return False
        due = self.seen >= self.nth and (self.seen - self.nth) % self.every == 0
        if not due or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def happened(self) -> bool:
        """True if it has struck as often as it should; a rule without a limit, if it has struck at all."""
        return self.struck - (self.waiting is not None) >= (self.times or 1)


class Rules:
    """The rules of one cell, in the order in which they were stated, and the packets that they hold back."""

    def __init__(self) -> None:
        self.stated: list[Rule] = []
        self._held: list[tuple[str, Packet, int]] = []
        self._flows: set[frozenset[bytes]] = set()
        self.cut = False
        """True while all packets are lost."""

    def treat(self, host: str, packet: Packet) -> list[Departure]:
        """The packets that go on after a host has sent this one.

        Rules apply only to TCP connections whose SYN passed here, so not to what an earlier cell left behind.
        """
        if "SYN" in packet.kinds and packet.flow is not None:
            self._flows.add(packet.flow)
        if self.cut:
            return []
        if packet.flow is not None and packet.flow not in self._flows:
            return [Departure(packet.octets)]
        return list(self._from(0, host, packet, 0.0))

    def deliver(self, host: str) -> list[Departure]:
        """The packets that go on when a host's held packets are released, in the order in which they were sent."""
        mine = [each for each in self._held if each[0] == host]
        self._held = [each for each in self._held if each[0] != host]
        return [departure for _, packet, index in mine for departure in self._from(index, host, packet, 0.0)]

    def holds(self, host: str) -> bool:
        """True if any packet of a host is held."""
        return any(each[0] == host for each in self._held)

    def happened(self, action: str) -> bool:
        """True if every rule of this name has struck as often as it should."""
        return all(rule.happened() for rule in self.stated if rule.action == action)

    def _from(self, index: int, host: str, packet: Packet, late: float) -> Iterator[Departure]:
        """The packets that the rules from number ``index`` on make of a packet."""
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
        yield Departure(packet.octets, late)

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
                part = ip_packets.read(piece)
                assert part is not None
                yield from self._from(after, host, part, late)
