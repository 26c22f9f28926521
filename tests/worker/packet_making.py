"""Packets for the tests, made independently of the code under test that reads and cuts packets."""

from __future__ import annotations

import socket
import struct

CLIENT, SERVER = "192.0.2.1", "192.0.2.2"
CLIENT6, SERVER6 = "2001:db8::1", "2001:db8::2"


def summed(content: bytes) -> int:
    """The ones' complement sum of 16-bit words (RFC 1071), by its definition; 0xffff if the checksum in it is right."""
    total = 0
    for at in range(0, len(content), 2):
        total += int.from_bytes(content[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def packet(protocol: int, content: bytes, source: str = CLIENT, target: str = SERVER) -> bytes:
    """An IP packet around a segment or a datagram, with correct checksums."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, target)
    at = 16 if protocol == socket.IPPROTO_TCP else 6
    check = ~summed(ends + struct.pack("!II", len(content), protocol) + content) & 0xFFFF
    content = content[:at] + struct.pack("!H", check) + content[at + 2 :]
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(content), protocol, 64) + ends + content
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), 7, 0x4000, 64, protocol, 0) + ends
    return head[:10] + struct.pack("!H", ~summed(head) & 0xFFFF) + head[12:] + content


def tcp(flags: int, data: bytes = b"", sequence: int = 1000, urgent: int = 0, **ends: str) -> bytes:
    """A TCP packet with two no-operations for options. ``ends`` are its addresses, as in :func:`packet`."""
    head = struct.pack("!HHIIBBHHH", 40000, 80, sequence, 5, 6 << 4, flags, 500, 0, urgent) + b"\1\1\1\0"
    return packet(socket.IPPROTO_TCP, head + data, **ends)


def udp(data: bytes, **ends: str) -> bytes:
    """A UDP packet."""
    return packet(socket.IPPROTO_UDP, struct.pack("!HHHH", 40000, 53, 8 + len(data), 0) + data, **ends)


def valid(raw: bytes) -> bool:
    """True if the checksums of a packet are right; it must not be a fragment."""
    if raw[0] >> 4 == 4:
        head, ends, protocol, content = raw[:20], raw[12:20], raw[9], raw[20:]
    else:
        head, ends, protocol, content = b"\xff\xff", raw[8:40], raw[6], raw[40:]
    return summed(head) == 0xFFFF == summed(ends + struct.pack("!II", len(content), protocol) + content)
