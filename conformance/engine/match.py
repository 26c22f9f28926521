"""Decides whether an observed result is the expected one. Types count: true is not 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from conformance.engine import data
from conformance.engine.evaluate import evaluate_data, is_data
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.model.record import ABOVE, BELOW, WITHIN
from conformance.tables.error_names import canonical_name
from conformance.tables.operations import UNORDERED, Result, kind_of_field


@dataclass(frozen=True)
class Seen:
    """A result: canonical, raw (needed for ports and descriptors), and its result type."""

    canonical: Any
    raw: Any
    kind: Result = "value"


class _NeverSaved(Exception):  # noqa: N818 (control flow: what an expectation refers to does not exist)
    """A reference to a value that was never saved: its step was not run, or had another outcome."""


class Matcher:
    """Compares results of one cell, given what earlier steps saved and which actor acts."""

    def __init__(self, saved: Mapping[str, Seen], actor: str) -> None:
        self._saved = saved
        self._actor = actor

    def matches(self, expected: s.Expected, seen: Seen) -> bool:
        """Whether ``expected`` allows ``seen``; False if it refers to a value that was never saved."""
        try:
            return self._matches(expected, seen)
        except _NeverSaved:
            return False

    def _matches(self, expected: s.Expected, seen: Seen) -> bool:
        return bool(getattr(self, f"_{type(expected).__name__.lower()}")(expected, seen))

    def _anything(self, expected: s.Anything, seen: Seen) -> bool:
        return True

    def _oneof(self, expected: s.OneOf, seen: Seen) -> bool:
        return any(self._matches(option, seen) for option in expected.options)

    def _not(self, expected: s.Not, seen: Seen) -> bool:
        return not self._matches(expected.expected, seen)

    def side(self, expected: s.Range, seen: Seen) -> Optional[str]:
        """On which side of a range a result is; None where it is no number, or a bound was never saved."""
        try:
            return self._side(expected, seen)
        except _NeverSaved:
            return None

    def _range(self, expected: s.Range, seen: Seen) -> bool:
        return self._side(expected, seen) == WITHIN

    def _side(self, expected: s.Range, seen: Seen) -> Optional[str]:
        number = seen.raw if isinstance(seen.canonical, (list, str)) else seen.canonical
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return None
        low, high = (self._python(bound) if bound is not None else None for bound in (expected.low, expected.high))
        if low is not None and number < low:
            return BELOW
        return ABOVE if high is not None and number > high else WITHIN

    def _prefixof(self, expected: s.PrefixOf, seen: Seen) -> bool:
        if not data.is_recorded(seen.canonical):
            return False
        size = data.size_of(seen.canonical)
        wanted = self._bytes(expected.data)
        return 0 < size <= len(wanted) and data.equal(seen.canonical, wanted[:size])

    def _sizeis(self, expected: s.SizeIs, seen: Seen) -> bool:
        if not data.is_recorded(seen.canonical):
            return False
        size = data.size_of(seen.canonical)
        return self._matches(expected.size, Seen(size, size))

    def _record(self, expected: s.Record, seen: Seen) -> bool:
        if not isinstance(seen.canonical, dict):
            return False
        return all(
            self._actual_key(key) in seen.canonical and self._matches(wanted, _field(seen, self._actual_key(key)))
            for key, wanted in expected.fields
        )

    def _actual_key(self, key: str) -> str:
        return self._actor if key == "self" else key

    def _sequence(self, expected: s.Sequence, seen: Seen) -> bool:
        if not isinstance(seen.canonical, list) or len(seen.canonical) != len(expected.items):
            return False
        pairs = zip(expected.items, seen.canonical)
        return all(self._matches(wanted, Seen(item, item)) for wanted, item in pairs)

    def _exactly(self, expected: s.Exactly, seen: Seen) -> bool:
        return self._is(expected.value, seen)

    def _is(self, value: Any, seen: Seen) -> bool:
        if isinstance(value, v.Saved):
            return self._is_saved(value, seen)
        if is_data(value):
            return data.is_recorded(seen.canonical) and data.equal(seen.canonical, self._bytes(value))
        if isinstance(value, v.Literal):
            return _same(value.value, seen.raw if isinstance(seen.canonical, list) else seen.canonical)
        if isinstance(value, v.Symbol):
            return bool(canonical_name(value.name) == seen.canonical)
        if isinstance(value, v.Items):
            return self._is_list(value, seen)
        if isinstance(value, v.Fields):
            return isinstance(seen.canonical, dict) and set(seen.canonical) == {key for key, _ in value.fields} and all(
                self._is(item, _field(seen, key)) for key, item in value.fields
            )  # fmt: skip
        if isinstance(value, v.Object):
            return self._is_object(value.name, seen)
        return self._is_address(value, seen)

    def _is_object(self, name: str, seen: Seen) -> bool:
        """Whether this is the object; in an address, whether the name is one of its port's names."""
        wanted = self._actor if name == "self" else name
        return wanted in seen.canonical if isinstance(seen.canonical, list) else wanted == seen.canonical

    def _is_list(self, value: v.Items, seen: Seen) -> bool:
        found = seen.canonical
        if not isinstance(found, list) or len(found) != len(value.items):
            return False
        if seen.kind in UNORDERED:
            return self._in_any_order(value.items, found)
        return all(self._is(wanted, Seen(item, item)) for wanted, item in zip(value.items, found))

    def _in_any_order(self, wanted: Sequence[Any], found: Sequence[Any]) -> bool:
        """Whether the items can be paired."""
        if not wanted:
            return True
        rests = (
            [*found[:number], *found[number + 1 :]]
            for number, item in enumerate(found)
            if self._is(wanted[0], Seen(item, item))
        )
        return any(self._in_any_order(wanted[1:], rest) for rest in rests)

    def _is_address(self, value: Any, seen: Seen) -> bool:
        found = seen.canonical
        if not isinstance(found, dict):
            return False
        if isinstance(value, v.AddressOf):
            return (self._actor if value.object == "self" else value.object) in found.get("names", ())
        if isinstance(value, v.Unnamed):
            return bool(found.get("unnamed"))
        if isinstance(value, v.PathAddress):
            return bool(found.get("path") == value.path)
        if isinstance(value, v.AbstractAddress):
            return bool(found.get("abstract") == value.abstract)
        if isinstance(value, v.HostPort):
            return found.get("host") == value.host and self._is(value.port, _field(seen, "port"))
        return False

    def _is_saved(self, value: v.Saved, seen: Seen) -> bool:
        if value.name not in self._saved and value.field in (None, "port"):
            name = v.Object(value.name) if value.field else v.AddressOf(value.name)
            return self._is(name, seen)  # an object's address, or the port of it
        wanted = self._lookup(value)
        if (_is_port(seen) and _is_port(wanted)) or (_is_address(seen) and _is_address(wanted)):
            return bool(wanted.raw == seen.raw)  # the object may have got more names since
        return _same(wanted.canonical, seen.canonical)

    def _lookup(self, value: v.Saved) -> Seen:
        found = self._saved.get(value.name)
        if found is None or (value.field and not isinstance(found.canonical, dict)):
            raise _NeverSaved(value.name)
        return _field(found, value.field) if value.field else found

    def _python(self, value: Any) -> Any:
        if not isinstance(value, v.Saved):
            return value.value
        found = self._lookup(value)
        recorded = found.canonical
        if data.is_recorded(recorded):
            return data.whole(recorded)
        return recorded if isinstance(recorded, (int, float)) else found.raw

    def _bytes(self, value: Any) -> bytes:
        return evaluate_data(value, self._python)


def _field(seen: Seen, key: str) -> Seen:
    raw = seen.raw.get(key) if isinstance(seen.raw, dict) else None
    return Seen(seen.canonical.get(key), raw, kind_of_field(seen.kind, key))


def _is_port(seen: Seen) -> bool:
    """Whether this is a port: recorded as the names of those who have it, and its number."""
    return isinstance(seen.canonical, list) and isinstance(seen.raw, int)


def _is_address(seen: Seen) -> bool:
    return isinstance(seen.canonical, dict) and "names" in seen.canonical


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return isinstance(wanted, bool) and isinstance(found, bool) and wanted == found
    return bool(wanted == found)
