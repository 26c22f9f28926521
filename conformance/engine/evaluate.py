"""Turns values of the language into Python values, given what was saved so far. The worker and the judge use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

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
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from nodes_in(each)
    elif is_dataclass(node) and not isinstance(node, (type, Position)):
        yield node
        for field in fields(node):
            yield from nodes_in(getattr(node, field.name))


def is_data(value: Any) -> bool:
    """Whether a value is written as data. A reference may refer to data, too."""
    return isinstance(value, (v.Text, v.Hex, v.Pattern, v.Join, v.Slice))
