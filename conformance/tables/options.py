"""Socket options by name: their level and the type of their value. Only this module knows the layouts of platforms."""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import Any

INT, BOOL, SECONDS, LINGER, ERROR, TEXT = "int", "bool", "seconds", "linger", "error", "text"
CREDENTIALS, SYMBOL = "credentials", "symbol"

OPTIONS: dict[str, tuple[str, str]] = {
    "SO_ACCEPTCONN": ("SOL_SOCKET", BOOL),
    "SO_BROADCAST": ("SOL_SOCKET", BOOL),
    "SO_DEBUG": ("SOL_SOCKET", BOOL),
    "SO_DOMAIN": ("SOL_SOCKET", SYMBOL),
    "SO_DONTROUTE": ("SOL_SOCKET", BOOL),
    "SO_ERROR": ("SOL_SOCKET", ERROR),
    "SO_EXCLUSIVEADDRUSE": ("SOL_SOCKET", BOOL),
    "SO_KEEPALIVE": ("SOL_SOCKET", BOOL),
    "SO_LINGER": ("SOL_SOCKET", LINGER),
    "SO_OOBINLINE": ("SOL_SOCKET", BOOL),
    "SO_PASSCRED": ("SOL_SOCKET", BOOL),
    "SO_PEERCRED": ("SOL_SOCKET", CREDENTIALS),
    "SO_PRIORITY": ("SOL_SOCKET", INT),
    "SO_PROTOCOL": ("SOL_SOCKET", INT),
    "SO_RCVBUF": ("SOL_SOCKET", INT),
    "SO_RCVLOWAT": ("SOL_SOCKET", INT),
    "SO_RCVTIMEO": ("SOL_SOCKET", SECONDS),
    "SO_REUSEADDR": ("SOL_SOCKET", BOOL),
    "SO_REUSEPORT": ("SOL_SOCKET", BOOL),
    "SO_SNDBUF": ("SOL_SOCKET", INT),
    "SO_SNDLOWAT": ("SOL_SOCKET", INT),
    "SO_SNDTIMEO": ("SOL_SOCKET", SECONDS),
    "SO_TYPE": ("SOL_SOCKET", SYMBOL),
    "IP_TTL": ("IPPROTO_IP", INT),
    "IP_TOS": ("IPPROTO_IP", INT),
    "IP_MULTICAST_TTL": ("IPPROTO_IP", INT),
    "IP_MULTICAST_LOOP": ("IPPROTO_IP", BOOL),
    "IP_MTU": ("IPPROTO_IP", INT),
    "IP_MTU_DISCOVER": ("IPPROTO_IP", INT),
    "IPV6_MTU": ("IPPROTO_IPV6", INT),
    "IPV6_MTU_DISCOVER": ("IPPROTO_IPV6", INT),
    "IPV6_V6ONLY": ("IPPROTO_IPV6", BOOL),
    "IPV6_UNICAST_HOPS": ("IPPROTO_IPV6", INT),
    "TCP_NODELAY": ("IPPROTO_TCP", BOOL),
    "TCP_CORK": ("IPPROTO_TCP", BOOL),
    "TCP_MAXSEG": ("IPPROTO_TCP", INT),
    "TCP_KEEPIDLE": ("IPPROTO_TCP", INT),
    "TCP_KEEPINTVL": ("IPPROTO_TCP", INT),
    "TCP_KEEPCNT": ("IPPROTO_TCP", INT),
    "TCP_SYNCNT": ("IPPROTO_TCP", INT),
    "TCP_LINGER2": ("IPPROTO_TCP", INT),
    "TCP_DEFER_ACCEPT": ("IPPROTO_TCP", INT),
    "TCP_QUICKACK": ("IPPROTO_TCP", BOOL),
    "TCP_CONGESTION": ("IPPROTO_TCP", TEXT),
    "TCP_USER_TIMEOUT": ("IPPROTO_TCP", INT),
    "TCP_NOTSENT_LOWAT": ("IPPROTO_TCP", INT),
}
"""Option name to (level, kind of value)."""

