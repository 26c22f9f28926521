"""Checks whether this host has what a cell needs. A capability is tried, never inferred from the name of a platform."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Optional

from conformance.model.errors import Unsupported
from conformance.tables.capabilities import CAPABILITIES
from conformance.tables.faults import FAULTS
from conformance.tables.transports import TRANSPORTS
from conformance.worker.actors.process_main import become_nobody
from conformance.worker.faults.target_hosts import change_link
from conformance.worker.network import destroy, offloads, queues, tun
from conformance.worker.network.forged_segments import TCP_REPAIR
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.netlink import RouteNetlink
from conformance.worker.network.networks import INTERFACE, LinkEnd, SharedHosts
from conformance.worker.network.nftables import INPUT, Firewall

Finding = Optional[str]
"""None if the thing exists, else a sentence that names what is lacking."""


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
            sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except OSError as error:
            return f"TCP_REPAIR: {error.strerror}"
    return None


def _dual_stack() -> Finding:
    return None if socket.has_dualstack_ipv6() else "an IPv6 socket cannot take IPv4 connections"


def _descriptor_limit() -> Finding:
    try:
        import resource
    except ImportError:
        return "there is no resource module"
    return None if hasattr(resource, "RLIMIT_NOFILE") else "there is no RLIMIT_NOFILE"


def _process() -> Finding:
    return None if hasattr(os, "fork") else "os.fork does not exist"


def _unprivileged() -> Finding:
    """Gives up privileges in a child process; its exit status shows if that was possible."""
    if not hasattr(os, "fork"):
        return _process()
    child = os.fork()
    if child == 0:
        try:
            become_nobody()
        except BaseException:  # noqa: BLE001 (the child must not go on)
            os._exit(1)
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    return "the worker may not change its user (root may)" if ended else None


def _link_queue(kind: str, install: Callable[[RouteNetlink, str], None]) -> Callable[[int], Finding]:
    def check(namespace: int) -> Finding:
        link = LinkEnd(namespace, INTERFACE)
        try:
            change_link(link, install)
        except Unsupported as error:
            return f"sch_{kind} cannot be used: {error}"
        change_link(link, queues.reset)
        return None

    return check


def _injection(namespace: int) -> Finding:
    on_host(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP).close())
    return lacking_here("vanish")


def _firewall(namespace: int) -> Finding:
    def try_all() -> None:
        with Firewall() as firewall:
            for answer in ("drop", "reset", "admin-prohibited"):
                firewall.set(answer, INPUT, 9)
                firewall.remove()

    on_host(namespace, try_all)
    return None


_CHECKS: dict[str, Callable[[], Finding]] = {
    "SCM_RIGHTS": _socketpair_rights,
    "epoll": _exists("epoll"),
    "poll": _exists("poll"),
    "kqueue": _exists("kqueue"),
    "fork": _process,
    "process": _process,
    "rlimit": _descriptor_limit,
    "vanish": _vanish,
    "unprivileged-user": _unprivileged,
    "sysctl": lambda: None if sys.platform == "linux" else "hosts of our own exist on Linux only",
    "dual-stack": _dual_stack,
}

_NETWORK_CHECKS: dict[str, Callable[[int], Finding]] = {
    "hosts": lambda namespace: change_link(LinkEnd(namespace, INTERFACE), lambda kernel, name: None),
    "black-hole": _link_queue("blackhole", queues.black_hole),
    "packet-rules": lambda namespace: tun.lacking(namespace) or None,
    "rate-limit": _link_queue("tbf", partial(queues.limit_rate, rate=125_000)),
    "firewall": _firewall,
    "reboot": lambda namespace: on_host(namespace, destroy.check),
    "offloads": lambda namespace: on_host(namespace, lambda: offloads.check(INTERFACE)),
    "packet-injection": _injection,
}
"""Checks that are made on one of our own hosts, given by its namespace."""


@cache
def lacking_here(capability: str) -> Finding:
    """What this host lacks for a capability; None if it has it. For capabilities that need no network."""
    try:
        return _CHECKS[capability]()
    except (OSError, Unsupported) as error:
        return str(error)


def lacking(capability: str, hosts: SharedHosts) -> Finding:
    """What is lacking for any capability; None if nothing is. Those of the network are tried on one of the hosts."""
    if capability not in _NETWORK_CHECKS:
        return lacking_here(capability)
    return _lacking_between(capability, tuple(host.namespace for host in hosts.by_name.values()), hosts.why_not)


@cache
def _lacking_between(capability: str, namespaces: tuple[Optional[int], ...], why_not: str) -> Finding:
    if not namespaces or namespaces[0] is None:
        return why_not or "there are no hosts of our own"
    try:
        return _NETWORK_CHECKS[capability](namespaces[0])
    except (OSError, Unsupported) as error:
        return str(error)


@cache
def transport_lacking(name: str, hosts: bool) -> Finding:
    """Why a transport cannot be used here; None if it can. ``hosts``: hosts were provisioned."""
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


def findings(hosts: SharedHosts) -> dict[str, dict[str, Finding]]:
    """By kind and name: what each transport, capability and fault lacks here; None if nothing."""
    return {
        "transports": {name: transport_lacking(name, bool(hosts.by_name)) for name in TRANSPORTS},
        "capabilities": {name: lacking(name, hosts) for name in CAPABILITIES},
        "faults": {name: lacking(row.needs, hosts) for name, row in FAULTS.items()},
    }
