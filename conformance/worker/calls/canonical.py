"""Results as they are recorded: raw, and canonical by the result type of the operation.

A value of a type that no socket returns is described by its type and its ``repr``. Nothing that a value defines
(``__int__``, ``__eq__``, ``__len__``, …) is relied on: values of builtin types are read by the methods of these types.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional

from conformance.engine import data
from conformance.engine.evaluate import nodes_in
from conformance.engine.wrong_types import class_name, described
from conformance.model.errors import WrongType
from conformance.model.plan import Plan
from conformance.model.values import Pattern
from conformance.tables.error_names import canonical_errno, describe, number_of
from conformance.tables.operations import Result
from conformance.worker.calls.scope import Scope

DEEPEST, LONGEST = 10, 10_000
"""Levels of a container, its items on all levels together, and characters of text that are recorded."""

Pair = tuple[Any, Any]
"""A value as recorded: canonical and raw."""


class Recorder:
    """Turns the results of one cell into what is recorded."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._by_kind: dict[str, Callable[[Any], Pair]] = {
            "count": lambda value: _of_type(value, int, "a count"),
            "seconds": lambda value: _of_type(value, (int, float), "seconds"),
            "bool": lambda value: _of_type(value, bool, "true or false"),
            "text": lambda value: _of_type(value, str, "text"),
            "data": self._data,
            "address": lambda value: (self.address(value), _raw_address(value)),
            "symbol": _symbol,
            "symbols": lambda value: _both(map(_symbol, _items(value, "a list of symbols"))),
            "objects": lambda value: _both(map(self._object, _items(value, "a list of objects"))),
            "set": lambda value: _both(sorted(map(self._object, _items(value, "a list of objects")), key=_by_name)),
            "events": lambda value: (dict(sorted(value.items())), dict(sorted(value.items()))),
        }

    def result(self, kind: Result, value: Any) -> Pair:
        """(canonical, raw) of a result of this type."""
        if isinstance(kind, str):
            return self._typed(kind, value)
        if type(value) is not dict:
            return self._typed("value", value)
        kinds = dict(kind)
        pairs = {key: self.result(kinds.get(key, "value"), item) for key, item in value.items()}
        return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}

    def _typed(self, kind: str, value: Any) -> Pair:
        try:
            return self._by_kind.get(kind, self._plain)(value)
        except WrongType as wrong:
            return self.wrong(wrong)

    def wrong(self, wrong: WrongType) -> Pair:
        """(canonical, raw) of a value that an implementation should not have returned."""
        description = described(wrong.value, wrong.wanted)
        return description, description

    def _plain(self, value: Any) -> Pair:
        if isinstance(value, (socket.AddressFamily, socket.SocketKind)):
            return value.name, int(value)
        plain = self._value(value)
        return plain, plain

    def _data(self, value: Any) -> Pair:
        octets = bytes_of(value)
        recorded = data.canonical(octets, seeds_of(self._scope.plan) if len(octets) > data.WHOLE else ())
        return recorded, recorded

    def _value(self, value: Any, depth: int = 0, room: Optional[list[int]] = None) -> Any:
        """Plain values as they are, containers item by item, and anything else by its class.

        ``room``: how many more items may be recorded, in a list that all levels share.
        """
        room = [LONGEST] if room is None else room
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._data(value)[0]
        if not isinstance(value, (list, tuple, dict)):
            plain = _scalar(value)
            return self._scope.name_of(value) or f"a {class_name(value)}" if plain is _NO_SCALAR else plain
        if depth == DEEPEST:
            return "…"
        if isinstance(value, dict):
            return {_key(key): self._value(item, depth + 1, room) for key, item in _first(dict.items(value), room)}
        return [self._value(item, depth + 1, room) for item in _first(_items(value, "a list"), room)]

    def _object(self, value: Any) -> Pair:
        return self._scope.name_of(value) or "unknown", _descriptor(value)

    def error(self, error: BaseException) -> tuple[dict[str, Any], dict[str, Any]]:
        """(canonical, raw) of an exception."""
        raw = {
            "class": f"{type(error).__module__}.{type(error).__qualname__}",
            "errno": number_of(error, "errno"),
            "winerror": number_of(error, "winerror"),
            "text": text_of(error),
        }
        return describe(error), {key: value for key, value in raw.items() if value is not None}

    def address(self, value: Any) -> Any:
        """An address by the names that it has in the scenario."""
        host_and_port = _host_and_port(value)
        if host_and_port is not None:
            return self._ip(*host_and_port)
        if type(value) is bytes and value:
            return {"abstract": self._own_name(value[1:].decode("ascii", "replace")), "names": self._names(value)}
        if type(value) is str and value:
            return {"path": self._own_name(value), "names": self._names(value)}
        if value is None or (type(value) in (bytes, str, tuple) and not value):
            return {"unnamed": True, "names": []}
        if (family := _unknown_family(value)) is not None:
            return {"family": family, "names": []}
        raise WrongType(value, "an address")

    def _ip(self, host: str, port: int) -> dict[str, Any]:
        return {
            "names": self._scope.names_of_address((host, port)),
            "host": self._host(host),
            "port": self._scope.names_of_port(port) if port else 0,
        }

    def _names(self, value: Any) -> list[str]:
        return self._scope.names_of_address(value)

    def _own_name(self, path: str) -> str:
        """A path in the cell's folder by the scenario's name for it."""
        folder = self._scope.folder + os.sep
        return path[len(folder) :] if path.startswith(folder) else os.path.basename(path).split("-", 3)[-1]

    def _host(self, text: str) -> str:
        for name, known in self._scope.hosts.items():
            if known == text:
                return name
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return text
        mapped: Optional[ipaddress.IPv4Address] = getattr(address, "ipv4_mapped", None)
        if mapped is not None:
            return "mapped-loopback" if mapped.is_loopback else "mapped"
        if address.is_unspecified:
            return "any"
        return "loopback" if address.is_loopback else "other"


