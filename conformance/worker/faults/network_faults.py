"""Faults of the network between hosts of our own. They need no undoing: such a network belongs to one cell."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Optional

from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.tables.topologies import ROUTER
from conformance.tables.transports import Transport
from conformance.worker.network import nftables, offloads
from conformance.worker.network.destroy import destroy_sockets
from conformance.worker.network.links import Links
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.netlink import ORDER, Netlink, attribute
from conformance.worker.network.networks import INTERFACE, PREFIX4, PREFIX6, End, Network, at_end

_TBF_PARAMETERS, _TBF_BURST, _ETHERNET = 1, 6, 1
_RATE = struct.Struct(f"{ORDER}BBHhHI")
_TBF = struct.Struct(f"{ORDER}{_RATE.size}s{_RATE.size}sIII")
BURST, QUEUE_BYTES = 3000, 256 * 1024


class NetworkFaults:
    """The faults of one cell."""

    def __init__(self, transport: Transport, host_of: Mapping[str, str], network: Network) -> None:
        self._transport = transport
        self._host_of = host_of
        self._network = network
        self._places = network.places
        self._down: set[End] = set()
        self._firewalls: set[str] = set()
        self._without_address: set[str] = set()

    # faults

    def cut(self, host: str) -> None:
        """Both ends of the host's link send into a black hole; both have their carrier still."""
        for end in self._ends(host):
            _at(end, lambda link: link.set_queue("blackhole"))

    def repair(self, host: str) -> None:
        """The end of :meth:`cut`."""
        for end in self._ends(host):
            _at(end, Netlink.reset_queue)

    def link(self, state: str, of: str) -> None:
        """Down: the host's end goes down, and so the other end has no carrier either."""
        own, other = self._ends(of)
        _at(own, lambda link: link.set_up(state == "up"))
        if state == "down":
            self._down.add(own)
            return
        self._down.discard(own)
        if other not in self._down:
            for end in (own, other):
                _at(end, Netlink.wait_until_running)
        self._revive_at(of)

    def address(self, state: str, of: str) -> None:
        """The address of the transport's family goes, or comes back."""
        name = self._host(of)
        if state == "removed":
            _at(self._ends(of)[0], lambda link: link.remove_address(*self._own(name)))
            self._without_address.add(name)
        else:
            self._without_address.discard(name)
            self._revive(name)

    def _revive_at(self, of: str) -> None:
        """Revives the hosts at both ends of a host's link."""
        ends = self._ends(of)
        for name in [each for each, (own, _) in self._network.ends.items() if own in ends]:
            self._revive(name)

    def _revive(self, name: str) -> None:
        """Gives a host its addresses and routes again, which go when a link goes down or an address is lost.

        Nothing while its link is down: it is done when that comes up.
        """
        if name in self._without_address or self._down & set(self._network.ends[name]):
            return
        try:
            self._network.revive(name)
        except TimeoutError as error:
            raise HarnessError(f"{name} does not get its addresses back: {error}") from None

    def rate(self, rate: int, of: str) -> None:
        """A token bucket (tc-tbf(8)) at the host's end."""
        _at(self._ends(of)[0], lambda link: link.set_queue("tbf", rate_options(rate)))

    def mtu(self, mtu: int, of: str) -> None:
        """Both ends, for a link has one MTU; below 1280 it carries no IPv6 (RFC 8200 section 5)."""
        for end in self._ends(of):
            _at(end, lambda link: link.set_mtu(mtu))
        self._revive_at(of)

    def mss(self, mss: int, of: str) -> None:
        """A metric of the host's routes: to every other host at its link, and to the router."""
        name = self._host(of)
        own, prefix = self._own(name)
        link = ipaddress.ip_network(f"{own}/{prefix}", strict=False)
        others = [self._own(each)[0] for each in self._places if each != name]
        neighbours = [each for each in others if ipaddress.ip_address(each) in link]
        gateways = [each for each in self._network.gateways.get(name, ()) if (":" in each) == self._transport.ip6]
        for each in neighbours:
            _at(self._ends(of)[0], partial(Netlink.add_route, to=each, own=own, mss=mss))
        for each in gateways:
            _on(self._ends(of)[0][0], partial(_route_with, each, mss))

    def offloads(self, state: str, of: str) -> None:
        """Both ends of the host's link."""
        for namespace, interface in self._ends(of):
            _on(namespace, partial(offloads.switch, interface, state == "on"))

    def firewall(self, answer: str, on: str, port: Optional[int]) -> None:
        """nf_tables: at what comes to the host, or what the router passes on. One answer at a time."""
        name = self._host(on)
        host = int(self._places[name][0] or 0)
        if name in self._firewalls:
            self._firewalls.discard(name)
            _on(host, _remove_firewall)
        if answer != "open":
            where = nftables.FORWARD if name == ROUTER else nftables.INPUT
            _on(host, lambda: _set_firewall(answer, where, port))
            self._firewalls.add(name)

    def reboot(self, host: str) -> None:
        """Processes end and sockets are destroyed while what the host sends about that is lost."""
        name, (own, _) = self._host(host), self._ends(host)
        _at(own, lambda link: link.set_queue("blackhole"))
        self._end_processes([actor for actor, where in self._host_of.items() if where == name])
        _on(own[0], destroy_sockets)
        _at(own, Netlink.reset_queue)

    def _end_processes(self, actors: list[str]) -> None:
        """Ends the processes that these actors have."""

    # hosts

    def _host(self, actor: str) -> str:
        """The host on which an actor lives, or that is called so."""
        if not self._transport.hosts:
            raise Unsupported(f"there is no network between actors on {self._transport.name}")
        name = actor if actor == ROUTER else self._host_of.get(actor, "")
        if name not in self._places:
            raise Missing(f'there is no actor "{actor}"')
        if self._places[name][0] is None:
            raise Unsupported("the network between hosts that are not our own cannot be disturbed")
        return name

    def _ends(self, actor: str) -> tuple[End, End]:
        """The link of an actor's host: its own end, and the other."""
        name = self._host(actor)
        if name not in self._network.ends:
            raise Unsupported(f"{name} is at several links; name the host at the other end of one")
        return self._network.ends[name]

    def _own(self, name: str) -> tuple[str, int]:
        """The host's address of the transport's family, and its prefix length."""
        _, ip4, ip6 = self._places[name]
        return (ip6, PREFIX6) if self._transport.ip6 else (ip4, PREFIX4)


