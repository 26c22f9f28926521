"""The transports: how actors' sockets are connected, and named groups of transports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Transport:
    """One way to connect. ``address`` says how its addresses are made: ip, path, abstract, pair or none."""

    name: str
    family: Optional[str]
    type: Optional[str]
    address: str
    groups: frozenset[str]
    hosts: bool = False
    summary: str = ""

    @property
    def ip6(self) -> bool:
        """Whether addresses are IPv6."""
        return self.family == "AF_INET6"


def _row(  # noqa: PLR0913 (a row of the table: one parameter a column)
    name: str, family: str, kind: str, address: str, groups: str, summary: str, hosts: bool = False
) -> Transport:
    return Transport(name, family, kind, address, frozenset(groups.split()), hosts, summary)


_TCP = "stream tcp listening ip any"
_UDP = "datagram records ip any"

TRANSPORTS: dict[str, Transport] = {
    row.name: row
    for row in (
        _row("loopback", "AF_INET", "SOCK_STREAM", "ip", _TCP, "TCP over 127.0.0.1"),
        _row("loopback6", "AF_INET6", "SOCK_STREAM", "ip", _TCP, "TCP over ::1"),
        _row("inet", "AF_INET", "SOCK_STREAM", "ip", _TCP, "TCP between two hosts, an IPv4 address each", True),
        _row("inet6", "AF_INET6", "SOCK_STREAM", "ip", _TCP, "TCP between two hosts, an IPv6 address each", True),
        _row("unix", "AF_UNIX", "SOCK_STREAM", "path", "stream listening local any", "AF_UNIX stream at a path"),
        _row("unix-abstract", "AF_UNIX", "SOCK_STREAM", "abstract", "stream listening local any",
             "AF_UNIX stream at a Linux abstract name"),
        _row("socketpair", "AF_UNIX", "SOCK_STREAM", "pair", "stream local any",
             "what socket.socketpair() makes: AF_UNIX, or a TCP pair on Windows"),
        _row("udp", "AF_INET", "SOCK_DGRAM", "ip", _UDP, "UDP over 127.0.0.1"),
        _row("udp6", "AF_INET6", "SOCK_DGRAM", "ip", _UDP, "UDP over ::1"),
        _row("inet-udp", "AF_INET", "SOCK_DGRAM", "ip", _UDP, "UDP between two hosts, an IPv4 address each", True),
        _row("inet6-udp", "AF_INET6", "SOCK_DGRAM", "ip", _UDP, "UDP between two hosts, an IPv6 address each", True),
        _row("unix-dgram", "AF_UNIX", "SOCK_DGRAM", "path", "datagram records local any", "AF_UNIX datagrams"),
        _row("unix-seqpacket", "AF_UNIX", "SOCK_SEQPACKET", "path", "records listening local any",
             "AF_UNIX records with a connection"),
        Transport("none", None, None, "none", frozenset(), summary="no sockets are joined"),
    )
}  # fmt: skip

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name, row in TRANSPORTS.items() if group in row.groups)
    for group in ("stream", "tcp", "listening", "datagram", "records", "local", "ip", "any")
}

FIXTURES: dict[str, frozenset[str]] = {
    "nothing": frozenset(TRANSPORTS),
    "fresh": frozenset(TRANSPORTS) - {"none", "socketpair"},
    "bound": frozenset(GROUPS["datagram"]),
    "listening": frozenset(GROUPS["listening"]),
    "queued": frozenset(GROUPS["listening"]),
    "connected": frozenset(TRANSPORTS) - {"none"},
}
"""Each fixture and the transports on which it can be made."""


def expand(name: str) -> tuple[str, ...]:
    """The transports that a name of a transport or group stands for; empty for an unknown name."""
    if name in TRANSPORTS:
        return (name,)
    return GROUPS.get(name, ())


def terms(name: str) -> frozenset[str]:
    """The selector terms that hold on a transport: its name and its groups."""
    return TRANSPORTS[name].groups | {name}
