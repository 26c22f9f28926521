"""Networks: the hosts on which a cell is acted out, and the links that join them.

A host is a network namespace that only its descriptor holds. Whatever was changed in one, and whatever its sockets left
behind, goes with it: a cell that disturbs its network gets one of its own, which nobody uses after it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Optional

from conformance.model.errors import HarnessError, Unsupported
from conformance.model.plan import Plan
from conformance.tables.faults import NETWORK
from conformance.tables.topologies import DIRECT, ROUTER, TOPOLOGIES, Topology
from conformance.tables.transports import TRANSPORTS
from conformance.worker.network.destroy import destroy_sockets
from conformance.worker.network.links import Links
from conformance.worker.network.namespaces import new_namespace, on_host
from conformance.worker.network.netlink import PATIENCE, Netlink

Place = tuple[Optional[int], str, str]
"""The descriptor of a host's namespace, if it is one of our own, and its IPv4 and IPv6 addresses."""

End = tuple[int, str]
"""One end of a link: the descriptor of a namespace, and the name of the interface there."""

INTERFACE = "veth0"
"""What each host's end of its first link is called."""

PREFIX4, PREFIX6 = 24, 64

_NETS4 = ("192.0.2.{}", "198.51.100.{}")
_NETS6 = ("2001:db8::{:x}", "2001:db8:1::{:x}")
"""The addresses of each link, from the ranges kept for documentation (RFC 5737, RFC 3849)."""

_PAUSE = 0.0005
"""Seconds between two looks at what no event tells of."""

_NUMBERS = {"client": 1, "server": 2, ROUTER: 254}
_FIRST_FURTHER = 3

_SETTINGS = {"net/ipv6/conf/default/accept_dad": "0"}  # else an address is not used for its first second
_ROUTER_SETTINGS = {
    **_SETTINGS,
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/icmp_ratelimit": "0",  # else what it says depends on what it said before
    "net/ipv6/icmp/ratelimit": "0",
}


@dataclass(frozen=True)
class Network:
    """Hosts by name, and the link of each that is at one only: its own end, and the other."""

    places: Mapping[str, Place]
    ends: Mapping[str, tuple[End, End]]
    held: list[int] = field(default_factory=list)
    """The descriptors that keep it alive, where it belongs to one cell."""
    gateways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The routers through which a host reaches what is not at its link."""

    def revive(self, name: str) -> None:
        """Gives a host at one link its addresses and routes again; nothing where it has them."""
        host, *addresses = self.places[name]
        assert host is not None
        given = [(addresses[0], addresses[1])]
        on_host(host, lambda: _bring_up(given, self.gateways.get(name, ())))
        on_host(host, lambda: _wait_until_found(given))

    def abandon(self) -> None:
        """Destroys every TCP socket on the hosts of one cell, also those that were closed and wait for an answer."""
        for host in self.held:
            with contextlib.suppress(OSError):  # a kernel that cannot do this lets them time out
                on_host(host, destroy_sockets)

    def close(self) -> None:
        """The end of a network that belongs to one cell."""
        while self.held:
            os.close(self.held.pop())


def network_for(plan: Plan, shared: Mapping[str, Place]) -> Network:
    """The network of a cell: one of its own where it disturbs it or needs another, else the one that all share.

    Where the shared hosts are none of ours, it is theirs in any case. Unsupported where none can be made, HarnessError
    where one does not come up.
    """
    further = tuple(name for name, place in plan.actors.items() if place.own_host)
    wanted = bool(plan.topology or further)
    ours = bool(shared) and None not in [place[0] for place in shared.values()]
    if not TRANSPORTS[plan.transport].hosts or not ours:
        if wanted:
            raise Unsupported(f"there is no network of our own on {plan.transport}")
        return Network(shared, {})
    disturbed = any(step.actor == NETWORK for step in plan.steps) or plan.conditions or plan.sysctls
    if not wanted and not disturbed:
        return Network(shared, {})
    try:
        return make(TOPOLOGIES[plan.topology or DIRECT], further)
    except TimeoutError as error:
        raise HarnessError(f"a network of its own did not come up: {error}") from None
    except OSError as error:
        raise Unsupported(f"a network of its own cannot be made: {error.strerror or error}") from None


def make(topology: Topology, further: tuple[str, ...] = ()) -> Network:
    """A new network, with further hosts at its first link. OSError where that fails."""
    held: list[int] = []
    try:
        return _Building(held).network(topology, further)
    except OSError:
        Network({}, {}, held).close()
        raise


class _Building:
    def __init__(self, held: list[int]) -> None:
        self._held = held
        self._hosts: dict[str, int] = {}
        self._interfaces: dict[str, int] = {}
        self._ends: dict[str, list[tuple[End, End]]] = {}
        self._addresses: dict[str, list[tuple[str, str]]] = {}

    def network(self, topology: Topology, further: tuple[str, ...]) -> Network:
        self._hosts = {name: self._host(name) for name in (*topology.hosts, *further)}
        for number, link in enumerate(topology.links):
            members = (*link, *further) if number == 0 else link
            self._join(members)
            for name in members:
                self._address(name, number, further)
        for name in self._hosts:
            self._configure(name, topology)
        for each in self._ends.values():
            for end, _ in each:
                at_end(end, Netlink.wait_until_running)
        for name, host in self._hosts.items():
            on_host(host, lambda name=name: _wait_until_found(self._addresses[name]))  # type: ignore[misc]  # its name
        places: dict[str, Place] = {name: (self._hosts[name], *self._addresses[name][0]) for name in self._hosts}
        ends = {name: each[0] for name, each in self._ends.items() if len(each) == 1}
        return Network(places, ends, self._held, {name: self._gateways(name, topology) for name in self._hosts})

    def _namespace(self) -> int:
        self._held.append(new_namespace())
        return self._held[-1]

    def _host(self, name: str) -> int:
        host = self._namespace()
        on_host(host, lambda: _set(_ROUTER_SETTINGS if name == ROUTER else _SETTINGS))
        return host

    def _join(self, members: tuple[str, ...]) -> None:
        """Two hosts share a cable; more have a switch."""
        if len(members) == 2:
            ends = [self._interface(name) for name in members]
            _cable(ends[0], ends[1])
            for name, end, other in zip(members, ends, reversed(ends)):
                self._ends.setdefault(name, []).append((end, other))
            return
        switch = self._namespace()
        ports = [(switch, f"port{number}") for number, _ in enumerate(members)]
        for name, port in zip(members, ports):
            end = self._interface(name)
            _cable(end, port)
            self._ends.setdefault(name, []).append((end, port))
        on_host(switch, lambda: _bridge([name for _, name in ports]))

    def _interface(self, name: str) -> End:
        number = self._interfaces.get(name, 0)
        self._interfaces[name] = number + 1
        return self._hosts[name], f"veth{number}"

    def _address(self, name: str, link: int, further: tuple[str, ...]) -> None:
        number = _NUMBERS.get(name) or _FIRST_FURTHER + further.index(name)
        self._addresses.setdefault(name, []).append((_NETS4[link].format(number), _NETS6[link].format(number)))

    def _configure(self, name: str, topology: Topology) -> None:
        on_host(self._hosts[name], lambda: _bring_up(self._addresses[name], self._gateways(name, topology)))

    def _gateways(self, name: str, topology: Topology) -> tuple[str, ...]:
        """The router's addresses at a host's link; that of hosts beyond the table's is the first."""
        routers = self._addresses.get(ROUTER, []) if name != ROUTER else []
        first = routers[0] if routers else ()
        return next((at for link, at in zip(topology.links, routers) if name in link), first)


