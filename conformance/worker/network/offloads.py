"""Offloads: whether a network interface cuts and joins TCP segments for its host (SIOCETHTOOL, linux/ethtool.h)."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

if sys.platform != "win32":
    import fcntl

_SIOCETHTOOL = 0x8946
_GET_TSO = 0x1E
_SET_TSO, _SET_GSO, _SET_GRO = 0x1F, 0x24, 0x2C


def switch(interface: str, on: bool) -> None:
    """Switches them on or off. Off: the interface neither cuts nor joins segments. OSError if the kernel refuses."""
    for command in (_SET_TSO, _SET_GSO, _SET_GRO):
        _ask(interface, command, int(on))


def check(interface: str) -> None:
    """OSError if the kernel does not answer questions about offloads."""
    _ask(interface, _GET_TSO)


def _ask(interface: str, command: int, value: int = 0) -> None:
    asked = ctypes.create_string_buffer(struct.pack("=II", command, value), 8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(asked)))
