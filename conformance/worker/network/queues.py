"""Queue messages (rtnetlink(7), RTM_NEWQDISC and RTM_DELQDISC): lose or slow down packets that an interface sends."""

from __future__ import annotations

import socket
import struct

from conformance.worker.network.netlink import CREATE, ORDER, REPLACE, RouteNetlink, attribute, number

_NEWQDISC, _DELQDISC = 36, 37
_QUEUE = struct.Struct(f"{ORDER}BxxxiIII")
_KIND, _OPTIONS = 1, 2
_ROOT, _HANDLE = 0xFFFFFFFF, 0x10000

_TBF_PARAMETERS, _TBF_BURST, _ETHERNET = 1, 6, 1
_RATE = struct.Struct(f"{ORDER}BBHhHI")
_TBF = struct.Struct(f"{ORDER}{_RATE.size}s{_RATE.size}sIII")
BURST, QUEUE_BYTES = 3000, 256 * 1024


def black_hole(kernel: RouteNetlink, name: str) -> None:
    """Packets that the interface sends are lost; it keeps its carrier."""
    _set(kernel, name, "blackhole", b"")


def limit_rate(kernel: RouteNetlink, name: str, rate: int) -> None:
    """Packets leave by a token bucket of this many bytes a second (tc-tbf(8); linux/pkt_sched.h, tc_tbf_qopt)."""
    bucket = _TBF.pack(_RATE.pack(0, _ETHERNET, 0, 0, 0, rate), bytes(_RATE.size), QUEUE_BYTES, 0, 0)
    options = attribute(_TBF_PARAMETERS, bucket) + attribute(_TBF_BURST, number(BURST))
    _set(kernel, name, "tbf", attribute(_OPTIONS, options))


def reset(kernel: RouteNetlink, name: str) -> None:
    """Restores the first queue of the interface."""
    kernel.request(_DELQDISC, 0, _QUEUE.pack(0, socket.if_nametoindex(name), _HANDLE, _ROOT, 0))


def _set(kernel: RouteNetlink, name: str, kind: str, options: bytes) -> None:
    head = _QUEUE.pack(0, socket.if_nametoindex(name), _HANDLE, _ROOT, 0)
    kernel.request(_NEWQDISC, CREATE | REPLACE, head + attribute(_KIND, kind.encode() + b"\0") + options)
