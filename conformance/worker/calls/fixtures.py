"""Fixtures: the objects that are there before the first step. They have only the options that the scenario sets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from conformance.model.errors import WrongType
from conformance.model.plan import Given
from conformance.worker.adapters.shaped import ShapedAdapter, constant
from conformance.worker.calls.addresses import Addresses, remembered
from conformance.worker.calls.scope import Scope

_BOUND = "server fresh", "server bind", "client fresh", "client bind"
_LISTENING = "server fresh", "server listen", "client fresh"
_PARTS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "fresh": ("server fresh", "client fresh"),
    "bound": _BOUND,
    "listening": _LISTENING,
    "queued": (*_LISTENING, "client connect"),
    "connected": (*_LISTENING, "client connect", "server accept"),
    "connected datagrams": (*_BOUND, "client connect", "server connect"),
}
"""Each fixture, and what its actors do for it, one after the other."""


class Fixture:
    """Makes the objects of one cell's ``given``, one actor's part at a time."""

    def __init__(self, given: Given, adapter: ShapedAdapter, scope: Scope, addresses: Addresses) -> None:
        self._given = given
        self._adapter = adapter
        self._scope = scope
        self._addresses = addresses

    def parts(self) -> list[tuple[str, Callable[[], None]]]:
        """(actor, function) in the order in which they must run, each in the actor's thread."""
        if self._scope.transport.address == "pair" and self._given.fixture != "nothing":
            return [("client", self._pair)]
        datagrams = self._given.fixture == "connected" and "datagram" in self._scope.transport.groups
        steps = _PARTS["connected datagrams" if datagrams else self._given.fixture]
        return [(actor, partial(getattr(self, f"_{what}"), actor)) for actor, what in map(str.split, steps)]

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

    def _listen(self, name: str) -> None:
        self._bind(name)
        self._adapter.listen(self._scope.objects[name], self._given.backlog)

    def _connect(self, name: str) -> None:
        to = "server" if name == "client" else "client"
        self._adapter.connect(self._scope.objects[name], self._scope.addresses[to])
        self._learn(name)

    def _accept(self, name: str) -> None:
        listener = self._scope.objects[name]
        self._scope.objects["listener"] = listener
        self._scope.addresses["listener"] = self._scope.addresses[name]
        made = self._adapter.accept(listener).objects
        self._scope.objects[name] = made
        self._options(made)

    def _learn(self, name: str) -> None:
        found = self._adapter.getsockname(self._scope.objects[name])
        address = remembered(found)
        if address is None and found is not None:
            raise WrongType(found, "an address")
        if address:
            self._scope.addresses[name] = address


def _plain(value: Any) -> Any:
    if hasattr(value, "fields"):
        return {name: _plain(item) for name, item in value.fields}
    return getattr(value, "value", value)
