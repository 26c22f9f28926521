"""Forged TCP segments: they look to one end of a connection as if the other had sent them (RFC 9293 section 3.1)."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

from conformance.model.errors import Unsupported
from conformance.worker.network import ip_packets

if sys.platform != "win32":
    import fcntl

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
"""linux/tcp.h: a socket in repair mode shows its sequence numbers, and closes without a segment to its peer."""

_REPAIR_ON, _REPAIR_OFF_QUIETLY, _RECEIVE_QUEUE, _SEND_QUEUE = 1, -1, 1, 2

_SIOCOUTQ = 0x5411
"""Bytes that were written and are not yet acknowledged (tcp(7))."""

_WINDOW = 0xFFFF

_FLAGS = {"FIN": 0x01, "RST": 0x04, "ACK": 0x10}
_OFFSETS = {"next": 0, "in-window": 1, "outside-window": 1 << 30}
"""Distance from the sequence number that the receiver expects next."""


@contextlib.contextmanager
def in_repair(descriptor: int) -> Iterator[socket.socket]:
    """A second socket object for a TCP connection, which is in repair mode until the block ends."""
    copy = socket.socket(fileno=os.dup(descriptor))
    try:
        copy.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, _REPAIR_ON)
        yield copy
        copy.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, _REPAIR_OFF_QUIETLY)
    except PermissionError:
        raise Unsupported("TCP_REPAIR needs CAP_NET_ADMIN") from None
    finally:
        copy.close()


def expected_numbers(descriptor: int) -> tuple[int, int]:
    """The sequence number that a connected socket expects next, and the lowest acknowledgement that it still accepts.

    It drops a segment without an acceptable acknowledgement (RFC 9293 section 3.10.7.4, fifth check).
    """
    with in_repair(descriptor) as sock:
        numbers = []
        for queue in (_RECEIVE_QUEUE, _SEND_QUEUE):
            sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            numbers.append(sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ))
    (unacknowledged,) = struct.unpack("i", fcntl.ioctl(descriptor, _SIOCOUTQ, bytes(4)))
    return numbers[0] & 0xFFFFFFFF, (numbers[1] - unacknowledged) & 0xFFFFFFFF


def send_segment(kind: str, sequence: str, expected: tuple[int, int], source: Any, target: Any) -> None:
    """Sends an empty segment. ``expected``: from :func:`expected_numbers`; ``sequence``: its place relative to that."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    number = (expected[0] + _OFFSETS[sequence]) & 0xFFFFFFFF
    flags, acknowledged = _FLAGS[kind], 0
    if kind == "FIN":
        flags, acknowledged = flags | _FLAGS["ACK"], expected[1]
    head = struct.pack("!HHIIBBHHH", source[1], target[1], number, acknowledged, 5 << 4, flags, _WINDOW, 0, 0)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as sender:
        sender.bind((source[0], 0))
        ends = ip_packets.packed(source[0]), ip_packets.packed(target[0])
        sender.sendto(ip_packets.summed(head, *ends), (target[0], 0))
