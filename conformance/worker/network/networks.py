"""Networks: the hosts on which a cell runs, and the links that join them.

A host is a network namespace that only its descriptor keeps alive. All that was changed in a namespace, and all that
its sockets left behind, ends with it. So a cell that disturbs its network gets one of its own, which no later cell
uses.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Optional

from conformance.model.errors import HarnessError, Unsupported
from conformance.model.plan import Plan
from conformance.tables.faults import NETWORK
from conformance.tables.topologies import DIRECT, ROUTER, TOPOLOGIES, Topology
from conformance.tables.transports import TRANSPORTS, Transport
from conformance.worker.network import interface_addresses, links, routes
from conformance.worker.network.destroy import destroy_sockets
from conformance.worker.network.namespaces import new_namespace, on_host
from conformance.worker.network.netlink import PATIENCE, RouteNetlink

INTERFACE = "veth0"
"""The name of each host's end of its first link."""

PREFIX4, PREFIX6 = 24, 64

_NETS4 = ("192.0.2.{}", "198.51.100.{}")
_NETS6 = ("2001:db8::{:x}", "2001:db8:1::{:x}")
"""The addresses of each link, from the ranges reserved for documentation (RFC 5737, RFC 3849)."""

_PAUSE = 0.0005
"""Seconds between two looks at the host's groups; the kernel sends no event for them."""

_NUMBERS = {"client": 1, "server": 2, ROUTER: 254}
_FIRST_FURTHER = 3

_SETTINGS = {"net/ipv6/conf/default/accept_dad": "0"}  # else a new address is not usable for a second
_ROUTER_SETTINGS = {
    **_SETTINGS,
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/icmp_ratelimit": "0",  # else its messages depend on earlier ones
    "net/ipv6/icmp/ratelimit": "0",
}


@dataclass(frozen=True)
class Host:
    """One host: the descriptor of its namespace, if it is one of ours, and its addresses."""

    namespace: Optional[int]
    ip4: str
    ip6: str

    def address(self, ip6: bool) -> str:
        """Its address of one family."""
        return self.ip6 if ip6 else self.ip4


@dataclass(frozen=True)
class SharedHosts:
    """The hosts that the cells of a worker share, by name; ``why_not`` says why there are none."""

    by_name: Mapping[str, Host] = field(default_factory=dict)
    why_not: str = "no hosts were provisioned"

    @property
    def ours(self) -> bool:
        """True if there are hosts and all are namespaces of ours."""
        return bool(self.by_name) and all(host.namespace is not None for host in self.by_name.values())


@dataclass(frozen=True)
class LinkEnd:
    """One end of a link: the descriptor of a namespace, and the interface there."""

    namespace: int
    interface: str


@dataclass(frozen=True)
class Network:
    """Hosts by name. ``ends`` has, for each host that is at one link only, its own end of the link and the other."""

    hosts: Mapping[str, Host]
    ends: Mapping[str, tuple[LinkEnd, LinkEnd]]
    held: list[int] = field(default_factory=list)
    """The descriptors that keep the network alive; empty if it does not belong to one cell."""
    gateways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The router's addresses through which a host reaches hosts that are not at its link."""

    def revive(self, name: str) -> None:
        """Gives a host at one link its addresses and routes again; does nothing if it has them."""
        host = self.hosts[name]
        assert host.namespace is not None
        addresses = [(host.ip4, host.ip6)]
        on_host(host.namespace, lambda: _bring_up(addresses, self.gateways.get(name, ())))
        on_host(host.namespace, lambda: _wait_for_groups(addresses))

    def abandon(self) -> None:
        """Destroys every TCP socket on the hosts of one cell, also closed ones that still wait for an answer."""
        for namespace in self.held:
            with contextlib.suppress(OSError):  # without this part of the kernel the sockets time out
                on_host(namespace, destroy_sockets)

    def close(self) -> None:
        """Ends a network that belongs to one cell."""
        while self.held:
            os.close(self.held.pop())