NUMBERS = {
    "linux": {
        "IP_MTU_DISCOVER": 10, "IP_MTU": 14, "IP_PMTUDISC_DO": 2, "IP_PMTUDISC_DONT": 0,
        "IPV6_MTU_DISCOVER": 23, "IPV6_MTU": 24, "IPV6_PMTUDISC_DO": 2,
    },
}  # fmt: skip
"""Constants that Python does not name, by sys.platform: linux/in.h and linux/in6.h."""

BYTES = frozenset(
    ["SO_RCVBUF", "SO_RCVLOWAT", "SO_SNDBUF", "SO_SNDLOWAT", "TCP_MAXSEG", "TCP_NOTSENT_LOWAT", "IP_MTU", "IPV6_MTU"]
)
"""The options that are numbers of bytes."""

_ENUMERATIONS: dict[str, Any] = {"SO_DOMAIN": socket.AddressFamily, "SO_TYPE": socket.SocketKind}
"""For options whose values are constants: the enumeration of these."""


def unit_of_option(name: str | None) -> str:
    """The unit of an option's value; empty if it has none."""
    if name in BYTES:
        return "bytes"
    return "s" if name in OPTIONS and OPTIONS[name][1] == SECONDS else ""


_WINDOWS = sys.platform == "win32"
_LINGER_FORMAT = "hh" if _WINDOWS else "ii"
_TIMEVAL_FORMAT = "@ll"
_CREDENTIALS_FORMAT = "iII"
"""Linux struct ucred: process, user, group."""


def packed(name: str, value: Any) -> int | bytes:
    """``value`` as setsockopt takes it: an int, or the bytes of a structure of this platform."""
    kind = OPTIONS[name][1]
    if kind == LINGER:
        return struct.pack(_LINGER_FORMAT, value["onoff"], value["linger"])
    if kind == SECONDS:
        if _WINDOWS:
            return struct.pack("<L", round(value * 1000))
        return struct.pack(_TIMEVAL_FORMAT, int(value), round(value % 1 * 1_000_000))
    if kind == TEXT:
        return str(value).encode()
    return int(value)


def unpacked(name: str, read: Any) -> Any:
    """The value that getsockopt returned, typed: a boolean option as bool, a structure as its fields."""
    kind = OPTIONS[name][1]
    if kind == BOOL:
        return bool(read)
    if kind == LINGER:
        onoff, linger = struct.unpack(_LINGER_FORMAT, read)
        return {"onoff": int(bool(onoff)), "linger": linger}
    if kind == SECONDS:
        if _WINDOWS:
            return struct.unpack("<L", read)[0] / 1000
        seconds, micro = struct.unpack(_TIMEVAL_FORMAT, read)
        return seconds + micro / 1_000_000
    if kind == SYMBOL:
        return _ENUMERATIONS[name](read)
    if kind == TEXT:
        return bytes(read).rstrip(b"\0").decode("ascii", "replace")
    if kind == CREDENTIALS:
        own = {"process": os.getpid(), "user": os.getuid(), "group": os.getgid()}
        found = zip(own.items(), struct.unpack(_CREDENTIALS_FORMAT, read))
        return {name: "own" if number == mine else "another" for (name, mine), number in found}
    return read


def readable_size(name: str) -> int | None:
    """How many bytes to ask getsockopt for; None for an int."""
    kind = OPTIONS[name][1]
    if kind == LINGER:
        return struct.calcsize(_LINGER_FORMAT)
    if kind == SECONDS:
        return 4 if _WINDOWS else struct.calcsize(_TIMEVAL_FORMAT)
    if kind == CREDENTIALS:
        return struct.calcsize(_CREDENTIALS_FORMAT)
    return 16 if kind == TEXT else None


def level_number(name: str) -> int:
    """The number of the option's level on this platform; AttributeError if it has none."""
    return int(getattr(socket, OPTIONS[name][0]))
