"""Link messages (rtnetlink(7), RTM_NEWLINK and RTM_GETLINK): makes interfaces, and changes them."""

from __future__ import annotations

import socket
import struct

from conformance.worker.network.netlink import (
    CREATE,
    EXCLUSIVE,
    ORDER,
    PATIENCE,
    RouteNetlink,
    attribute,
    attributes,
    netlink_socket,
    number,
)  # fmt: skip

_NEWLINK, _GETLINK = 16, 18
_LINK = struct.Struct(f"{ORDER}BxHiII")

_UP = 1
_IFNAME, _MTU, _MASTER, _TXQLEN, _OPERSTATE, _LINKINFO, _NET_NS_FD = 3, 4, 10, 13, 16, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_OPERSTATE_UP = 6
_LINK_GROUP = 1


def add_pair(kernel: RouteNetlink, name: str, other_name: str, other_namespace: int) -> None:
    """Makes a veth pair: one end in this namespace, the other in the namespace of a descriptor."""
    other = _about(0) + _name(other_name) + attribute(_NET_NS_FD, number(other_namespace))
    _add(kernel, name, "veth", attribute(_INFO_DATA, attribute(_VETH_INFO_PEER, other)))


def add_bridge(kernel: RouteNetlink, name: str) -> None:
    """Makes a switch."""
    _add(kernel, name, "bridge", b"")


def put_into(kernel: RouteNetlink, name: str, bridge: str) -> None:
    """Makes an interface a port of a bridge."""
    _change(kernel, name, attribute(_MASTER, number(socket.if_nametoindex(bridge))))


def set_up(kernel: RouteNetlink, name: str, up: bool = True) -> None:
    """Sets an interface up or down."""
    kernel.request(_NEWLINK, 0, _LINK.pack(0, 0, socket.if_nametoindex(name), _UP if up else 0, _UP))


def set_mtu(kernel: RouteNetlink, name: str, size: int) -> None:
    """Sets the size of the largest packet, in bytes."""
    _change(kernel, name, attribute(_MTU, number(size)))


def set_queue_length(kernel: RouteNetlink, name: str, packets: int) -> None:
    """Sets how many packets an interface keeps until they are taken."""
    _change(kernel, name, attribute(_TXQLEN, number(packets)))


def is_running(kernel: RouteNetlink, name: str) -> bool:
    """True if an interface is up and has its carrier."""
    answer = next(kernel.ask(_GETLINK, 0, _about(socket.if_nametoindex(name))))
    return dict(attributes(answer[_LINK.size :])).get(_OPERSTATE, b"")[:1] == bytes([_OPERSTATE_UP])


def wait_until_running(kernel: RouteNetlink, name: str) -> None:
    """Waits until :func:`is_running`; the kernel announces each change."""
    with netlink_socket(0) as news:
        news.settimeout(PATIENCE)
        news.bind((0, _LINK_GROUP))
        while not is_running(kernel, name):
            news.recv(65536)


def _add(kernel: RouteNetlink, name: str, kind: str, data: bytes) -> None:
    info = attribute(_LINKINFO, attribute(_INFO_KIND, kind.encode()) + data)
    kernel.request(_NEWLINK, CREATE | EXCLUSIVE, _about(0) + _name(name) + info)


def _change(kernel: RouteNetlink, name: str, change: bytes) -> None:
    kernel.request(_NEWLINK, 0, _about(socket.if_nametoindex(name)) + change)


def _about(index: int) -> bytes:
    return _LINK.pack(0, 0, index, 0, 0)


def _name(name: str) -> bytes:
    return attribute(_IFNAME, name.encode() + b"\0")
