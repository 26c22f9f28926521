"""What tells two observations apart whose words are the same: a type, a number, a length, a place in long data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from conformance.engine.wording import observed_words
from conformance.model import observation as o

_ABSENT = object()
_AROUND = 12
"""Characters that are shown before and after the first difference of two long texts."""

Path = tuple[Any, ...]


def told_apart(one: o.Observation, two: o.Observation) -> tuple[str, str]:
    """The words for each; never the same ones where anything that is recorded of the two differs."""
    first, second = observed_words(one), observed_words(two)
    if first != second:
        return first, second
    if one.released_by != two.released_by:
        return f"{first}, released by step {one.released_by}", f"{first}, released by step {two.released_by}"
    path = _difference(one.canonical, two.canonical)
    if path is None:
        path = _difference(one.raw, two.raw)
    if path is None:
        return first, second
    leaves = [_at(each.canonical, path) for each in (one, two)]
    raws = [_at(each.raw, path) for each in (one, two)]
    return f"{first} ({_detail(path, leaves, raws)})", f"{second} ({_detail(path, leaves[::-1], raws[::-1])})"


def _difference(one: Any, two: Any) -> Optional[Path]:
    """The way to the first difference of two recorded values; None where there is none."""
    if isinstance(one, dict) and isinstance(two, dict):
        keys: Sequence[Any] = list(dict.fromkeys((*one, *two)))
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        keys = range(len(one))
    else:
        return None if type(one) is type(two) and one == two else ()
    for key in keys:
        inner = _difference(_at(one, (key,)), _at(two, (key,)))
        if inner is not None:
            return (key, *inner)
    return None


def _at(value: Any, path: Path) -> Any:
    for key in path:
        inside = isinstance(value, dict) and key in value
        inside = inside or (isinstance(value, list) and isinstance(key, int) and key < len(value))
        if not inside:
            return _ABSENT
        value = value[key]
    return value


def _detail(path: Path, leaves: Sequence[Any], raws: Sequence[Any]) -> str:
    """The first of two values at the place where they differ, with its raw form if that is another one."""
    place = ".".join(map(str, path))
    words = _leaf(*leaves)
    if raws[0] is not _ABSENT and raws[0] != leaves[0]:
        words += f", raw {_leaf(*raws)}"
    return f"{place}: {words}" if place else words


def _leaf(value: Any, other: Any) -> str:
    if value is _ABSENT:
        return "absent"
    if isinstance(value, str) and isinstance(other, str) and len(value) > 2 * _AROUND:
        pairs = enumerate(zip(value, other))
        first = next((number for number, (a, b) in pairs if a != b), min(len(value), len(other)))
        shown = value[max(0, first - _AROUND) : first + _AROUND]
        return f"{len(value)} characters, from {max(0, first - _AROUND)} on {shown!r}"
    if isinstance(value, (list, dict)):
        return f"{type(value).__name__} of {len(value)}: {str(value)[: 8 * _AROUND]}"
    return f"{type(value).__name__} {value!r}"
