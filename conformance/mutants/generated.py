"""Mechanical mutants of ``socket.socket``: every operator of ``operators`` on every call of ``surface`` it applies to.

A mutant is named by its call and operator, ``recv:swallows-errors``, and can be run like any implementation:
``-i conformance.mutants.generated:recv_swallows_errors``. Its class is made when the name is looked up.
"""

from __future__ import annotations

import functools
import socket
from types import ModuleType
from typing import Any

from conformance.mutants.correct import PassThrough, WrappingModule
from conformance.mutants.operators import Mutation, Use, mutations
from conformance.mutants.surface import SURFACE

MUTATIONS: dict[str, Mutation] = {
    f"{call.name}:{mutation.label}": mutation for call in SURFACE for mutation in mutations(call)
}
"""Every mechanical mutant by name."""


def attribute(name: str) -> str:
    """The attribute of this module that is a mutant."""
    return name.strip("_").replace("__:", ":").replace(":", "_").replace("-", "_")


_NAMES = {attribute(name): name for name in MUTATIONS}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"there is no mutant {name}")
    made = globals()[name] = _made(MUTATIONS[_NAMES[name]], name)
    return made


def _made(mutation: Mutation, name: str) -> Any:
    """The class of a mutant; for a function of the module, a module with the mutated function."""
    call = mutation.call
    if call.of_module:
        return _module(mutation, name)
    if "property" in call.traits:
        original = getattr(socket.socket, call.name)
        read = functools.partial(_read, mutation, original)
        return type(name, (PassThrough,), {call.name: property(read), "__doc__": mutation.bug})
    return type(name, (PassThrough,), {call.name: _method(mutation), "__doc__": mutation.bug})


def _read(mutation: Mutation, original: Any, sock: Any) -> Any:
    use = Use(mutation.call, lambda: original.__get__(sock), sock, [], {}, _kept(sock))
    return mutation.behaviour(use)


def _method(mutation: Mutation) -> Any:
    call, original = mutation.call, getattr(PassThrough, mutation.call.name)

    def method(self: Any, *given: Any, **keywords: Any) -> Any:
        arguments = list(given)
        if call.name == "sendto" and len(arguments) == 2:
            arguments.insert(1, 0)  # sendto(data, address) has no flags
        return mutation.behaviour(Use(call, functools.partial(original, self), self, arguments, keywords, _kept(self)))

    return method


def _kept(sock: Any) -> dict[str, Any]:
    """What earlier calls of this socket left for later ones."""
    kept: dict[str, Any] = sock.__dict__.setdefault("_kept", {})
    return kept


def _module(mutation: Mutation, name: str) -> ModuleType:
    module = WrappingModule(name, PassThrough)
    original, kept = getattr(module, mutation.call.name), dict[str, Any]()

    def function(*given: Any, **keywords: Any) -> Any:
        return mutation.behaviour(Use(mutation.call, original, None, list(given), keywords, kept))

    setattr(module, mutation.call.name, function)
    module.mutated = mutation.call.name
    return module