def _cable(one: End, other: End) -> None:
    def plug() -> None:
        with Links() as links:
            links.add_pair(one[1], other[1], other[0])

    on_host(one[0], plug)


def _bridge(ports: list[str]) -> None:
    with Links() as links:
        links.add_bridge("switch0")
        for port in ports:
            links.put_into(port, "switch0")
    for name in ("switch0", *ports):
        with Netlink(name) as link:
            link.set_up(True)


def _set(settings: Mapping[str, str]) -> None:
    """Settings of the host that the calling thread is on, before it has any interface."""
    for path, value in settings.items():
        if "ipv6" not in path or has_ip6():
            with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
                file.write(value)


def _bring_up(addresses: list[tuple[str, str]], gateways: tuple[str, ...]) -> None:
    """Addresses and routes of the host that the calling thread is on."""
    with Netlink("lo") as loopback:
        loopback.set_up(True)
    for number, (ip4, ip6) in enumerate(addresses):
        with Netlink(f"veth{number}") as link:
            link.add_address(ip4, PREFIX4)
            if has_ip6(f"veth{number}"):
                link.add_address(ip6, PREFIX6)
            link.set_up(True)
    with Links() as links:
        for gateway in gateways:
            if ":" not in gateway or has_ip6(INTERFACE):
                links.add_default_route(gateway)


def _wait_until_found(addresses: list[tuple[str, str]]) -> None:
    """Waits until neighbours are answered: the kernel joins the groups at which they ask (RFC 4291 section 2.7.1) later
    than it gives the addresses, and tells nobody."""
    wanted = {
        (f"veth{number}", f"ff0200000000000000000001ff{socket.inet_pton(socket.AF_INET6, ip6)[-3:].hex()}")
        for number, (_, ip6) in enumerate(addresses)
        if has_ip6(f"veth{number}")
    }
    deadline = time.monotonic() + PATIENCE
    while not wanted <= _groups():
        if time.monotonic() >= deadline:
            raise TimeoutError("its IPv6 addresses are not listened for")
        time.sleep(_PAUSE)


def _groups() -> set[tuple[str, str]]:
    """The IPv6 groups of the host that the calling thread is on, by interface; none where it speaks no IPv6."""
    try:
        with open("/proc/thread-self/net/igmp6", encoding="ascii") as file:
            return {(line.split()[1], line.split()[2]) for line in file}
    except FileNotFoundError:
        return set()


def has_ip6(interface: str = "all") -> bool:
    """Whether the host that the calling thread is on speaks IPv6 there; over a link with a small MTU it does not."""
    return os.path.exists(f"/proc/sys/net/ipv6/conf/{interface}")


def at_end(end: End, work: Callable[[Netlink], None]) -> None:
    """Does something to one end of a link. OSError where the kernel refuses."""

    def talk() -> None:
        with Netlink(end[1]) as link:
            work(link)

    on_host(end[0], talk)
