"""Probes: does this host have what a cell needs? A capability is tried, never inferred from the name of a platform."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable
from functools import cache
from typing import Optional

from conformance.tables.transports import TRANSPORTS

Finding = Optional[str]
"""None where the thing is there, else what the probe found."""


def _socketpair_rights() -> Finding:
    if not hasattr(socket, "SCM_RIGHTS"):
        return "the socket module has no SCM_RIGHTS"
    if not hasattr(socket.socket, "sendmsg"):
        return "sockets have no sendmsg()"
    return None


def _exists(name: str) -> Callable[[], Finding]:
    return lambda: None if hasattr(select, name) else f"the select module has no {name}"


def _vanish() -> Finding:
    if sys.platform != "linux":
        return "TCP_REPAIR exists on Linux only"
    with socket.socket() as sock:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, 19, 1)
        except OSError as error:
            return f"TCP_REPAIR: {error.strerror}"
    return None


def _dual_stack() -> Finding:
    return None if socket.has_dualstack_ipv6() else "an IPv6 socket cannot take IPv4 connections"


def _not_yet(what: str) -> Callable[[], Finding]:
    return lambda: f"this version of the worker cannot {what}"


_PROBES: dict[str, Callable[[], Finding]] = {
    "SCM_RIGHTS": _socketpair_rights,
    "epoll": _exists("epoll"),
    "poll": _exists("poll"),
    "kqueue": _exists("kqueue"),
    "fork": lambda: None if hasattr(os, "fork") else "os.fork does not exist",
    "rlimit": _not_yet("limit descriptors"),
    "vanish": _vanish,
    "unprivileged-user": _not_yet("start actors as another user"),
    "packet-injection": _not_yet("inject packets"),
    "sysctl": lambda: None if sys.platform == "linux" else "hosts of our own exist on Linux only",
    "dual-stack": _dual_stack,
}


@cache
def lacking(capability: str) -> Finding:
    """What the probe of a capability found missing; None where it is there."""
    try:
        return _PROBES[capability]()
    except OSError as error:
        return f"{capability}: {error}"


@cache
def transport_lacking(name: str, hosts: bool) -> Finding:
    """Why a transport cannot be used here; None where it can. ``hosts`` says whether hosts were provisioned."""
    row = TRANSPORTS[name]
    if row.hosts and not hosts:
        return "there are no hosts to connect"
    if row.family is None:
        return None
    if row.address == "pair" and hasattr(socket, "socketpair"):
        return None
    family, kind = getattr(socket, row.family, None), getattr(socket, str(row.type), None)
    if family is None or kind is None:
        return f"the socket module has no {row.family if family is None else row.type}"
    if row.address == "abstract" and sys.platform != "linux":
        return "abstract names exist on Linux only"
    return None if row.hosts else _bindable(family, kind, row.address)


def _bindable(family: int, kind: int, address: str) -> Finding:
    try:
        with socket.socket(family, kind) as sock:
            if address == "ip":
                sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    except OSError as error:
        return f"{error.strerror or error}"
    return None
