"""The packets of a capture as arrows from host to host, labelled in the words of RFC 9293."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from dpkt import icmp, icmp6, ip, ip6, tcp, udp
from dpkt.dpkt import Error as DpktError

from conformance.report.pcapng import Packet

_IP4, _IP6 = 0x0800, 0x86DD
_ICMP_HEADER = 8
_RELATIVE = 1 << 31

ICMP_WORDS = {
    (3, 0): "network unreachable", (3, 1): "host unreachable", (3, 3): "port unreachable",
    (3, 4): "packet too big", (3, 9): "network prohibited", (3, 10): "host prohibited",
    (3, 13): "communication prohibited", (11, 0): "time exceeded",
}  # fmt: skip
"""Type and code of an ICMP message to what the message reports (RFC 792, RFC 1812)."""

ICMP6_WORDS = {
    (1, 0): "no route", (1, 1): "communication prohibited", (1, 3): "host unreachable", (1, 4): "port unreachable",
    (2, 0): "packet too big", (3, 0): "time exceeded",
}  # fmt: skip
"""The same for ICMPv6 (RFC 4443)."""


@dataclass(frozen=True)
class End:
    """An address and a port; 0 where the protocol has none."""

    address: str
    port: int = 0


@dataclass(frozen=True)
class Arrow:
    """One packet from one end to the other. Times are nanoseconds since the epoch."""

    source: End
    target: End
    sent: int | None
    """When the packet left its host; None if only its arrival was seen, as for a duplicate."""
    arrived: int | None
    """When the packet reached the other host; None where it was lost."""
    label: str
    brief: str
    """A shorter label, for where there is little room."""
    again: bool = False
    """Whether the packet's data, SYN or FIN had been sent before."""
    size: int = 0
    """Bytes of data."""
    source_host: str = ""
    target_host: str = ""
    """The hosts at which the packet was seen; the target may be a router, where nobody has the address."""
    plain: bool = False
    """Whether the packet is only data or an acknowledgement, so that a run of such packets can be shortened."""

    @property
    def at(self) -> int:
        """When the packet was first seen."""
        return (self.arrived or 0) if self.sent is None else self.sent


@dataclass(frozen=True)
class Wire:
    """A cell's packets in order of time, and the number of those that are not drawn, by kind (ARP, ICMPv6)."""

    arrows: tuple[Arrow, ...]
    undrawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seen:
    """A packet, its ends, and the key by which the sent and the arrived copy of a packet are matched."""

    packet: Packet
    source: End
    target: End
    body: Any
    key: tuple[Any, ...]


def wire(packets: Sequence[Packet], hosts: Mapping[str, str], complete: bool) -> Wire:
    """The arrows of a capture. ``hosts``: address to host. Unless the capture is ``complete``, no packet counts as
    lost, because the capture may only have missed its arrival.
    """
    undrawn: dict[str, int] = {}
    sent, arrived = [], []
    for packet in packets:
        seen = _seen(packet)
        if seen is None:
            kind = _kind(packet)
            undrawn[kind] = undrawn.get(kind, 0) + (1 if packet.outgoing else 0)
        elif packet.outgoing and hosts.get(seen.source.address, packet.host) == packet.host:
            sent.append(seen)
        elif not packet.outgoing and hosts.get(seen.target.address, packet.host) == packet.host:
            arrived.append(seen)
    arrows = sorted(_matched(sent, arrived, complete), key=lambda pair: pair[0].at)
    return Wire(tuple(_labelled(arrows)), {kind: number for kind, number in undrawn.items() if number})


def _kind(packet: Packet) -> str:
    return {0x0806: "ARP", _IP6: "ICMPv6"}.get(packet.protocol, f"protocol {packet.protocol:#06x}")


def _seen(packet: Packet) -> _Seen | None:
    """A packet of TCP or UDP, or an ICMP report of one; None for any other packet."""
    try:
        outer = {_IP4: ip.IP, _IP6: ip6.IP6}[packet.protocol](packet.content)
    except (KeyError, DpktError, IndexError):
        return None
    body = outer.data
    if not isinstance(body, (tcp.TCP, udp.UDP, icmp.ICMP, icmp6.ICMP6)):
        return None
    if isinstance(body, icmp6.ICMP6) and body.type >= 128:
        return None  # neighbours and routers (RFC 4861), listeners (RFC 2710), echoes
    source, target = (str(ipaddress.ip_address(address)) for address in (outer.src, outer.dst))
    header = outer.__hdr_len__ + (len(outer.opts) if packet.protocol == _IP4 else 0)
    if isinstance(body, (tcp.TCP, udp.UDP)):
        ports = body.sport, body.dport
    else:
        ports = _ports_of_report(packet.content[header + _ICMP_HEADER :], source)
    number = outer.id if packet.protocol == _IP4 else 0
    key = (source, target, *ports, number, _without_checksum(body, packet.content[header:]))
    return _Seen(packet, End(source, ports[0]), End(target, ports[1]), body, key)


