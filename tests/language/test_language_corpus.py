"""The bundled scenarios as a whole: they have the right levels and tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.engine import choose
from conformance.language.corpus import bundled, bundled_ids, load_all
from conformance.model import scenario as s
from conformance.model.values import Literal


@pytest.fixture(scope="module")
def corpus() -> tuple[s.Scenario, ...]:
    loaded = load_all((bundled(),))
    assert loaded.mistakes == ()
    return loaded.scenarios


def test_every_scenario_that_waits_for_time_says_so_in_its_tags(corpus):
    waiting = {scenario.id for scenario in corpus if any(map(takes_time, outcomes(scenario)))}
    assert waiting - {scenario.id for scenario in corpus if "time" in scenario.tags} == set()


def test_timeouts_and_bounds_from_below_take_time(corpus):
    by_id = {scenario.id: scenario for scenario in corpus}
    assert any(map(takes_time, outcomes(by_id["nonblocking/a-timed-out-recv-loses-nothing"])))
    assert not any(map(takes_time, outcomes(by_id["disconnecting/half-close-request-reply"])))


def outcomes(scenario: s.Scenario) -> Iterator[s.Outcome]:
    """Every outcome that a step of a scenario may have."""
    for case in scenario.cases:
        for step in case.steps:
            for outcome in (step.outcome, *(each.outcome for each in step.alternatives)):
                yield from (outcome, *choose.leaves(outcome))


def takes_time(outcome: s.Outcome) -> bool:
    """Whether it cannot come before some time has passed: a timeout, or a bound from below."""
    what = outcome.what
    if isinstance(what, s.Blocks) and what.for_at_least > 0:
        return True
    if isinstance(what, s.Raises) and any(
        (each.name or each.cls) in ("TimeoutError", "ETIMEDOUT") for each in what.errors
    ):
        return True
    low = outcome.lasts.low if outcome.lasts else None
    return low is not None and low != Literal(0)


def test_the_ids_by_the_names_of_files_are_those_of_the_scenarios(corpus):
    assert bundled_ids() == {scenario.id for scenario in corpus}
