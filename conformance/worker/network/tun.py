"""A TUN device: what a host sends through it is read from a descriptor, and what is written there reaches the host.

It offers the kernel no offloads (linux/if_tun.h, TUNSETOFFLOAD is not called), so that segments come out no larger
than the link takes them and with their checksums complete. It goes with its descriptor, and so do its routes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys

from conformance.model.errors import Unsupported
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.netlink import Netlink

if sys.platform != "win32":
    import fcntl

NAME = "tun0"
"""What the device is called on each host."""

_PATH = "/dev/net/tun"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_REQUEST = struct.Struct("16sH22x")
_QUEUE = 10_000
"""Packets that may wait to be read; more than a TCP window holds, for what does not fit is lost."""


def opened(host: int, routes: tuple[tuple[str, str], ...]) -> int:
    """Makes the device on a host; its descriptor, which does not wait. ``routes`` are (to whom, own address).

    Unsupported where it cannot be made.
    """
    return on_host(host, lambda: _opened(routes))


def lacking(host: int) -> str:
    """Why no device can be made on a host; empty where it can."""
    try:
        os.close(opened(host, ()))
    except Unsupported as error:
        return str(error)
    return ""


def _opened(routes: tuple[tuple[str, str], ...]) -> int:
    try:
        descriptor = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unsupported(f"{_PATH}: {error.strerror}{_remedy(error)}") from None
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, _REQUEST.pack(NAME.encode(), _IFF_TUN | _IFF_NO_PI))
        _be_silent()
        with Netlink(NAME) as link:
            link.set_queue_length(_QUEUE)
            link.set_up(True)
            for to, own in routes:
                link.add_route(to, own)
    except OSError as error:
        os.close(descriptor)
        raise Unsupported(f"a TUN device cannot be made: {error.strerror or error}") from None
    return descriptor


def _be_silent() -> None:
    """No link-local address (linux/if_link.h, IN6_ADDR_GEN_MODE_NONE), and so no search for routers through it."""
    setting = f"/proc/sys/net/ipv6/conf/{NAME}/addr_gen_mode"
    with contextlib.suppress(OSError), open(setting, "w", encoding="ascii") as file:  # without IPv6 it is silent
        file.write("1")


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return " (root may open it; so may anybody after chmod 0666)"
    return " (the kernel's module tun makes it)" if error.errno in (errno.ENOENT, errno.ENODEV) else ""
