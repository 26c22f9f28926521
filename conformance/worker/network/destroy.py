"""Destroying TCP sockets (sock_diag(7), SOCK_DESTROY): all that a host has, whoever owns them or nobody any more.

A connection that was closed and whose peer does not answer lives on in the kernel, and holds its host, for minutes.
"""

from __future__ import annotations

import errno
import socket
import struct

from conformance.worker.network.netlink import ACK, DUMP, ORDER, Conversation

_SOCK_DIAG, _BY_FAMILY, _DESTROY = 4, 20, 21
_WHICH = struct.Struct(f"{ORDER}BBBxI")
_IDENTITY = slice(4, 52)
"""Where an answer holds struct inet_diag_sockid (linux/inet_diag.h)."""

_EVERY_STATE = 0xFFFFFFFF
_GONE = (errno.ENOENT, errno.EINVAL)


def destroy_sockets() -> None:
    """Destroys every TCP socket of the host that the calling thread is on; calls that wait in one end by ECONNABORTED.

    What that tells the peers is for the caller to hold back. OSError where the kernel has no such thing.
    """
    with Conversation(_SOCK_DIAG) as kernel:
        for family in (socket.AF_INET, socket.AF_INET6):
            which = _WHICH.pack(family, socket.IPPROTO_TCP, 0, _EVERY_STATE)
            anybody = bytes(_IDENTITY.stop - _IDENTITY.start)
            for answer in list(kernel.ask(_BY_FAMILY, DUMP, which + anybody)):
                _destroy(kernel, which + answer[_IDENTITY])


def probe() -> None:
    """OSError where the kernel cannot destroy sockets: no socket is meant."""
    with Conversation(_SOCK_DIAG) as kernel:
        which = _WHICH.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _EVERY_STATE)
        _destroy(kernel, which + bytes(_IDENTITY.stop - _IDENTITY.start))


def _destroy(kernel: Conversation, which: bytes) -> None:
    try:
        list(kernel.ask(_DESTROY, ACK, which))
    except OSError as error:
        if error.errno not in _GONE:  # it went by itself, or with the listener that it came from
            raise
