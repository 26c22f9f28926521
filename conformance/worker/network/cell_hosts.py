"""The hosts of one cell, and which of its actors lives on which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from conformance.tables.transports import Transport
from conformance.worker.network.networks import Network


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
