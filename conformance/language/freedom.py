"""How much freedom scenarios leave: the share of steps with exactly one legal outcome."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.exact import is_exact, is_silent
from conformance.model import scenario as s


def exact_steps(scenarios: Iterable[s.Scenario]) -> dict[str, tuple[int, int]]:
    """For each level (exact steps, all steps that state an outcome)."""
    counts: dict[str, tuple[int, int]] = {}
    for scenario in scenarios:
        for step in (step for case in scenario.cases for step in case.steps):
            if not is_silent(step.outcome):
                exact, total = counts.get(scenario.level, (0, 0))
                counts[scenario.level] = (exact + is_exact(step.outcome), total + 1)
    return counts
