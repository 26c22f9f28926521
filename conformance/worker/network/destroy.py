"""Destroys TCP sockets (sock_diag(7), SOCK_DESTROY): all that a host has, also those that no process owns any more.

A closed connection whose peer does not answer lives on in the kernel for minutes, and keeps its host alive.
"""

from __future__ import annotations

import errno
import socket
import struct

from conformance.worker.network.netlink import ACK, DUMP, ORDER, Conversation

_SOCK_DIAG, _BY_FAMILY, _DESTROY = 4, 20, 21
_WHICH = struct.Struct(f"{ORDER}BBBxI")
_IDENTITY = slice(4, 52)
"""The place of struct inet_diag_sockid in an answer (linux/inet_diag.h)."""

_EVERY_STATE = 0xFFFFFFFF
_GONE = (errno.ENOENT, errno.EINVAL)


def destroy_sockets() -> None:
    """Destroys every TCP socket of the host that the calling thread is on; calls that wait in one end by ECONNABORTED.

    The peers get a reset unless the caller holds packets back. OSError if the kernel cannot destroy sockets.
    """
    with Conversation(_SOCK_DIAG) as kernel:
        for family in (socket.AF_INET, socket.AF_INET6):
            which = _WHICH.pack(family, socket.IPPROTO_TCP, 0, _EVERY_STATE)
            anybody = bytes(_IDENTITY.stop - _IDENTITY.start)
            for answer in list(kernel.ask(_BY_FAMILY, DUMP, which + anybody)):
                _destroy(kernel, which + answer[_IDENTITY])


def check() -> None:
    """OSError if the kernel cannot destroy sockets. It is tried on a socket that does not exist."""
    with Conversation(_SOCK_DIAG) as kernel:
        which = _WHICH.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _EVERY_STATE)
        _destroy(kernel, which + bytes(_IDENTITY.stop - _IDENTITY.start))


def _destroy(kernel: Conversation, which: bytes) -> None:
    try:
        list(kernel.ask(_DESTROY, ACK, which))
    except OSError as error:
        if error.errno not in _GONE:  # it ended by itself, or with its listener
            raise
