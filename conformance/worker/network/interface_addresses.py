"""Address messages (rtnetlink(7), RTM_NEWADDR and RTM_DELADDR): gives addresses to interfaces, and takes them away."""

from __future__ import annotations

import socket
import struct

from conformance.worker.network.netlink import CREATE, ORDER, REPLACE, RouteNetlink, attribute, packed_address

_NEWADDR, _DELADDR = 20, 21
_ADDRESS = struct.Struct(f"{ORDER}BBBBI")
_IFA_ADDRESS, _IFA_LOCAL, _NO_DUPLICATE_DETECTION = 1, 2, 0x02


def add(kernel: RouteNetlink, name: str, address: str, prefix: int) -> None:
    """Gives an interface an address, without duplicate address detection; does nothing if it has the address."""
    kernel.request(_NEWADDR, CREATE | REPLACE, _about(name, address, prefix))


def remove(kernel: RouteNetlink, name: str, address: str, prefix: int) -> None:
    """Takes an address away."""
    kernel.request(_DELADDR, 0, _about(name, address, prefix))


def _about(name: str, address: str, prefix: int) -> bytes:
    family, packed = packed_address(address)
    flags = _NO_DUPLICATE_DETECTION if family == socket.AF_INET6 else 0
    head = _ADDRESS.pack(family, prefix, flags, 0, socket.if_nametoindex(name))
    return head + attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
