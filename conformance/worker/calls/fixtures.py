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
    """Makes the objects of one cell's ``given``, one actor's part at a time, with that actor's adapter."""

    def __init__(
        self, given: Given, adapter_of: Callable[[str], ShapedAdapter], scope: Scope, addresses: Addresses,
        raw: frozenset[str],
    ) -> None:  # fmt: skip
        self._given = given
        self._adapter_of = adapter_of
        self._scope = scope
        self._addresses = addresses
        self._raw = raw

    def parts(self) -> list[tuple[str, Callable[[], None]]]:
        """(actor, function) in the order in which they must run, each in the actor's thread."""
        if self._scope.transport.address == "pair" and self._given.fixture != "nothing":
            return [("client", self._pair)]
        datagrams = self._given.fixture == "connected" and "datagram" in self._scope.transport.groups
        steps = _PARTS["connected datagrams" if datagrams else self._given.fixture]
        return [(actor, partial(getattr(self, f"_{what}"), actor)) for actor, what in map(str.split, steps)]

    def _pair(self) -> None:
        """Both ends come from one call; where one end is a raw peer's, the other adapter takes over its own."""
        mixed = len(self._raw & {"client", "server"}) == 1
        maker = next(iter(self._raw)) if mixed else "client"
        ends = dict(zip(("client", "server"), self._adapter_of(maker).socketpair(None, None).objects))
        for name, end in ends.items():
            made = self._adapter_of(name).adopt(end) if mixed and name != maker else end
            self._scope.bind(name, made, name in self._raw)
            self._options(name)

    def _fresh(self, name: str) -> None:
        row = self._scope.transport
        made = self._adapter_of(name).socket(constant(str(row.family)), constant(str(row.type)), 0).objects
        self._scope.bind(name, made, name in self._raw)
        self._options(name)

    def _options(self, name: str) -> None:
        if self._given.options:
            values = {option: _plain(value) for option, value in self._given.options}
            self._adapter_of(name).setsockopt(self._scope.objects[name], values, None, None, None)

    def _bind(self, name: str) -> None:
        sock = self._scope.objects[name]
        self._adapter_of(name).bind(sock, self._addresses.free(name))
        self._learn(name)

    def _listen(self, name: str) -> None:
        self._bind(name)
        self._adapter_of(name).listen(self._scope.objects[name], self._given.backlog)

    def _connect(self, name: str) -> None:
        to = "server" if name == "client" else "client"
        self._adapter_of(name).connect(self._scope.objects[name], self._scope.addresses[to])
        self._learn(name)

    def _accept(self, name: str) -> None:
        listener = self._scope.objects[name]
        self._scope.bind("listener", listener, name in self._raw)
        self._scope.addresses["listener"] = self._scope.addresses[name]
        made = self._adapter_of(name).accept(listener).objects
        self._scope.bind(name, made, name in self._raw)
        self._options(name)

    def _learn(self, name: str) -> None:
        found = self._adapter_of(name).getsockname(self._scope.objects[name])
        address = remembered(found)
        if address is None and found is not None:
            raise WrongType(found, "an address")
        if address:
            self._scope.addresses[name] = address


def _plain(value: Any) -> Any:
    if hasattr(value, "fields"):
        return {name: _plain(item) for name, item in value.fields}
    return getattr(value, "value", value)
