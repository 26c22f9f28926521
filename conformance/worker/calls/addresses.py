"""Makes addresses: free ones, ones of nobody, and those that scenarios spell out. Ports are never guessed."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any, Optional

from conformance.model import values as v
from conformance.model.errors import Missing, Unsupported
from conformance.worker.calls.scope import Scope
from conformance.worker.network.namespaces import on_host

_WILDCARD = {False: "0.0.0.0", True: "::"}
_LOOPBACK = {False: "127.0.0.1", True: "::1"}
_FIXED_HOSTS = {
    "broadcast": {False: "255.255.255.255", True: "ff02::1"},
    "unrouted": {False: "203.0.113.1", True: "2001:db8:ffff::1"},
    "mapped-loopback": {False: "127.0.0.1", True: "::ffff:127.0.0.1"},
}
_ABSENT = {False: "192.0.2.99", True: "2001:db8::99"}
"""An address on the network of the provisioned hosts that no host has."""


class Addresses:
    """Makes the addresses of one cell, for actors that live on the given hosts."""

    def __init__(
        self, scope: Scope, host_of: Mapping[str, str], namespaces: Mapping[str, Optional[int]], tag: str = "s"
    ) -> None:
        self._scope = scope
        self._host_of = host_of
        self._namespaces = namespaces
        self._tag = tag
        self._count = 0

    def resolve(self, value: Any, actor: str, sock: Any) -> Any:
        """The raw address of a value, as ``actor`` must write it for ``sock``."""
        if isinstance(value, v.Saved):
            found = self._scope.lookup(value)
            return found["from"] if isinstance(found, dict) and "from" in found else found
        if isinstance(value, v.AddressOf):
            return self._of_object(actor if value.object == "self" else value.object)
        if isinstance(value, v.FreeAddress):
            return self.free(actor)
        if isinstance(value, v.Nobody):
            return self.nobody(actor)
        if isinstance(value, v.PathAddress):
            return value.path if self._scope.relative else self._scope.path(value.path)
        if isinstance(value, v.AbstractAddress):
            return self._abstract(value.abstract)
        if isinstance(value, v.HostPort):
            host = value.host if value.verbatim else self._host(value.host, self._is_ip6(sock))
            return host, self._port(value.port)
        raise Unsupported("an unnamed address can be expected, not given")

    def _of_object(self, name: str) -> Any:
        if name not in self._scope.addresses:
            raise Missing(f'"{name}" has no address')
        return self._scope.addresses[name]

    def free(self, actor: str) -> Any:
        """An address of the transport that nobody uses."""
        kind = self._scope.transport.address
        self._count += 1
        if kind == "ip":
            return self.own_host(actor), 0
        if kind == "path":
            return self._scope.path(f"{self._tag}{self._count}")
        if kind == "abstract":
            return self._abstract(f"{self._tag}{self._count}")
        raise Unsupported(f"there are no addresses on {self._scope.transport.name}")

    def nobody(self, actor: str) -> Any:
        """An address at which nobody listens while the cell runs: a socket of ours holds it."""
        other = self._peer_of(actor)
        row = self._scope.transport
        holder = self._socket_on(self._host_of.get(other, ""))
        self._scope.reserved.append(holder)
        holder.bind(self.free(other))
        if row.type == "SOCK_DGRAM" and row.address == "ip":
            holder.connect(holder.getsockname()[:2])
        elif row.type == "SOCK_DGRAM":
            holder.close()
        return remembered(holder.getsockname()) if holder.fileno() >= 0 else self._closed_path()

    def _socket_on(self, host: str) -> socket.socket:
        """A socket of the transport's kind that belongs to a host."""
        row = self._scope.transport
        kind = getattr(socket, str(row.family)), getattr(socket, str(row.type))
        namespace = self._namespaces.get(host) if row.hosts else None
        return socket.socket(*kind) if namespace is None else on_host(namespace, lambda: socket.socket(*kind))

    def _closed_path(self) -> str:
        return self._scope.path(f"{self._tag}{self._count}")

    def _peer_of(self, actor: str) -> str:
        mine = self._host_of.get(actor)
        others = (name for name, host in self._host_of.items() if host != mine)
        return next(others, actor)

    def own_host(self, actor: str) -> str:
        """The address of the actor's host on an IP transport."""
        row = self._scope.transport
        if row.hosts:
            return self._scope.hosts[self._host_of.get(actor, "server")]
        return _LOOPBACK[row.ip6]

    def _host(self, symbol: str, ip6: bool) -> str:
        if symbol == "any":
            return _WILDCARD[ip6]
        if symbol == "own-name":
            return socket.gethostname()
        if symbol == "loopback":
            return _LOOPBACK[ip6]
        if symbol in _FIXED_HOSTS:
            return _FIXED_HOSTS[symbol][ip6]
        if symbol == "absent-neighbour" and self._on_own_hosts():
            return _ABSENT[ip6]
        if symbol in self._host_of:
            return self.own_host(symbol)
        if symbol in self._scope.hosts:
            return self._scope.hosts[symbol]
        raise Unsupported(f'no host "{symbol}" on {self._scope.transport.name}')

    def _on_own_hosts(self) -> bool:
        """Whether the hosts are namespaces of ours: then nobody else is on their network."""
        return self._scope.transport.hosts and None not in self._namespaces.values()

    def _is_ip6(self, sock: Any) -> bool:
        try:
            return bool(sock.family == socket.AF_INET6)
        except Exception:  # noqa: BLE001 (no socket, or one of foreign code; which address to write is for us to know)
            return False

    def _port(self, value: Any) -> int:
        if isinstance(value, v.Object):
            return int(self._of_object(value.name)[1])
        if isinstance(value, v.Saved):
            found = self._scope.lookup(value)
            return int(found[1] if isinstance(found, tuple) else found)
        return int(value.value)

    def _abstract(self, name: str) -> bytes:
        """The whole machine shares abstract names, so they contain the folders of worker and cell."""
        above, cell = os.path.split(self._scope.folder)
        return b"\0" + f"{os.path.basename(above)}-{cell}-{name}".encode()


def remembered(address: Any) -> Any:
    """An address as it is remembered: IPv6 ones without flow and scope. None for anything that is no address."""
    if isinstance(address, (tuple, list)):
        items: list[Any] = [*list(address), None, None]
        return (items[0], items[1]) if type(items[0]) is str and type(items[1]) is int else None
    return address if type(address) in (str, bytes) else None
