"""Finds the hosts and links that faults are about, and makes changes there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.tables.topologies import ROUTER
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.netlink import RouteNetlink
from conformance.worker.network.networks import PREFIX4, PREFIX6, CellHosts, Host, LinkEnd, at_end


@dataclass(frozen=True)
class TargetHosts:
    """The hosts of one cell, which its faults name by an actor that lives there."""

    cell: CellHosts

    def name(self, actor: str) -> str:
        """The host on which an actor lives, or the router. Unsupported or Missing if it cannot be disturbed."""
        if not self.cell.transport.hosts:
            raise Unsupported(f"there is no network between actors on {self.cell.transport.name}")
        name = actor if actor == ROUTER else self.cell.host_of.get(actor, "")
        if name not in self.cell.network.hosts:
            raise Missing(f'there is no actor "{actor}"')
        if self.cell.network.hosts[name].namespace is None:
            raise Unsupported("the network between hosts that are not our own cannot be disturbed")
        return name

    def namespace(self, actor: str) -> int:
        """The namespace of an actor's host."""
        return int(self.cell.network.hosts[self.name(actor)].namespace or 0)

    def ends(self, actor: str) -> tuple[LinkEnd, LinkEnd]:
        """The link of an actor's host: the host's own end, and the other."""
        name = self.name(actor)
        if name not in self.cell.network.ends:
            raise Unsupported(f"{name} is at several links; name the host at the other end of one")
        return self.cell.network.ends[name]

    def own_address(self, name: str) -> tuple[str, int]:
        """A host's address of the transport's family, and its prefix length."""
        return self.address(self.cell.network.hosts[name]), PREFIX6 if self.cell.transport.ip6 else PREFIX4

    def address(self, host: Host) -> str:
        """A host's address of the transport's family."""
        return host.address(self.cell.transport.ip6)

    def actors_on(self, name: str) -> list[str]:
        """The actors that live on a host."""
        return [actor for actor, host in self.cell.host_of.items() if host == name]


def change_host(namespace: int, work: Callable[[], None]) -> None:
    """Calls ``work`` on a host. Unsupported if the kernel refuses, HarnessError if it does not answer."""
    with _changing("a host"):
        on_host(namespace, work)


def change_link(end: LinkEnd, work: Callable[[RouteNetlink, str], None]) -> None:
    """Calls ``work`` at one end of a link. Unsupported if the kernel refuses, HarnessError if it does not answer."""
    with _changing("the network of a host"):
        at_end(end, work)


@contextlib.contextmanager
def _changing(what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise HarnessError(f"{what} does not change: {error}") from None
    except OSError as error:
        raise Unsupported(f"{what} cannot be changed: {error.strerror or error}") from None