@dataclass(frozen=True)
class CellHosts:
    """The hosts of one cell. ``host_of``: actor to the name of its host."""

    transport: Transport
    host_of: Mapping[str, str]
    network: Network

    @property
    def namespaces(self) -> dict[str, Optional[int]]:
        """The namespace of each host; None for a host that is not ours."""
        return {name: host.namespace for name, host in self.network.hosts.items()}

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each host in the transport's family; empty if the transport connects no hosts."""
        hosts = self.network.hosts if self.transport.hosts else {}
        return {name: host.address(self.transport.ip6) for name, host in hosts.items()}

    def namespace_of(self, name: str) -> Optional[int]:
        """The namespace of an actor's host, or of a host; None if the transport connects no hosts of ours."""
        host = self.network.hosts.get(self.host_of.get(name, name))
        return host.namespace if host and self.transport.hosts else None


def network_for(plan: Plan, shared: SharedHosts) -> Network:
    """The network of a cell: one of its own if it disturbs it or needs another topology, else the shared one.

    Shared hosts that are not ours are used in any case. Unsupported if no network can be made, HarnessError if one does
    not come up.
    """
    further = tuple(name for name, place in plan.actors.items() if place.own_host)
    wanted = bool(plan.topology or further)
    if not TRANSPORTS[plan.transport].hosts or not shared.ours:
        if wanted:
            raise Unsupported(f"there is no network of our own on {plan.transport}")
        return Network(shared.by_name, {})
    disturbed = any(step.actor == NETWORK for step in plan.steps) or plan.conditions or plan.sysctls
    if not wanted and not disturbed:
        return Network(shared.by_name, {})
    try:
        return make(TOPOLOGIES[plan.topology or DIRECT], further)
    except TimeoutError as error:
        raise HarnessError(f"the network for this cell did not come up: {error}") from None
    except OSError as error:
        raise Unsupported(f"no network can be made for this cell: {error.strerror or error}") from None


def make(topology: Topology, further: tuple[str, ...] = ()) -> Network:
    """A new network, with further hosts at its first link. OSError if it cannot be made."""
    held: list[int] = []
    try:
        return _Building(held).network(topology, further)
    except OSError:
        Network({}, {}, held).close()
        raise


class _Building:
    def __init__(self, held: list[int]) -> None:
        self._held = held
        self._namespaces: dict[str, int] = {}
        self._interfaces: dict[str, int] = {}
        self._ends: dict[str, list[tuple[LinkEnd, LinkEnd]]] = {}
        self._addresses: dict[str, list[tuple[str, str]]] = {}

    def network(self, topology: Topology, further: tuple[str, ...]) -> Network:
        self._namespaces = {name: self._new_host(name) for name in (*topology.hosts, *further)}
        for number, link in enumerate(topology.links):
            members = (*link, *further) if number == 0 else link
            self._join(members)
            for name in members:
                self._address(name, number, further)
        gateways = {name: self._gateways(name, topology) for name in self._namespaces}
        for name, namespace in self._namespaces.items():
            on_host(namespace, partial(_bring_up, self._addresses[name], gateways[name]))
        for each in self._ends.values():
            for end, _ in each:
                at_end(end, links.wait_until_running)
        for name, namespace in self._namespaces.items():
            on_host(namespace, partial(_wait_for_groups, self._addresses[name]))
        hosts = {name: Host(self._namespaces[name], *self._addresses[name][0]) for name in self._namespaces}
        ends = {name: each[0] for name, each in self._ends.items() if len(each) == 1}
        return Network(hosts, ends, self._held, gateways)

    def _new_namespace(self) -> int:
        self._held.append(new_namespace())
        return self._held[-1]

    def _new_host(self, name: str) -> int:
        namespace = self._new_namespace()
        on_host(namespace, lambda: _set(_ROUTER_SETTINGS if name == ROUTER else _SETTINGS))
        return namespace

    def _join(self, members: tuple[str, ...]) -> None:
        """Joins two hosts by a cable, more by a switch."""
        if len(members) == 2:
            ends = [self._interface(name) for name in members]
            _cable(ends[0], ends[1])
            for name, end, other in zip(members, ends, reversed(ends)):
                self._ends.setdefault(name, []).append((end, other))
            return
        switch = self._new_namespace()
        ports = [LinkEnd(switch, f"port{number}") for number, _ in enumerate(members)]
        for name, port in zip(members, ports):
            end = self._interface(name)
            _cable(end, port)
            self._ends.setdefault(name, []).append((end, port))
        on_host(switch, lambda: _bridge([port.interface for port in ports]))

    def _interface(self, name: str) -> LinkEnd:
        number = self._interfaces.get(name, 0)
        self._interfaces[name] = number + 1
        return LinkEnd(self._namespaces[name], f"veth{number}")

    def _address(self, name: str, link: int, further: tuple[str, ...]) -> None:
        number = _NUMBERS.get(name) or _FIRST_FURTHER + further.index(name)
        self._addresses.setdefault(name, []).append((_NETS4[link].format(number), _NETS6[link].format(number)))

    def _gateways(self, name: str, topology: Topology) -> tuple[str, ...]:
        """The router's addresses at a host's link; hosts that are not in the topology are at the first link."""
        routers = self._addresses.get(ROUTER, []) if name != ROUTER else []
        first = routers[0] if routers else ()
        return next((at for link, at in zip(topology.links, routers) if name in link), first)