def seeds_of(plan: Plan) -> tuple[int, ...]:
    """The seeds of the patterns in a plan; always 0, too."""
    return tuple(sorted({0, *(each.seed for each in nodes_in(plan.steps) if isinstance(each, Pattern))}))


def text_of(error: BaseException) -> str:
    """The message of an exception, even if its ``__str__`` raises."""
    try:
        return str.__str__(str(error))[:300]
    except BaseException as other:  # noqa: BLE001 (__str__ of foreign code)
        return f"its __str__ raises {class_name(other)}"


def _both(pairs: Iterable[Pair]) -> Pair:
    found = list(pairs)
    return [pair[0] for pair in found], [pair[1] for pair in found]


def _by_name(pair: Pair) -> str:
    return str(pair[0])


def _of_type(value: Any, kind: Any, wanted: str) -> Pair:
    """A scalar of this type; true and false are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise WrongType(value, wanted)
    plain = _scalar(value)
    return plain, plain


def _items(value: Any, wanted: str) -> list[Any]:
    if isinstance(value, list):
        return list(list.__iter__(value))
    if isinstance(value, tuple):
        return list(tuple.__iter__(value))
    raise WrongType(value, wanted)


def bytes_of(value: Any) -> bytes:
    """The bytes of data, also of an instance of a subclass. WrongType for anything that is no data."""
    if isinstance(value, bytes):
        return bytes.__getitem__(value, slice(None))
    if isinstance(value, bytearray):
        return bytes(bytearray.__getitem__(value, slice(None)))
    if isinstance(value, memoryview):
        return value.tobytes()
    raise WrongType(value, "data")


def _first(items: Iterable[Any], room: list[int]) -> Iterator[Any]:
    """The items for which there is room."""
    for item in items:
        if room[0] <= 0:
            return
        room[0] -= 1
        yield item


def _host_and_port(value: Any) -> Optional[tuple[str, int]]:
    """Host and port of an IP address; None for anything else."""
    if not isinstance(value, tuple) or tuple.__len__(value) not in (2, 4):
        return None
    items: list[Any] = [*tuple.__iter__(value), None, None]
    return (items[0], items[1]) if type(items[0]) is str and type(items[1]) is int else None


def _unknown_family(value: Any) -> Optional[int]:
    """The family of an address in the form that Python gives to those which it cannot read: ``(family, bytes)``.

    Windows names nobody in a recvfrom on a connection, so that the family that Python finds there is 0.
    """
    if not isinstance(value, tuple) or tuple.__len__(value) != 2:
        return None
    family, data = tuple.__iter__(value)
    return family if type(family) is int and type(data) is bytes else None


def _raw_address(value: Any) -> Any:
    host_and_port = _host_and_port(value)
    if host_and_port is not None:
        return {"host": host_and_port[0], "port": host_and_port[1]}
    if (family := _unknown_family(value)) is not None:
        return {"family": family}
    return value.decode("ascii", "backslashreplace") if type(value) is bytes else value or None


_NO_SCALAR = object()
_LARGEST = 1 << 128


def _scalar(value: Any) -> Any:
    """A plain value, free of any subclass. Python refuses to print very long numbers; these become a description."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        number = int.__add__(value, 0)
        return number if abs(number) < _LARGEST else f"a number of {number.bit_length()} bits"
    if isinstance(value, float):
        return float.__float__(value)
    return str.__str__(value)[:LONGEST] if isinstance(value, str) else _NO_SCALAR


def _key(key: Any) -> str:
    plain = _scalar(key)
    return f"a {class_name(key)}" if plain is _NO_SCALAR else str(plain)


def _symbol(value: Any) -> Pair:
    if isinstance(value, (socket.AddressFamily, socket.SocketKind)):
        return value.name, int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        number = _scalar(value)
        return canonical_errno(number) if number else 0, number
    if isinstance(value, str):
        return str.__str__(value), str.__str__(value)
    raise WrongType(value, "an error number")


def _descriptor(value: Any) -> Any:
    try:
        return value if isinstance(value, int) else value.fileno()
    except Exception:  # noqa: BLE001 (raw is a note; a wrapper may raise anything here)
        return None
