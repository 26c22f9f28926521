"""Route messages (rtnetlink(7), RTM_NEWROUTE): sets the interface or gateway for an address."""

from __future__ import annotations

import socket
import struct

from conformance.worker.network.netlink import CREATE, ORDER, REPLACE, RouteNetlink, attribute, number, packed_address

_NEWROUTE = 24
_ROUTE = struct.Struct(f"{ORDER}BBBBBBBBI")
_DESTINATION, _INTERFACE, _GATEWAY, _SOURCE, _METRICS, _ADVMSS = 1, 4, 5, 7, 8, 8
_MAIN_TABLE, _STATIC, _EVERYWHERE, _ON_LINK, _UNICAST = 254, 4, 0, 253, 1


def add(kernel: RouteNetlink, name: str, to: str, own: str, mss: int = 0) -> None:
    """Packets to one address leave through an interface, with ``own`` as their source.

    With ``mss``, connections to that address ask for segments with at most this many bytes of data.
    """
    family, packed = packed_address(to)
    head = _head(family, 8 * len(packed), _ON_LINK if family == socket.AF_INET else _EVERYWHERE)
    ends = attribute(_DESTINATION, packed) + attribute(_SOURCE, packed_address(own)[1])
    interface = attribute(_INTERFACE, number(socket.if_nametoindex(name)))
    kernel.request(_NEWROUTE, CREATE | REPLACE, head + ends + _metrics(mss) + interface)


def add_default(kernel: RouteNetlink, gateway: str, mss: int = 0) -> None:
    """Packets without another route go to this gateway. ``mss``: as for :func:`add`."""
    family, packed = packed_address(gateway)
    head = _head(family, 0, _EVERYWHERE)
    kernel.request(_NEWROUTE, CREATE | REPLACE, head + attribute(_GATEWAY, packed) + _metrics(mss))


def _head(family: int, prefix: int, scope: int) -> bytes:
    return _ROUTE.pack(family, prefix, 0, 0, _MAIN_TABLE, _STATIC, scope, _UNICAST, 0)


def _metrics(mss: int) -> bytes:
    return attribute(_METRICS, attribute(_ADVMSS, number(mss))) if mss else b""