def _cable(one: LinkEnd, other: LinkEnd) -> None:
    at_end(one, partial(links.add_pair, other_name=other.interface, other_namespace=other.namespace))


def _bridge(ports: list[str]) -> None:
    with RouteNetlink() as kernel:
        links.add_bridge(kernel, "switch0")
        for port in ports:
            links.put_into(kernel, port, "switch0")
        for name in ("switch0", *ports):
            links.set_up(kernel, name)


def _set(settings: Mapping[str, str]) -> None:
    """Changes settings of the host that the calling thread is on, before it has any interface."""
    for path, value in settings.items():
        if "ipv6" not in path or has_ip6():
            with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
                file.write(value)


def _bring_up(addresses: list[tuple[str, str]], gateways: tuple[str, ...]) -> None:
    """Gives the host that the calling thread is on its addresses and routes, and sets its interfaces up."""
    with RouteNetlink() as kernel:
        links.set_up(kernel, "lo")
        for number, (ip4, ip6) in enumerate(addresses):
            name = f"veth{number}"
            interface_addresses.add(kernel, name, ip4, PREFIX4)
            if has_ip6(name):
                interface_addresses.add(kernel, name, ip6, PREFIX6)
            links.set_up(kernel, name)
        for gateway in gateways:
            if ":" not in gateway or has_ip6(INTERFACE):
                routes.add_default(kernel, gateway)


def _wait_for_groups(addresses: list[tuple[str, str]]) -> None:
    """Waits until the host has joined the groups at which neighbours ask for its addresses (RFC 4291 section 2.7.1).

    The kernel joins them later than it gives the addresses, and does not announce it.
    """
    wanted = {
        (f"veth{number}", f"ff0200000000000000000001ff{socket.inet_pton(socket.AF_INET6, ip6)[-3:].hex()}")
        for number, (_, ip6) in enumerate(addresses)
        if has_ip6(f"veth{number}")
    }
    deadline = time.monotonic() + PATIENCE
    while not wanted <= _groups():
        if time.monotonic() >= deadline:
            raise TimeoutError("a host does not listen for its IPv6 addresses")
        time.sleep(_PAUSE)


def _groups() -> set[tuple[str, str]]:
    """Each IPv6 group of the calling thread's host, with the interface; empty if the host has no IPv6."""
    try:
        with open("/proc/thread-self/net/igmp6", encoding="ascii") as file:
            return {(line.split()[1], line.split()[2]) for line in file}
    except FileNotFoundError:
        return set()


def has_ip6(interface: str = "all") -> bool:
    """True if an interface of the calling thread's host has IPv6; at a link with a small MTU it has none."""
    return os.path.exists(f"/proc/sys/net/ipv6/conf/{interface}")


def at_end(end: LinkEnd, work: Callable[[RouteNetlink, str], None]) -> None:
    """Calls ``work`` with a conversation on the host at one end of a link, and the interface there.

    OSError if the kernel refuses.
    """

    def talk() -> None:
        with RouteNetlink() as kernel:
            work(kernel, end.interface)

    on_host(end.namespace, talk)
