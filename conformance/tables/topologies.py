"""The topologies: which hosts each link joins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topology:
    """Links, each by the names of its hosts. A host that an actor has for itself is at the first link, the client's."""

    name: str
    links: tuple[tuple[str, ...], ...]
    summary: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host, once."""
        return tuple(dict.fromkeys(host for link in self.links for host in link))


DIRECT = "direct"
ROUTER = "router"

TOPOLOGIES: dict[str, Topology] = {
    row.name: row
    for row in (
        Topology(DIRECT, (("client", "server"),), "The client's and the server's host are at one link."),
        Topology("routed", (("client", ROUTER), (ROUTER, "server")),
                 "A router joins the link of the client's host to that of the server's; it forwards packets, and "
                 "reports by ICMP if it cannot."),
    )
}  # fmt: skip
