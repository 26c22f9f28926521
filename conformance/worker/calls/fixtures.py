"""Fixtures: what is ready before the first step. No option and no timeout is set that the scenario does not give."""

from __future__ import annotations

from typing import Any

from conformance.model.plan import Given
from conformance.worker.adapters.shaped import ShapedAdapter, constant
from conformance.worker.calls.addresses import Addresses, remembered
from conformance.worker.calls.scope import Scope


class Fixture:
    """Makes the objects of one cell's ``given``, one actor's part at a time."""

    def __init__(self, given: Given, adapter: ShapedAdapter, scope: Scope, addresses: Addresses) -> None:
        self._given = given
        self._adapter = adapter
        self._scope = scope
        self._addresses = addresses

    def parts(self) -> list[tuple[str, Any]]:
        """(actor, function) in the order in which they must run; each runs in the actor's thread."""
        name = self._given.fixture
        if name == "nothing":
            return []
        if self._scope.transport.address == "pair":
            return [("client", self._pair)]
        parts: list[tuple[str, Any]] = [("server", lambda: self._fresh("server"))]
        if name in ("bound", "connected") and "datagram" in self._scope.transport.groups:
            parts += [("server", lambda: self._bind("server")), ("client", lambda: self._fresh("client"))]
            parts.append(("client", lambda: self._bind("client")))
            if name == "connected":
                parts.append(("client", lambda: self._connect("client", "server")))
                parts.append(("server", lambda: self._connect("server", "client")))
            return parts
        if name != "fresh":
            parts.append(("server", self._listen))
        parts.append(("client", lambda: self._fresh("client")))
        if name in ("queued", "connected"):
            parts.append(("client", lambda: self._connect("client", "server")))
        if name == "connected":
            parts.append(("server", self._accept))
        return parts

    def _pair(self) -> None:
        client, server = self._adapter.socketpair(None, None).objects
        self._scope.objects.update(client=client, server=server)
        self._options(client)
        self._options(server)

    def _fresh(self, name: str) -> None:
        row = self._scope.transport
        made = self._adapter.socket(constant(str(row.family)), constant(str(row.type)), 0).objects
        self._scope.objects[name] = made
        self._options(made)

    def _options(self, sock: Any) -> None:
        if self._given.options:
            values = {name: _plain(value) for name, value in self._given.options}
            self._adapter.setsockopt(sock, values, None, None, None)

    def _bind(self, name: str) -> None:
        sock = self._scope.objects[name]
        self._adapter.bind(sock, self._addresses.free(name))
        self._learn(name)

    def _listen(self) -> None:
        self._bind("server")
        self._adapter.listen(self._scope.objects["server"], self._given.backlog)

    def _connect(self, name: str, to: str) -> None:
        self._adapter.connect(self._scope.objects[name], self._scope.addresses[to])
        self._learn(name)

    def _accept(self) -> None:
        listener = self._scope.objects["server"]
        self._scope.objects["listener"] = listener
        self._scope.addresses["listener"] = self._scope.addresses["server"]
        made = self._adapter.accept(listener).objects
        self._scope.objects["server"] = made
        self._options(made)

    def _learn(self, name: str) -> None:
        address = remembered(self._adapter.getsockname(self._scope.objects[name]))
        if address:
            self._scope.addresses[name] = address


def _plain(value: Any) -> Any:
    if hasattr(value, "fields"):
        return {name: _plain(item) for name, item in value.fields}
    return getattr(value, "value", value)