def _ports_of_report(about: bytes, reporter: str) -> tuple[int, int]:
    """Ports of an ICMP error, whose data quotes a packet: the source is the quoted packet's receiver (0 if a router
    reports), the destination its sender.
    """
    try:
        inner = (ip6.IP6 if about[0] >> 4 == 6 else ip.IP)(about)
        header = inner.__hdr_len__ + (len(inner.opts) if isinstance(inner, ip.IP) else 0)
        sender, receiver = struct.unpack_from("!HH", about, header)
    except (DpktError, IndexError, struct.error):
        return 0, 0
    return (receiver if str(ipaddress.ip_address(inner.dst)) == reporter else 0), sender


def _without_checksum(body: Any, content: bytes) -> bytes:
    """The content without its checksum, which may be completed on the way."""
    at = 16 if isinstance(body, tcp.TCP) else 6 if isinstance(body, udp.UDP) else 2
    return content[:at] + content[at + 2 :]


def _matched(sent: list[_Seen], arrived: list[_Seen], complete: bool) -> Iterator[tuple[Arrow, _Seen]]:
    """Each packet that was sent, with its arrival if there was one; then arrivals without a matching send."""
    if not any(not each.packet.outgoing for each in arrived):
        yield from ((_arrow(each, each.packet.nanoseconds, each.packet.nanoseconds), each) for each in sent)
        return
    waiting: dict[tuple[Any, ...], list[_Seen]] = {}
    for each in arrived:
        waiting.setdefault(each.key, []).append(each)
    for each in sent:
        found = waiting.get(each.key)
        if found:
            came = found.pop(0).packet
            yield replace(_arrow(each, each.packet.nanoseconds, came.nanoseconds), target_host=came.host), each
        else:
            yield _arrow(each, each.packet.nanoseconds, None if complete else each.packet.nanoseconds), each
    for left in waiting.values():
        for each in left:
            yield (
                replace(_arrow(each, None, each.packet.nanoseconds), source_host="", target_host=each.packet.host),
                each,
            )


def _arrow(seen: _Seen, sent: int | None, arrived: int | None) -> Arrow:
    return Arrow(seen.source, seen.target, sent, arrived, "", "", source_host=seen.packet.host)


# in words


@dataclass
class _Direction:
    """What one end of a TCP connection has sent so far. Sequence numbers count from ``first``."""

    first: int | None = None
    next: int = 0
    """The sequence number after the last one that was sent."""
    window: int | None = None


def _labelled(pairs: Sequence[tuple[Arrow, _Seen]]) -> Iterator[Arrow]:
    """Arrows with their labels; sequence numbers count from the first one of each direction."""
    directions: dict[tuple[End, End], _Direction] = {}
    for arrow, seen in pairs:
        if isinstance(seen.body, tcp.TCP):
            there = directions.setdefault((seen.source, seen.target), _Direction())
            back = directions.setdefault((seen.target, seen.source), _Direction())
            yield _with_label(arrow, _segment(seen.body, _size(seen), arrow.sent is not None, there, back))
        elif isinstance(seen.body, udp.UDP):
            size = max(0, int(seen.body.ulen) - 8)
            yield replace(arrow, label=f"datagram len={size}", brief=f"len={size}", size=size)
        else:
            yield _with_report(arrow, seen.body)


def _with_report(arrow: Arrow, body: Any) -> Arrow:
    """An arrow with the words of an ICMP message."""
    words = (ICMP_WORDS if isinstance(body, icmp.ICMP) else ICMP6_WORDS).get((body.type, body.code))
    label = f"ICMP {words or f'type {body.type} code {body.code}'}"
    return replace(arrow, label=label, brief=words or "ICMP")


