"""The implementations under test, each behind an adapter. The registry names the adapters that come along."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from conformance.worker.adapters.importing import NoSuchImplementation, module_of, target_of
from conformance.worker.adapters.shaped import ShapedAdapter
from conformance.worker.adapters.stdlib import StdlibAdapter


@dataclass(frozen=True)
class Registered:
    """A name of the registry: its adapter class, the module that it needs, and one line for people."""

    adapter: str
    library: str
    summary: str


ADAPTERS: dict[str, Registered] = {
    "stdlib": Registered(
        "conformance.worker.adapters.stdlib:StdlibAdapter", "socket", "the socket module of this Python"
    ),
    "gevent": Registered(
        "conformance.worker.adapters.gevent_adapter:GeventAdapter",
        "gevent.socket",
        "gevent.socket, in a hub for each thread",
    ),
    "trio": Registered(
        "conformance.worker.adapters.trio_adapter:TrioAdapter",
        "trio.socket",
        "trio.socket, each call awaited in its thread",
    ),
}
"""Adapters of libraries that may be absent are imported when they are used."""


def adapter_for(implementation: str) -> ShapedAdapter:
    """The adapter of a registered name, of ``package.module:Name``, or of ``path/to/file.py:Name``.

    NoSuchImplementation where that cannot be imported or called.
    """
    target = _registered(implementation) if implementation in ADAPTERS else target_of(implementation, ADAPTERS)
    if isinstance(target, type) and issubclass(target, ShapedAdapter):
        return target()  # type: ignore[call-arg]  # an adapter that is registered takes no arguments
    return ShapedAdapter(target, implementation)


def _registered(name: str) -> type:
    row = ADAPTERS[name]
    try:
        module_of(row.library)
    except NoSuchImplementation as error:
        if not error.absent:
            raise
        reason = f"{error.absent} is not installed for {sys.executable}"
        remedy = f"{sys.executable} -m pip install 'socket-conformance[{name}]' installs it"
        raise NoSuchImplementation(reason, remedy, error.absent) from None
    found: type = target_of(row.adapter)
    return found


__all__ = ["ADAPTERS", "NoSuchImplementation", "Registered", "ShapedAdapter", "StdlibAdapter", "adapter_for"]
