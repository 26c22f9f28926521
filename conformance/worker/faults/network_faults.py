"""Faults of the network between hosts of our own. Nothing is undone: the network ends with the cell."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Optional

from conformance.model.errors import HarnessError
from conformance.tables.topologies import ROUTER
from conformance.worker.faults.packet_faults import PacketFaults
from conformance.worker.faults.process_faults import ProcessFaults
from conformance.worker.faults.target_hosts import TargetHosts, change_host, change_link
from conformance.worker.network import interface_addresses, links, nftables, offloads, queues, routes
from conformance.worker.network.destroy import destroy_sockets
from conformance.worker.network.netlink import RouteNetlink
from conformance.worker.network.networks import LinkEnd


class NetworkFaults:
    """The faults of the links and hosts of one cell."""

    def __init__(self, targets: TargetHosts, packets: PacketFaults, processes: ProcessFaults) -> None:
        self._targets = targets
        self._packets = packets
        self._processes = processes
        self._down: set[LinkEnd] = set()
        self._firewalls: set[str] = set()
        self._without_address: set[str] = set()

    def cut(self, host: str) -> None:
        """Both ends of the host's link lose all packets, but keep their carrier."""
        if self._packets.forwarder is not None:
            self._packets.forwarder.cut(True)
            return
        for end in self._targets.ends(host):
            change_link(end, queues.black_hole)

    def repair(self, host: str) -> None:
        """Ends :meth:`cut`."""
        if self._packets.forwarder is not None:
            self._packets.forwarder.cut(False)
            return
        for end in self._targets.ends(host):
            change_link(end, queues.reset)

    def link(self, state: str, of: str) -> None:
        """Sets the host's end up or down; if it is down, the other end has no carrier either."""
        own, other = self._targets.ends(of)
        change_link(own, partial(links.set_up, up=state == "up"))
        if state == "down":
            self._down.add(own)
            return
        self._down.discard(own)
        if other not in self._down:
            for end in (own, other):
                change_link(end, links.wait_until_running)
        self._revive_at(of)

    def address(self, state: str, of: str) -> None:
        """Removes or restores the host's address of the transport's family."""
        name = self._targets.name(of)
        if state == "removed":
            address, prefix = self._targets.own_address(name)
            change_link(self._targets.ends(of)[0], partial(interface_addresses.remove, address=address, prefix=prefix))
            self._without_address.add(name)
        else:
            self._without_address.discard(name)
            self._revive(name)

    def _revive_at(self, of: str) -> None:
        """Revives the hosts at both ends of a host's link."""
        ends = self._targets.ends(of)
        for name in [each for each, (own, _) in self._targets.cell.network.ends.items() if own in ends]:
            self._revive(name)

    def _revive(self, name: str) -> None:
        """Restores a host's addresses and routes, which the kernel removes with a link or an address.

        Does nothing while the link is down: the host is revived when it comes up.
        """
        if name in self._without_address or self._down & set(self._targets.cell.network.ends[name]):
            return
        try:
            self._targets.cell.network.revive(name)
        except TimeoutError as error:
            raise HarnessError(f"{name} does not get its addresses back: {error}") from None

    def rate(self, rate: int, of: str) -> None:
        """Limits the bytes a second that the host's end sends."""
        change_link(self._targets.ends(of)[0], partial(queues.limit_rate, rate=rate))

    def mtu(self, mtu: int, of: str) -> None:
        """Sets the MTU at both ends, since a link has one; below 1280 it carries no IPv6 (RFC 8200 section 5)."""
        for end in self._targets.ends(of):
            change_link(end, partial(links.set_mtu, size=mtu))
        self._revive_at(of)

    def mss(self, mss: int, of: str) -> None:
        """Sets a metric of the host's routes: to every other host at its link, and to the router."""
        name, (end, _) = self._targets.name(of), self._targets.ends(of)
        own, prefix = self._targets.own_address(name)
        link = ipaddress.ip_network(f"{own}/{prefix}", strict=False)
        network = self._targets.cell.network
        others = [self._targets.address(host) for each, host in network.hosts.items() if each != name]
        for to in [each for each in others if ipaddress.ip_address(each) in link]:
            change_link(end, partial(routes.add, to=to, own=own, mss=mss))
        for gateway in network.gateways.get(name, ()):
            if (":" in gateway) == self._targets.cell.transport.ip6:
                change_host(end.namespace, partial(_route_by, gateway, mss))

    def offloads(self, state: str, of: str) -> None:
        """Switches offloads at both ends of the host's link."""
        for end in self._targets.ends(of):
            change_host(end.namespace, partial(offloads.switch, end.interface, state == "on"))

    def firewall(self, answer: str, on: str, port: Optional[int]) -> None:
        """Answers packets for the host, or packets that the router forwards. A new answer replaces the one before."""
        name, namespace = self._targets.name(on), self._targets.namespace(on)
        if name in self._firewalls:
            self._firewalls.discard(name)
            change_host(namespace, _remove_firewall)
        if answer != "open":
            where = nftables.FORWARD if name == ROUTER else nftables.INPUT
            change_host(namespace, partial(_set_firewall, answer, where, port))
            self._firewalls.add(name)

    def reboot(self, host: str) -> None:
        """Ends the host's processes and destroys its sockets; all packets about that are lost."""
        name, (own, _) = self._targets.name(host), self._targets.ends(host)
        change_link(own, queues.black_hole)
        for actor in self._targets.actors_on(name):
            self._processes.end(actor)
        change_host(own.namespace, destroy_sockets)
        change_link(own, queues.reset)


def _route_by(gateway: str, mss: int) -> None:
    with RouteNetlink() as kernel:
        routes.add_default(kernel, gateway, mss)


def _set_firewall(answer: str, where: int, port: Optional[int]) -> None:
    with nftables.Firewall() as firewall:
        firewall.set(answer, where, port)


def _remove_firewall() -> None:
    with nftables.Firewall() as firewall:
        firewall.remove()
