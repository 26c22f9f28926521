"""Making links and routes over route netlink (rtnetlink(7)): what concerns no interface that is there already."""

from __future__ import annotations

import socket
import struct

from conformance.worker.network.netlink import CREATE, EXCLUSIVE, ORDER, REPLACE, Netlink, attribute, metrics

_NEWLINK, _NEWROUTE = 16, 24
_LINK = struct.Struct(f"{ORDER}BxHiII")
_ROUTE = struct.Struct(f"{ORDER}BBBBBBBBI")

_IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 3, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_RTA_GATEWAY = 5
_MAIN_TABLE, _STATIC, _EVERYWHERE, _UNICAST = 254, 4, 0, 1


class Links(Netlink):
    """A conversation about the links and routes of a host."""

    def __init__(self) -> None:
        super().__init__("lo")

    def add_pair(self, name: str, other_name: str, other_namespace: int) -> None:
        """A veth pair: one end here, the other in the namespace of a descriptor."""
        other = _LINK.pack(0, 0, 0, 0, 0) + _name(other_name)
        other += attribute(_IFLA_NET_NS_FD, struct.pack(f"{ORDER}I", other_namespace))
        self._add(name, "veth", attribute(_INFO_DATA, attribute(_VETH_INFO_PEER, other)))

    def add_bridge(self, name: str) -> None:
        """A switch."""
        self._add(name, "bridge", b"")

    def _add(self, name: str, kind: str, data: bytes) -> None:
        info = attribute(_IFLA_LINKINFO, attribute(_INFO_KIND, kind.encode()) + data)
        self._request(_NEWLINK, CREATE | EXCLUSIVE, _LINK.pack(0, 0, 0, 0, 0) + _name(name) + info)

    def put_into(self, name: str, bridge: str) -> None:
        """Makes an interface a port of a bridge."""
        master = attribute(_IFLA_MASTER, struct.pack(f"{ORDER}I", socket.if_nametoindex(bridge)))
        self._request(_NEWLINK, 0, _LINK.pack(0, 0, socket.if_nametoindex(name), 0, 0) + master)

    def add_default_route(self, gateway: str, mss: int = 0) -> None:
        """Whatever no other route leads to goes to this address. ``mss``: as for :meth:`Netlink.add_route`."""
        family = socket.AF_INET6 if ":" in gateway else socket.AF_INET
        head = _ROUTE.pack(family, 0, 0, 0, _MAIN_TABLE, _STATIC, _EVERYWHERE, _UNICAST, 0)
        body = head + attribute(_RTA_GATEWAY, socket.inet_pton(family, gateway)) + (metrics(mss) if mss else b"")
        self._request(_NEWROUTE, CREATE | REPLACE, body)


def _name(name: str) -> bytes:
    return attribute(_IFLA_IFNAME, name.encode() + b"\0")
