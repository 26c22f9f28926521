"""TUN devices: packets that a host sends through one are read from a descriptor; packets written there reach the host.

The device offers no offloads (linux/if_tun.h, TUNSETOFFLOAD is not called), so segments come out no larger than the
link carries them, with complete checksums. The device and its routes end with the descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys

from conformance.model.errors import Unsupported
from conformance.worker.network import links, routes
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.netlink import RouteNetlink

if sys.platform != "win32":
    import fcntl

NAME = "tun0"
"""The name of the device on each host."""

_PATH = "/dev/net/tun"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_REQUEST = struct.Struct("16sH22x")
_QUEUE = 10_000
"""Packets that may wait to be read; others are lost, so this is more than a TCP window holds."""


def opened(host: int, targets: tuple[tuple[str, str], ...]) -> int:
    """Makes the device on a host. Returns its descriptor, which is not blocking.

    ``targets``: addresses that are reached through the device, each with the host's own address to send from.
    Unsupported if the device cannot be made.
    """
    return on_host(host, lambda: _opened(targets))


def lacking(host: int) -> str:
    """Why no device can be made on a host; empty if one can."""
    try:
        os.close(opened(host, ()))
    except Unsupported as error:
        return str(error)
    return ""


def _opened(targets: tuple[tuple[str, str], ...]) -> int:
    try:
        descriptor = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unsupported(f"{_PATH}: {error.strerror}{_remedy(error)}") from None
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, _REQUEST.pack(NAME.encode(), _IFF_TUN | _IFF_NO_PI))
        _be_silent()
        with RouteNetlink() as kernel:
            links.set_queue_length(kernel, NAME, _QUEUE)
            links.set_up(kernel, NAME)
            for to, own in targets:
                routes.add(kernel, NAME, to, own)
    except OSError as error:
        os.close(descriptor)
        raise Unsupported(f"a TUN device cannot be made: {error.strerror or error}") from None
    return descriptor


def _be_silent() -> None:
    """Gives the device no link-local address (linux/if_link.h, IN6_ADDR_GEN_MODE_NONE): it then asks for no routers."""
    setting = f"/proc/sys/net/ipv6/conf/{NAME}/addr_gen_mode"
    with contextlib.suppress(OSError), open(setting, "w", encoding="ascii") as file:  # it is silent without IPv6
        file.write("1")


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return " (root may open it; so may anybody after chmod 0666)"
    return " (the kernel's module tun makes it)" if error.errno in (errno.ENOENT, errno.ENODEV) else ""
