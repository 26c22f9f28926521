"""How much freedom scenarios leave: the share of steps with exactly one legal outcome."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.choose import leaves
from conformance.model import scenario as s


def exact_steps(scenarios: Iterable[s.Scenario]) -> dict[str, tuple[int, int]]:
    """For each level (exact steps, all steps that state an outcome)."""
    counts: dict[str, tuple[int, int]] = {}
    for scenario in scenarios:
        for step in (step for case in scenario.cases for step in case.steps):
            if _silent(step.outcome):
                continue
            exact, total = counts.get(scenario.level, (0, 0))
            counts[scenario.level] = (exact + _exact(step.outcome), total + 1)
    return counts


def _silent(outcome: s.Outcome) -> bool:
    return isinstance(outcome.what, s.Returns) and isinstance(outcome.what.expected, s.Anything)


def _exact(outcome: s.Outcome) -> bool:
    found = leaves(outcome)
    if len(found) != 1:
        return False
    what = found[0].what
    if isinstance(what, s.Raises):
        return len(what.errors) == 1
    return not isinstance(what, s.Returns) or _single(what.expected)


def _single(expected: s.Expected) -> bool:
    if isinstance(expected, s.Record):
        return all(_single(each) for _, each in expected.fields)
    if isinstance(expected, s.Sequence):
        return all(_single(each) for each in expected.items)
    return isinstance(expected, s.Exactly)
