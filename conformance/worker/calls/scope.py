"""The scope of one cell: objects by name, saved values, remembered addresses, and its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

from conformance.model.errors import Missing
from conformance.model.plan import Plan
from conformance.model.values import Saved
from conformance.tables.transports import TRANSPORTS, Transport


@dataclass
class Scope:
    """The names of one cell. Objects and values are bound once; addresses outlive their sockets."""

    plan: Plan
    folder: str
    """The path of the cell's folder, which is made when it is first needed."""
    hosts: dict[str, str] = field(default_factory=dict)
    """Host name to its address, where the transport has hosts."""
    objects: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    addresses: dict[str, Any] = field(default_factory=dict)
    abandoned: list[tuple[Any, Any]] = field(default_factory=list)
    """Objects without a name that stay open until the clean-up, each after the adapter that made it."""
    plain: set[str] = field(default_factory=set)
    """The names of objects that raw peers made, with the plain socket module."""
    reserved: list[Any] = field(default_factory=list)
    """Sockets that the harness itself holds, for instance at an address of nobody."""
    unnamed: int = 0
    relative: bool = False
    """Whether paths in addresses are relative to the current folder of the process."""

    @property
    def transport(self) -> Transport:
        """The row of the cell's transport."""
        return TRANSPORTS[self.plan.transport]

    def path(self, name: str = "") -> str:
        """The path of a name in the cell's folder."""
        if not os.path.isdir(self.folder):
            os.mkdir(self.folder, 0o755)
        return os.path.join(self.folder, name)

    def object(self, name: str) -> Any:
        """The object of a name; Missing where no step made it."""
        if name not in self.objects:
            raise Missing(f'there is no object "{name}"')
        return self.objects[name]

    def bind(self, names: Any, made: Any, plain: bool = False) -> None:
        """Gives names to new objects; the others are called unnamed-1, unnamed-2, …

        ``plain``: a raw peer made them.
        """
        if isinstance(made, dict):
            for key, each in made.items():
                self.bind(names.get(key) if isinstance(names, dict) else None, each, plain)
        elif isinstance(made, (list, tuple)):
            for index, each in enumerate(made):
                given = names if isinstance(names, (list, tuple)) else ()
                self.bind(given[index] if index < len(given) else None, each, plain)
        else:
            name = names if isinstance(names, str) else self._next_unnamed()
            self.objects[name] = made
            (self.plain.add if plain else self.plain.discard)(name)

    def abandon(self, adapter: Any, made: Any) -> None:
        """Keeps new objects of an adapter open without a name."""
        inner = made.values() if isinstance(made, dict) else made if isinstance(made, (list, tuple)) else None
        if inner is None:
            self.abandoned.append((adapter, made))
        for each in inner or ():
            self.abandon(adapter, each)

    def _next_unnamed(self) -> str:
        self.unnamed += 1
        return f"unnamed-{self.unnamed}"

    def name_of(self, wanted: Any) -> Optional[str]:
        """The name of an object; None where it has none."""
        return next((name for name, each in list(self.objects.items()) if each is wanted), None)

    def lookup(self, reference: Saved) -> Any:
        """The Python value of ``$name`` or ``$name.field``; Missing where nothing was saved."""
        if reference.name in self.values:
            value = self.values[reference.name]
            return self._field(value, reference.field) if reference.field else value
        if reference.name in self.addresses:
            address = self.addresses[reference.name]
            return self._field(address, reference.field) if reference.field else address
        if reference.name in self.objects:
            return self.objects[reference.name]
        raise Missing(f"nothing was saved as ${reference.name}")

    @staticmethod
    def _field(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return value[name]
        if name == "path":
            return os.path.basename(value)
        if isinstance(value, tuple) and name in ("host", "port"):
            return value[0 if name == "host" else 1]
        raise Missing(f'the saved value has no field "{name}"')

    def names_of_address(self, address: Any) -> list[str]:
        """Every object that has, or had, this address."""
        return sorted(name for name, known in list(self.addresses.items()) if known == address)

    def names_of_port(self, port: int) -> list[str]:
        """Every object whose address has, or had, this port."""
        pairs = list(self.addresses.items())
        return sorted(name for name, known in pairs if isinstance(known, tuple) and known[1] == port)

    def sockets(self) -> Iterator[tuple[str, Any]]:
        """The objects that have a descriptor."""
        return ((name, each) for name, each in list(self.objects.items()) if _has_descriptor(each))


def _has_descriptor(thing: Any) -> bool:
    try:
        return hasattr(thing, "fileno")
    except Exception:  # noqa: BLE001 (the __getattr__ of foreign code)
        return False
