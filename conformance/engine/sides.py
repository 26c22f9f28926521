"""On which side of each range of an expectation the result and the duration of a step are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from conformance.engine import data
from conformance.engine.choose import leaves
from conformance.engine.match import Matcher, Seen
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.record import WITHIN

UPPER_BOUND_SLACK = 50.0
"""How many times as long as its upper bound a step may last: a slow machine is no deviation."""


def sides(outcome: s.Outcome, seen: o.Observation, result: Seen, matcher: Matcher) -> dict[str, str]:
    """By name of what is bounded (``result``, ``result.count``, ``duration``; numbered where it has several ranges)."""
    found: dict[str, str] = {}
    for leaf in leaves(outcome):
        returned = isinstance(leaf.what, s.Returns) and seen.kind == o.RETURNED
        expected = leaf.what.expected if isinstance(leaf.what, s.Returns) else None
        pairs = [*_ranges(expected, "result", result, matcher)] if returned else []
        pairs += [("duration", duration_side(leaf.lasts, seen, matcher))] if leaf.lasts else []
        for name, side in pairs:
            if side is not None:
                found[_free_name(name, found)] = side
    return found


def duration_side(lasts: s.Range, seen: o.Observation, matcher: Matcher) -> Optional[str]:
    """The side of a duration; None where there is none, or no bound to compare it with."""
    if seen.seconds is None:
        return None
    low = matcher.side(s.Range(lasts.low), Seen(seen.seconds, None))
    high = matcher.side(s.Range(None, lasts.high), Seen(seen.seconds / UPPER_BOUND_SLACK, None))
    return next((side for side in (low, high) if side != WITHIN), WITHIN)


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)


def _ranges(expected: Any, name: str, seen: Seen, matcher: Matcher) -> Iterator[tuple[str, Optional[str]]]:
    """Every range within an expectation that the result has a value for."""
    if isinstance(expected, s.Range):
        yield name, matcher.side(expected, seen)
    elif isinstance(expected, s.Not):
        yield from _ranges(expected.expected, name, seen, matcher)
    elif isinstance(expected, s.OneOf):
        for each in expected.options:
            yield from _ranges(each, name, seen, matcher)
    elif isinstance(expected, s.SizeIs) and data.is_recorded(seen.canonical):
        size = data.size_of(seen.canonical)
        yield from _ranges(expected.size, f"{name}.size", Seen(size, size), matcher)
    elif isinstance(expected, s.Record) and isinstance(seen.canonical, dict):
        raw = seen.raw if isinstance(seen.raw, dict) else {}
        for key, each in expected.fields:
            if key in seen.canonical:
                yield from _ranges(each, f"{name}.{key}", Seen(seen.canonical[key], raw.get(key)), matcher)
    elif isinstance(expected, s.Sequence) and isinstance(seen.canonical, list):
        for number, (each, item) in enumerate(zip(expected.items, seen.canonical)):
            yield from _ranges(each, f"{name}.{number}", Seen(item, item), matcher)
