"""IP packets between two hosts: reads the kind of each, damages one, cuts one into several with the same data.

RFC 791 and RFC 8200 (IP and its fragments), RFC 9293 section 3.1 (TCP), RFC 768 (UDP).
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Optional

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

_TCP, _UDP, _FRAGMENT_HEADER = 6, 17, 44
_ICMP = (1, 58)
_MORE_FRAGMENTS = 0x2000
_IP6_HEADER = 40


@dataclass(frozen=True)
class Packet:
    """One IP packet. ``start`` and ``body``: where its transport header and its data begin, in bytes."""

    octets: bytes
    source: bytes
    target: bytes
    protocol: int
    start: int
    body: int
    kinds: frozenset[str]
    """The words of the packet rules that hold for it (``conformance.tables.faults.PACKETS``)."""

    @property
    def data(self) -> int:
        """Number of bytes after the transport header."""
        return len(self.octets) - self.body

    @property
    def flow(self) -> Optional[frozenset[bytes]]:
        """Both ends of a TCP connection, the same for both directions; None for any other packet."""
        if self.protocol != _TCP or "fragment" in self.kinds:
            return None
        ports = self.octets[self.start : self.start + 4]
        return frozenset([self.source + ports[:2], self.target + ports[2:]])


def read(octets: bytes) -> Optional[Packet]:
    """The packet in these bytes; None if they are not one that we can read."""
    try:
        version = octets[0] >> 4
        return _read4(octets) if version == 4 else _read6(octets) if version == 6 else None
    except (IndexError, struct.error):
        return None


def _read4(octets: bytes) -> Packet:
    start, fragment = (octets[0] & 15) * 4, struct.unpack_from("!H", octets, 6)[0]
    whole = not fragment & 0x3FFF
    size = struct.unpack_from("!H", octets, 2)[0]
    return _packet(octets[:size], octets[12:16], octets[16:20], octets[9], start, whole)


def _read6(octets: bytes) -> Packet:
    protocol, start, whole = octets[6], _IP6_HEADER, True
    if protocol == _FRAGMENT_HEADER:
        protocol, start, whole = octets[start], start + 8, False
    return _packet(octets, octets[8:24], octets[24:40], protocol, start, whole)


def _packet(octets: bytes, source: bytes, target: bytes, protocol: int, start: int, whole: bool) -> Packet:
    body, kinds = start, {"any"}
    if not whole:
        kinds.add("fragment")
    elif protocol == _TCP:
        body = start + (octets[start + 12] >> 4) * 4
        kinds.update(_segment_kinds(octets[start + 13], len(octets) - body))
    elif protocol == _UDP:
        body = start + 8
        kinds.add("datagram")
    elif protocol in _ICMP:
        kinds.add("ICMP")
    return Packet(octets, source, target, protocol, start, body, frozenset(kinds))


def _segment_kinds(flags: int, data: int) -> Iterator[str]:
    """The kinds of a segment. One with data and FIN is both; ``ACK`` means that it only acknowledges."""
    if flags & SYN:
        yield "SYN-ACK" if flags & ACK else "SYN"
    if flags & FIN:
        yield "FIN"
    if flags & RST:
        yield "RST"
    if flags & URG:
        yield "urgent"
    if data:
        yield "data"
    elif not flags & (SYN | FIN | RST):
        yield "ACK"


# damaging and cutting


def damaged(packet: Packet) -> Packet:
    """The packet with the last bit of its data changed, but not its checksum."""
    return replace(packet, octets=packet.octets[:-1] + bytes([packet.octets[-1] ^ 1]))


def divisible(packet: Packet, size: int) -> bool:
    """True if :func:`divided` makes more than one packet of it."""
    if packet.protocol == _TCP:
        return "data" in packet.kinds and packet.data > size
    return "datagram" in packet.kinds and len(packet.octets) - packet.start > _whole_eights(size)


def divided(packet: Packet, size: int) -> list[bytes]:
    """A segment as several with at most ``size`` bytes of data each; a datagram as IP fragments of that size.

    A fragment holds a multiple of eight bytes (RFC 791 section 3.1), so ``size`` is rounded down.
    """
    if packet.protocol == _TCP:
        return [_piece(packet, at, min(size, packet.data - at)) for at in range(0, packet.data, size)]
    content, step = packet.octets[packet.start :], _whole_eights(size)
    make = _fragment4 if packet.octets[0] >> 4 == 4 else _fragment6
    return [make(packet, at, content[at : at + step], at + step < len(content)) for at in range(0, len(content), step)]


def _whole_eights(size: int) -> int:
    return max(8, size - size % 8)


def _piece(packet: Packet, at: int, size: int) -> bytes:
    """A segment with ``size`` bytes of another's data, from byte ``at`` on. Only the last part keeps FIN and PSH."""
    head = bytearray(packet.octets[packet.start : packet.body])
    sequence, urgent = struct.unpack_from("!I", head, 4)[0], struct.unpack_from("!H", head, 18)[0]
    struct.pack_into("!I", head, 4, (sequence + at) & 0xFFFFFFFF)
    if at + size < packet.data:
        head[13] &= ~(FIN | PSH) & 0xFF
    if head[13] & URG and urgent > at:
        struct.pack_into("!H", head, 18, urgent - at)
    elif head[13] & URG:
        head[13] &= ~URG & 0xFF
        struct.pack_into("!H", head, 18, 0)
    segment = bytes(head) + packet.octets[packet.body + at : packet.body + at + size]
    return _ip_header(packet, len(segment)) + summed(segment, packet.source, packet.target)


