"""Turns values of the language into Python values, given what was saved so far. The worker and the judge use it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Optional

from conformance.engine.data import pattern
from conformance.model import values as v
from conformance.model.errors import Position

Lookup = Callable[[v.Saved], Any]
"""Gives the Python value of a reference; KeyError if nothing was saved under that name."""


def evaluate_data(value: Any, lookup: Lookup) -> bytes:
    """The bytes of a data value."""
    if isinstance(value, v.Text):
        return value.text.encode()
    if isinstance(value, v.Hex):
        return bytes.fromhex(value.digits)
    if isinstance(value, v.Pattern):
        return pattern(int(evaluate_number(value.size, lookup)), value.seed)
    if isinstance(value, v.Join):
        return b"".join(evaluate_data(part, lookup) for part in value.parts)
    if isinstance(value, v.Slice):
        return evaluate_data(value.data, lookup)[value.start : value.end]
    if isinstance(value, v.Saved):
        found = lookup(value)
        if isinstance(found, bytes):
            return found
    raise TypeError(f"{value!r} is no data")


def evaluate_number(value: Any, lookup: Lookup) -> Any:
    """The number of a literal or reference."""
    return lookup(value) if isinstance(value, v.Saved) else value.value


def refers(node: Any) -> bool:
    """Whether a value or an expectation refers to what an earlier step saved."""
    return any(isinstance(each, v.Saved) for each in nodes_in(node))


def nodes_in(node: Any) -> Iterator[Any]:
    """Every dataclass inside values, expectations and steps, depth first; positions are left out."""
    left = [node]
    while left:
        node = left.pop()
        if isinstance(node, (list, tuple)):
            left.extend(reversed(node))
            continue
        names = _field_names(node.__class__)
        if names is not None:
            yield node
            left.extend([getattr(node, name) for name in names])


@cache
def _field_names(cls: Hashable) -> Optional[tuple[str, ...]]:
    """The fields of a dataclass, the last one first; None for another class and for a position."""
    if cls is Position or not is_dataclass(cls):
        return None
    return tuple(field.name for field in reversed(fields(cls)))


def is_data(value: Any) -> bool:
    """Whether a value is written as data. A reference may refer to data, too."""
    return isinstance(value, (v.Text, v.Hex, v.Pattern, v.Join, v.Slice))