def _set_firewall(answer: str, where: int, port: Optional[int]) -> None:
    with nftables.Firewall() as firewall:
        firewall.set(answer, where, port)


def _remove_firewall() -> None:
    with nftables.Firewall() as firewall:
        firewall.remove()


def _route_with(gateway: str, mss: int) -> None:
    with Links() as links:
        links.add_default_route(gateway, mss)


def _on(host: int, work: Callable[[], None]) -> None:
    """Does something on a host. Unsupported where the kernel refuses, HarnessError where it does not answer."""
    try:
        on_host(host, work)
    except TimeoutError as error:
        raise HarnessError(f"a host does not change: {error}") from None
    except OSError as error:
        raise Unsupported(f"a host cannot be changed: {error.strerror or error}") from None


def _at(end: End, work: Callable[[Netlink], None]) -> None:
    """The same to one end of a link."""
    try:
        at_end(end, work)
    except TimeoutError as error:
        raise HarnessError(f"the network of a host does not change: {error}") from None
    except OSError as error:
        raise Unsupported(f"the network of a host cannot be changed: {error.strerror or error}") from None


def on_link(descriptor: int, work: Callable[[Netlink], None]) -> None:
    """Does something to a host's own end of its link. Unsupported where the kernel refuses."""
    _at((descriptor, INTERFACE), work)


def rate_options(rate: int) -> bytes:
    """Options of tbf (linux/pkt_sched.h: tc_tbf_qopt) for so many bytes a second."""
    bucket = _TBF.pack(_RATE.pack(0, _ETHERNET, 0, 0, 0, rate), bytes(_RATE.size), QUEUE_BYTES, 0, 0)
    return attribute(_TBF_PARAMETERS, bucket) + attribute(_TBF_BURST, struct.pack(f"{ORDER}I", BURST))