def summed(segment: bytes, source: bytes, target: bytes) -> bytes:
    """A TCP segment with its correct checksum between two addresses (RFC 9293 section 3.1).

    The pseudo-headers of IPv4 and IPv6 have fields of different lengths, but the same sum.
    """
    blank = segment[:16] + b"\0\0" + segment[18:]
    total = _checksum(source + target + struct.pack("!II", len(segment), _TCP) + blank)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def _ip_header(packet: Packet, size: int) -> bytes:
    """The IP header of a packet, changed for a content of another size."""
    head = bytearray(packet.octets[: packet.start])
    if head[0] >> 4 == 6:
        struct.pack_into("!H", head, 4, packet.start - _IP6_HEADER + size)
        return bytes(head)
    struct.pack_into("!H", head, 2, packet.start + size)
    return _summed4(head)


def _summed4(head: bytearray) -> bytes:
    struct.pack_into("!H", head, 10, 0)
    struct.pack_into("!H", head, 10, _checksum(bytes(head)))
    return bytes(head)


def _fragment4(packet: Packet, at: int, content: bytes, more: bool) -> bytes:
    head = bytearray(packet.octets[: packet.start])
    struct.pack_into("!HHH", head, 2, packet.start + len(content), _identification(packet) & 0xFFFF,
                     (_MORE_FRAGMENTS if more else 0) | at // 8)  # fmt: skip
    return _summed4(head) + content


def _fragment6(packet: Packet, at: int, content: bytes, more: bool) -> bytes:
    """RFC 8200 section 4.5."""
    head = packet.octets[:4] + struct.pack("!HB", 8 + len(content), _FRAGMENT_HEADER) + packet.octets[7:_IP6_HEADER]
    fragment = struct.pack("!BxHI", packet.protocol, at | (1 if more else 0), _identification(packet))
    return head + fragment + content


def _identification(packet: Packet) -> int:
    """A number for all fragments of one datagram: a datagram that must not be fragmented need not have one."""
    return zlib.crc32(packet.octets) | 1


def _checksum(content: bytes) -> int:
    """RFC 1071."""
    content += b"\0" * (len(content) % 2)
    total: int = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address: str) -> bytes:
    """An address as packets carry it."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
