"""The kernel's list of TCP sockets (sock_diag(7)): those of all processes, and closed ones that still exist.

The kernel answers for the network namespace of the thread that opens the conversation. No privilege is needed.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Optional

from conformance.worker.network.netlink import DUMP, Conversation, attributes

_PROTOCOL, _BY_FAMILY = 4, 20
"""NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY."""

_INFO = 2
"""INET_DIAG_INFO: the socket's struct tcp_info, asked for by a bit and answered as an attribute."""

_ID = struct.Struct("!HH16s16sIQ")
_PORTS, _COOKIE = struct.Struct("!HH"), struct.Struct("=Q")
_REQUEST = struct.Struct("=BBBBI")
_ANSWER_HEAD, _ANSWER_TAIL = struct.Struct("=BBBB"), struct.Struct("=IIIII")
_RETRANSMITS, _UNSENT = 100, 144
"""Offsets of tcpi_total_retrans and tcpi_notsent_bytes in struct tcp_info (linux/tcp.h)."""


STATES = {
    1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED",
    8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED",
}  # fmt: skip
"""Linux's number of a state (net/tcp_states.h) to its name in RFC 9293 section 3.3.2."""

LISTEN = "LISTEN"

_CLOSED = 7
_ASKED = sum(1 << number for number in STATES if number != _CLOSED)

_TIMERS = {1: "retransmission", 2: "keepalive", 3: "time-wait", 4: "zero-window probe"}
"""Which timer runs: idiag_timer of sock_diag(7)."""

_SYN_UNANSWERED = frozenset(["SYN-SENT", "SYN-RECEIVED"])
_FIN_UNANSWERED = frozenset(["FIN-WAIT-1", "CLOSING", "LAST-ACK"])
UNANSWERED = _SYN_UNANSWERED | _FIN_UNANSWERED
"""The states in which our SYN or FIN is not acknowledged yet."""

_FIN_RECEIVED = frozenset(["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"])


@dataclass(frozen=True)
class TcpEnd:
    """One end of a connection, or a listener. Sizes are bytes of data; SYN and FIN are not counted."""

    identity: int
    """The kernel's number of the socket, which stays the same after close."""
    inode: int
    """0 if it has no descriptor: closed, or not accepted yet."""
    state: str
    local: tuple[str, int]
    peer: tuple[str, int]
    unread: int = 0
    unacknowledged: int = 0
    """Bytes that are not acknowledged, including those not sent yet."""
    unsent: int = 0
    retransmits: int = 0
    """Retransmitted segments so far."""
    timer: str = ""
    queued: int = 0
    """Of a listener: connections that wait to be accepted."""


class SockDiag(Conversation):
    """A conversation with the kernel about TCP sockets. OSError if the kernel has no sock_diag."""

    def __init__(self) -> None:
        super().__init__(_PROTOCOL)

    def identities(self, family: int) -> set[int]:
        """The kernel's numbers of all TCP sockets of an address family that are connected or listen."""
        return {_identity(answer) for answer in self._dump(family, 0)}

    def tcp(
        self, family: int, but: AbstractSet[int] = frozenset(), ports: Optional[AbstractSet[int]] = None
    ) -> Iterator[TcpEnd]:
        """These sockets, those in ``but`` left out; with ``ports`` only those with one of these ports at either end."""
        for answer in self._dump(family, 1 << (_INFO - 1)):
            if _identity(answer) not in but and (ports is None or not ports.isdisjoint(_PORTS.unpack_from(answer, 4))):
                yield _end(answer)

    def _dump(self, family: int, extensions: int) -> Iterator[bytes]:
        body = _REQUEST.pack(family, socket.IPPROTO_TCP, extensions, 0, _ASKED) + bytes(_ID.size)
        return self.ask(_BY_FAMILY, DUMP, body)


def _end(answer: bytes) -> TcpEnd:
    family, number, timer, _ = _ANSWER_HEAD.unpack_from(answer)
    port, peer_port, address, peer_address, _, _ = _ID.unpack_from(answer, _ANSWER_HEAD.size)
    _, received, sent, _, inode = _ANSWER_TAIL.unpack_from(answer, _ANSWER_HEAD.size + _ID.size)
    state = STATES.get(number, str(number))
    ends = (_address(family, address), port), (_address(family, peer_address), peer_port)
    if state == LISTEN:
        return TcpEnd(_identity(answer), inode, state, *ends, queued=received)
    info = dict(attributes(answer[_ANSWER_HEAD.size + _ID.size + _ANSWER_TAIL.size :])).get(_INFO, b"")
    return TcpEnd(
        _identity(answer), inode, state, *ends,
        unread=received - 1 if state in _FIN_RECEIVED and received else received,
        unacknowledged=sent - 1 if state in UNANSWERED and sent else sent,
        unsent=_number(info, _UNSENT),
        retransmits=_number(info, _RETRANSMITS),
        timer=_TIMERS.get(timer, ""),
    )  # fmt: skip


def _identity(answer: bytes) -> int:
    return int(_COOKIE.unpack_from(answer, _ANSWER_HEAD.size + _ID.size - _COOKIE.size)[0])


def _number(info: bytes, offset: int) -> int:
    return int(struct.unpack_from("=I", info, offset)[0]) if len(info) >= offset + 4 else 0


def _address(family: int, packed: bytes) -> str:
    """An address as text; an IPv4-mapped IPv6 address as the IPv4 one."""
    if family == socket.AF_INET6 and packed.startswith(bytes(10) + b"\xff\xff"):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(family, packed[: 16 if family == socket.AF_INET6 else 4])


def descriptor_state(number: int) -> Optional[str]:
    """The state of one socket of this process by getsockopt(TCP_INFO); None if unknown."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=number)
    try:
        info = probe.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RETRANSMITS)
    except OSError:
        return None
    finally:
        probe.detach()
    return STATES.get(info[0]) if len(info) == _RETRANSMITS else None
