"""What went over the wire: a capture's packets as arrows from host to host, told in the words of RFC 9293."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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
"""RFC 792, RFC 1812: type and code of what an ICMP message reports."""

ICMP6_WORDS = {
    (1, 0): "no route", (1, 1): "communication prohibited", (1, 3): "host unreachable", (1, 4): "port unreachable",
    (2, 0): "packet too big", (3, 0): "time exceeded",
}  # fmt: skip
"""RFC 4443."""


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
    """When it left its host; None where it was only seen to arrive, such as the second of two."""
    arrived: int | None
    """When it reached the other host; None where it was lost."""
    label: str
    brief: str
    """The label where there is little room."""
    again: bool = False
    """Whether its data, SYN or FIN had been sent before."""
    size: int = 0
    """Bytes of data."""
    source_host: str = ""
    target_host: str = ""
    """Where it was seen to leave and to arrive: that may be on the way to an address that nobody has."""
    plain: bool = False
    """Whether it is data or an acknowledgement and nothing else, so that many of its kind can be told as one."""

    @property
    def at(self) -> int:
        """When it was first seen."""
        return (self.arrived or 0) if self.sent is None else self.sent


@dataclass(frozen=True)
class Wire:
    """A cell's packets, in order of time, and those that are not drawn: neighbours and routers."""

    arrows: tuple[Arrow, ...]
    undrawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seen:
    """A packet with what identifies it at both ends."""

    packet: Packet
    source: End
    target: End
    body: Any
    key: tuple[Any, ...]


def wire(packets: Sequence[Packet], hosts: Mapping[str, str], complete: bool) -> Wire:
    """The arrows of a capture. ``hosts`` names the host that has an address; only where the capture is ``complete``
    can what did not arrive be told from what was not seen.
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
    return Wire(tuple(_told(arrows)), {kind: number for kind, number in undrawn.items() if number})


def _kind(packet: Packet) -> str:
    return {0x0806: "ARP", _IP6: "ICMPv6"}.get(packet.protocol, f"protocol {packet.protocol:#06x}")


def _seen(packet: Packet) -> _Seen | None:
    """A packet of TCP, UDP or ICMP that is about a conversation; None for any other."""
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
    """The ports between which an ICMP message goes: to whoever sent the packet that it is about, from whoever that
    was for, unless somebody on the way reports.
    """
    try:
        inner = (ip6.IP6 if about[0] >> 4 == 6 else ip.IP)(about)
        header = inner.__hdr_len__ + (len(inner.opts) if isinstance(inner, ip.IP) else 0)
        sender, receiver = struct.unpack_from("!HH", about, header)
    except (DpktError, IndexError, struct.error):
        return 0, 0
    return (receiver if str(ipaddress.ip_address(inner.dst)) == reporter else 0), sender


def _without_checksum(body: Any, content: bytes) -> bytes:
    """A checksum may be completed on the way."""
    at = 16 if isinstance(body, tcp.TCP) else 6 if isinstance(body, udp.UDP) else 2
    return content[:at] + content[at + 2 :]


def _matched(sent: list[_Seen], arrived: list[_Seen], complete: bool) -> Iterator[tuple[Arrow, _Seen]]:
    """Each packet that was sent with its arrival, where there was one; then arrivals of what nobody sent like that."""
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
    """What one end of a TCP connection has sent so far."""

    first: int | None = None
    next: int = 0
    """After the last sequence number so far, from ``first``."""
    window: int | None = None


def _told(pairs: Sequence[tuple[Arrow, _Seen]]) -> Iterator[Arrow]:
    """Arrows with their labels; sequence numbers count from the first of each direction."""
    directions: dict[tuple[End, End], _Direction] = {}
    for arrow, seen in pairs:
        body = seen.body
        if isinstance(body, tcp.TCP):
            there = directions.setdefault((seen.source, seen.target), _Direction())
            back = directions.setdefault((seen.target, seen.source), _Direction())
            yield _segment(arrow, body, _size(seen), there, back)
        elif isinstance(body, udp.UDP):
            size = max(0, int(body.ulen) - 8)
            yield replace(arrow, label=f"datagram len={size}", brief=f"len={size}", size=size)
        else:
            words = (ICMP_WORDS if isinstance(body, icmp.ICMP) else ICMP6_WORDS).get((body.type, body.code))
            label = f"ICMP {words or f'type {body.type} code {body.code}'}"
            yield replace(arrow, label=label, brief=words or "ICMP")


def _size(seen: _Seen) -> int:
    """Bytes of data in a TCP segment: by the IP header, for the capture may not have all of them."""
    content = seen.packet.content
    whole = int.from_bytes(content[2:4] if seen.packet.protocol == _IP4 else content[4:6], "big")
    header = (content[0] & 0xF) * 4 if seen.packet.protocol == _IP4 else 0
    return max(0, whole - header - int(seen.body.off) * 4)


def _segment(arrow: Arrow, segment: Any, size: int, there: _Direction, back: _Direction) -> Arrow:
    syn, fin, rst, ack = (bool(segment.flags & flag) for flag in (tcp.TH_SYN, tcp.TH_FIN, tcp.TH_RST, tcp.TH_ACK))
    if there.first is None or (syn and arrow.sent is not None and segment.seq != there.first and not size):
        there.first = segment.seq if syn or rst else (segment.seq - 1) & 0xFFFFFFFF
        there.next = 0
    if ack and back.first is None and not rst:
        back.first = (segment.ack - 1) & 0xFFFFFFFF
    number = _from(segment.seq, there.first)
    acknowledged = _from(segment.ack, back.first) if ack and back.first is not None else None
    length = size + syn + fin
    probe = not (syn or fin or rst or size) and number == there.next - 1
    again = arrow.sent is not None and not probe and bool(length) and number + length <= there.next
    closed = back.window == 0
    if not probe:
        there.next = max(there.next, number + length)
    opened, there.window = there.window, segment.win
    numbers = [f"seq={number}"] + ([f"len={size}"] if size else [])
    answer = [f"ack={acknowledged}"] if acknowledged is not None else []
    window = ["win=0"] if segment.win == 0 and not (rst or syn) else []
    update = opened == 0 and segment.win > 0 and not length
    if probe:
        label, brief = ("window probe" if closed else "keepalive probe"), "probe"
    elif syn:
        label, brief = " ".join(["SYN-ACK" if ack else "SYN", *numbers, *answer]), "SYN-ACK" if ack else "SYN"
    elif rst:
        label, brief = " ".join(["RST", *numbers]), "RST"
    elif fin:
        label, brief = " ".join(["FIN" if not size else "data, FIN", *numbers, *answer]), f"FIN seq={number}"
    elif size:
        label, brief = " ".join(["data", *numbers, *window]), f"len={size}"
    else:
        label, brief = " ".join(["window update" if update else "ACK", *answer, *window]), "ACK"
    plain = not (syn or fin or rst or probe or window or update)
    return replace(arrow, label=label, brief=brief, again=again, size=size, plain=plain)


def _from(number: int, first: int) -> int:
    """A sequence number from the first one; negative where it lies before it."""
    return (number - first + _RELATIVE) % (1 << 32) - _RELATIVE