def _size(seen: _Seen) -> int:
    """Bytes of data in a TCP segment, computed from the IP header because the capture may hold fewer."""
    content = seen.packet.content
    whole = int.from_bytes(content[2:4] if seen.packet.protocol == _IP4 else content[4:6], "big")
    header = (content[0] & 0xF) * 4 if seen.packet.protocol == _IP4 else 0
    return max(0, whole - header - int(seen.body.off) * 4)


@dataclass(frozen=True)
class _Segment:
    """A TCP segment, interpreted by what both ends sent before it."""

    syn: bool
    fin: bool
    rst: bool
    size: int
    number: int
    acknowledged: int | None
    again: bool
    probe: bool
    """Whether it carries nothing and its number is the one before the next: a keepalive or window probe."""
    refused: bool
    """Whether the other end's window was 0."""
    full: bool
    """Whether its own window is 0."""
    update: bool
    """Whether it opens a window that was 0, and carries nothing."""

    def parts(self) -> dict[str, str]:
        """The parts of a label by name; a part that does not apply is empty."""
        return {
            "numbers": f"seq={self.number}" + (f" len={self.size}" if self.size else ""),
            "answer": "" if self.acknowledged is None else f"ack={self.acknowledged}",
            "window": "win=0" if self.full else "",
        }


def _segment(body: Any, size: int, left: bool, there: _Direction, back: _Direction) -> _Segment:
    """Reads a segment, and notes in the directions what it changes. ``left``: whether it was seen to leave."""
    syn, fin, rst, ack = (bool(body.flags & flag) for flag in (tcp.TH_SYN, tcp.TH_FIN, tcp.TH_RST, tcp.TH_ACK))
    if there.first is None or (syn and left and body.seq != there.first and not size):
        there.first = body.seq if syn or rst else (body.seq - 1) & 0xFFFFFFFF
        there.next = 0
    if ack and back.first is None and not rst:
        back.first = (body.ack - 1) & 0xFFFFFFFF
    number, length = _from(body.seq, there.first), size + syn + fin
    probe = not (length or rst) and number == there.next - 1
    again = left and not probe and bool(length) and number + length <= there.next
    if not probe:
        there.next = max(there.next, number + length)
    before, there.window = there.window, body.win
    return _Segment(
        syn, fin, rst, size, number,
        acknowledged=_from(body.ack, back.first) if ack and back.first is not None else None,
        again=again,
        probe=probe,
        refused=back.window == 0,
        full=body.win == 0 and not (rst or syn),
        update=before == 0 and body.win > 0 and not length,
    )  # fmt: skip


class _Label(NamedTuple):
    """How segments of one kind are labelled."""

    applies: Callable[[_Segment], bool]
    head: str
    parts: tuple[str, ...]
    brief: str
    """The short label; ``{number}`` and ``{size}`` are filled in."""


_LABELS = (
    _Label(lambda each: each.probe and each.refused, "window probe", (), "probe"),
    _Label(lambda each: each.probe, "keepalive probe", (), "probe"),
    _Label(lambda each: each.syn and each.acknowledged is not None, "SYN-ACK", ("numbers", "answer"), "SYN-ACK"),
    _Label(lambda each: each.syn, "SYN", ("numbers",), "SYN"),
    _Label(lambda each: each.rst, "RST", ("numbers",), "RST"),
    _Label(lambda each: each.fin and each.size > 0, "data, FIN", ("numbers", "answer"), "FIN seq={number}"),
    _Label(lambda each: each.fin, "FIN", ("numbers", "answer"), "FIN seq={number}"),
    _Label(lambda each: each.size > 0, "data", ("numbers", "window"), "len={size}"),
    _Label(lambda each: each.update, "window update", ("answer", "window"), "ACK"),
    _Label(lambda each: True, "ACK", ("answer", "window"), "ACK"),
)
"""The kinds of segments; the first that applies counts."""


def _with_label(arrow: Arrow, segment: _Segment) -> Arrow:
    kind = next(each for each in _LABELS if each.applies(segment))
    parts = segment.parts()
    label = " ".join(filter(None, [kind.head, *(parts[name] for name in kind.parts)]))
    special = segment.syn or segment.fin or segment.rst or segment.probe or segment.full or segment.update
    return replace(
        arrow, label=label, brief=kind.brief.format(number=segment.number, size=segment.size), again=segment.again,
        size=segment.size, plain=not special,
    )  # fmt: skip


def _from(number: int, first: int) -> int:
    """A sequence number relative to the first one; negative if it is before that."""
    return (number - first + _RELATIVE) % (1 << 32) - _RELATIVE
