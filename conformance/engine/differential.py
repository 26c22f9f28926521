"""Compares two runs of one cell and finds the first step in which they differ.

:func:`conformance.model.observation.compared` says what is compared: no times and no numbers of the run. In a group
``exactly_one`` any of the steps may come to its outcome, so the group is compared as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Optional

from conformance.engine.schedule import EXACTLY_ONE
from conformance.engine.telling_apart import told_apart
from conformance.model import observation as o
from conformance.model import scenario as s

SLOWER = 10.0
"""A call must take this many times as long for the difference to be reported."""

NOTICEABLE = 0.05
"""Differences below this many seconds are not reported."""

ONLY_TIMING = "only timing"
OTHER_VALUE = "other value"
OTHER_ERRNO = "other errno with the same class"
OTHER_CLASS = "other class"
RAISES_INSTEAD = "raises instead of returning"
RETURNS_INSTEAD = "returns instead of raising"
BLOCKS_INSTEAD = "blocks instead"
DOES_NOT_BLOCK = "returns instead of blocking"
FAILS_INSTEAD_OF_BLOCKING = "raises instead of blocking"
HANGS = "hangs instead"
CRASHES = "crashes instead"
UNSUPPORTED = "unsupported instead"
NOT_RUN = "not run"
RELEASED_BY_ANOTHER = "released by another step"
OTHER_KIND = "other kind"

_BY_NEW_KIND = {
    o.BLOCKED: BLOCKS_INSTEAD, o.HUNG: HANGS, o.CRASHED: CRASHES, o.UNSUPPORTED: UNSUPPORTED,
    o.NOT_RUN: NOT_RUN, o.NOT_APPLICABLE: NOT_RUN,
}  # fmt: skip
_BY_KINDS = {
    (o.RETURNED, o.RAISED): RAISES_INSTEAD,
    (o.RAISED, o.RETURNED): RETURNS_INSTEAD,
    (o.BLOCKED, o.RETURNED): DOES_NOT_BLOCK,
    (o.BLOCKED, o.RAISED): FAILS_INSTEAD_OF_BLOCKING,
}


@dataclass(frozen=True)
class Divergence:
    """The first step in which two runs differ, the kind of difference, and what each run did."""

    step: int
    actor: str
    operation: str
    depth: str
    reference: Mapping[str, Any]
    other: Mapping[str, Any]
    words: tuple[str, str] = ("", "")
    """What each run did, for people; never the same words for both."""


def first_divergence(
    steps: Sequence[s.Step],
    reference: Mapping[int, o.Observation],
    other: Mapping[int, o.Observation],
    free: frozenset[int] = frozenset(),
) -> Optional[Divergence]:
    """The first step in which ``other`` differs from ``reference``; None where none does.

    A difference in time is reported only if nothing else differs. Of the ``free`` steps, which may return one of
    several values, only that they returned is compared.
    """
    reference, other = ({n: _freed(seen, n in free) for n, seen in each.items()} for each in (reference, other))
    return _in_behaviour(steps, reference, other) or _in_timing(steps, reference, other)


def alike(
    steps: Sequence[s.Step],
    reference: Mapping[int, o.Observation],
    other: Mapping[int, o.Observation],
    free: frozenset[int] = frozenset(),
) -> frozenset[int]:
    """The steps in which both runs did the same, compared as in :func:`first_divergence`."""
    reference, other = ({n: _freed(seen, n in free) for n, seen in each.items()} for each in (reference, other))
    same = (step.number for step in steps if depth_of(_observed(reference, step), _observed(other, step)) is None)
    return frozenset(same)


def _in_behaviour(
    steps: Sequence[s.Step], reference: Mapping[int, o.Observation], other: Mapping[int, o.Observation]
) -> Optional[Divergence]:
    for _, members in groupby(steps, key=lambda step: step.group):
        group = list(members)
        if group[0].group_kind == EXACTLY_ONE and _same_multiset(group, reference, other):
            continue
        for step in group:
            one, two = _observed(reference, step), _observed(other, step)
            depth = depth_of(one, two)
            if depth is not None:
                return _divergence(step, depth, one, two)
    return None


def _freed(seen: o.Observation, free: bool) -> o.Observation:
    return replace(seen, canonical=None) if free and seen.kind == o.RETURNED else seen


def depth_of(reference: o.Observation, other: o.Observation) -> Optional[str]:
    """The kind of difference between two observations of one step; None where only the time differs."""
    if o.compared(reference) == o.compared(other):
        early = reference.released_by != other.released_by
        return RELEASED_BY_ANOTHER if early else None
    if reference.kind != other.kind:
        return _BY_KINDS.get((reference.kind, other.kind)) or _BY_NEW_KIND.get(other.kind, OTHER_KIND)
    if reference.kind != o.RAISED:
        return OTHER_VALUE
    same_class = reference.canonical["class"] == other.canonical["class"]
    return OTHER_ERRNO if same_class else OTHER_CLASS


def _in_timing(
    steps: Sequence[s.Step], reference: Mapping[int, o.Observation], other: Mapping[int, o.Observation]
) -> Optional[Divergence]:
    for step in steps:
        one, two = _observed(reference, step), _observed(other, step)
        if step.group_kind != EXACTLY_ONE and _takes_another_time(one.seconds, two.seconds):
            return _divergence(step, ONLY_TIMING, one, two)
    return None


def _takes_another_time(one: Optional[float], two: Optional[float]) -> bool:
    if one is None or two is None:
        return False
    short, long = sorted((one, two))
    return long - short >= NOTICEABLE and long >= SLOWER * short


def _same_multiset(
    group: Iterable[s.Step], reference: Mapping[int, o.Observation], other: Mapping[int, o.Observation]
) -> bool:
    members = list(group)
    one, two = (sorted(_text(_observed(each, step)) for step in members) for each in (reference, other))
    return one == two


def _text(observation: o.Observation) -> str:
    return json.dumps(o.compared(observation), sort_keys=True)


def _observed(observations: Mapping[int, o.Observation], step: s.Step) -> o.Observation:
    return observations.get(step.number) or o.Observation(o.NOT_RUN)


def _divergence(step: s.Step, depth: str, one: o.Observation, two: o.Observation) -> Divergence:
    words = (f"{one.seconds} s", f"{two.seconds} s") if depth == ONLY_TIMING else told_apart(one, two)
    return Divergence(step.number, step.actor, step.operation, depth, _shown(depth, one), _shown(depth, two), words)


def _shown(depth: str, observation: o.Observation) -> dict[str, Any]:
    """What is compared, with the time or the release if the difference is there."""
    extra = {ONLY_TIMING: "seconds", RELEASED_BY_ANOTHER: "released_by"}.get(depth)
    return {**o.compared(observation), **({extra: getattr(observation, extra)} if extra else {})}
