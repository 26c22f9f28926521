"""Firewall messages (nfnetlink, linux/netfilter/nf_tables.h): drops or refuses TCP and UDP packets for a host.

A firewall is in the network namespace of the thread that makes it. ICMP always passes: IPv6 finds neighbours by it.
"""

from __future__ import annotations

import socket
import struct
from typing import Optional

from conformance.worker.network.netlink import ACK, CREATE, ORDER, REQUEST, Conversation, attribute

INPUT, FORWARD = 1, 2
"""Which packets are checked: those for the host, or those that it forwards."""

_NETFILTER, _TABLES, _INET = 12, 10, 1
_BEGIN, _END = 16, 17
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _NEW_RULE = 0, 2, 3, 6
_APPEND = 0x800
_NESTED = 0x8000
_HEADER, _WHAT = struct.Struct(f"{ORDER}IHHII"), struct.Struct("!BBH")
_NAME = b"conformance\0"

_REGISTER, _VERDICT, _EQUAL, _DROP = 1, 0, 0, 0
_LAYER4, _TRANSPORT_HEADER, _DESTINATION_PORT = 16, 2, 2
_TCP_RESET, _ICMP = 1, 2

_CODES = {"net-unreachable": 0, "port-unreachable": 1, "host-unreachable": 2, "admin-prohibited": 3}
"""enum nft_reject_inet_code: the ICMP and the ICMPv6 message of one meaning have the same number."""


class Firewall(Conversation):
    """A conversation about the firewall of a host. OSError if the kernel has no nf_tables."""

    def __init__(self) -> None:
        super().__init__(_NETFILTER)

    def set(self, answer: str, where: int, port: Optional[int]) -> None:
        """Answers packets in this way from now on: all of them, or those to one port."""
        hook = _number(1, where) + _number(2, 0)
        chain = attribute(1, _NAME) + attribute(3, _NAME) + attribute(4 | _NESTED, hook) + attribute(7, b"filter\0")
        protocols = [socket.IPPROTO_TCP] + ([] if answer == "reset" else [socket.IPPROTO_UDP])
        rules = [(_NEW_RULE, _APPEND, _rule(answer, each, port)) for each in protocols]
        self._change([(_NEW_TABLE, 0, attribute(1, _NAME)), (_NEW_CHAIN, 0, chain), *rules])

    def remove(self) -> None:
        """Removes the answer that :meth:`set` made."""
        self._change([(_DELETE_TABLE, 0, attribute(1, _NAME))])

    def _change(self, changes: list[tuple[int, int, bytes]]) -> None:
        """Makes all of these changes or none: the kernel calls this a batch."""
        self._number += 1
        parts = [self._message(_BEGIN, 0, _WHAT.pack(0, 0, _TABLES), REQUEST)]
        for kind, flags, body in changes:
            head = _WHAT.pack(_INET, 0, 0)
            parts.append(self._message(_TABLES << 8 | kind, flags, head + body, REQUEST | ACK | CREATE))
        parts.append(self._message(_END, 0, _WHAT.pack(0, 0, _TABLES), REQUEST))
        self.tell(b"".join(parts), len(changes))

    def _message(self, kind: int, flags: int, body: bytes, always: int) -> bytes:
        return _HEADER.pack(_HEADER.size + len(body), kind, always | flags, self._number, 0) + body


def _rule(answer: str, protocol: int, port: Optional[int]) -> bytes:
    wanted = _expression("meta", _number(1, _REGISTER) + _number(2, _LAYER4)) + _is(bytes([protocol]))
    if port is not None:
        field = _number(1, _REGISTER) + _number(2, _TRANSPORT_HEADER) + _number(3, _DESTINATION_PORT) + _number(4, 2)
        wanted += _expression("payload", field) + _is(struct.pack("!H", port))
    return attribute(1, _NAME) + attribute(2, _NAME) + attribute(4 | _NESTED, wanted + _answer(answer))


def _answer(answer: str) -> bytes:
    if answer == "drop":
        verdict = attribute(2 | _NESTED, attribute(2 | _NESTED, _number(1, _DROP)))
        return _expression("immediate", _number(1, _VERDICT) + verdict)
    if answer == "reset":
        return _expression("reject", _number(1, _TCP_RESET))
    return _expression("reject", _number(1, _ICMP) + attribute(2, bytes([_CODES[answer]])))


def _is(value: bytes) -> bytes:
    """True if the register holds this value."""
    data = attribute(3 | _NESTED, attribute(1, value))
    return _expression("cmp", _number(1, _REGISTER) + _number(2, _EQUAL) + data)


def _expression(name: str, data: bytes) -> bytes:
    return attribute(1 | _NESTED, attribute(1, name.encode() + b"\0") + attribute(2 | _NESTED, data))


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))
