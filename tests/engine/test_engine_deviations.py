"""Known deviations: declared ones pass, vanished and other ones fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.deviations import Deviation, apply
from conformance.engine.judge import FAIL, INCONCLUSIVE, KNOWN, PASS, UNSUPPORTED, Verdict
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.errors import Position
from conformance.model.plan import Given

HERE = Position("deviations.yaml", 7, 3)
CASE = s.Case("small", frozenset({"small"}), Given(), ())
SCENARIO = s.Scenario(
    "using/behaviour",
    Path("x.yaml"),
    "",
    "",
    "",
    "must",
    (),
    (),
    (),
    (),
    ("unix",),
    {},
    {},
    (),
    (),
    None,
    (CASE,),
    HERE,
)
RAISED = o.Observation(o.RAISED, {"name": "EINVAL", "class": "OSError"})
FAILED = Verdict(FAIL, "", 2, "returns", "raised EINVAL (OSError)")


def declared(observed: str = "raised EINVAL (OSError)", **more) -> Deviation:
    """A declaration that is about the scenario above."""
    return Deviation(
        **{"scenario": "using/behaviour", "observed": observed, "reason": "so be it", "position": HERE, **more}
    )


def judged(verdict: Verdict, *deviations: Deviation) -> Verdict:
    """The verdict in the light of these."""
    here = frozenset({"linux", "posix", "unix", "small"})
    facts = {"family": "linux", "kernel": "6.1", "python_version": "3.12"}
    return apply(deviations, SCENARIO, CASE, "unix", "stdlib", verdict, {2: RAISED}, here, facts)


def test_a_failure_that_was_declared_is_a_known_deviation():
    assert judged(FAILED, declared()) == Verdict(KNOWN, "so be it", 2, "returns", "raised EINVAL (OSError)")


def test_a_declared_deviation_that_does_not_happen_any_more_fails():
    verdict = judged(Verdict(PASS), declared())
    assert verdict.kind == FAIL
    assert verdict.reason == "the known deviation of deviations.yaml:7:3 does not happen any more: so be it"


def test_another_deviation_than_the_declared_one_fails_and_names_both():
    verdict = judged(FAILED, declared("raised EPIPE (BrokenPipeError)"))
    assert (verdict.kind, verdict.step, verdict.observed) == (FAIL, 2, "raised EINVAL (OSError)")
    assert verdict.reason == (
        "a deviation is known, but another one: raised EPIPE (BrokenPipeError) (deviations.yaml:7:3)"
    )


@pytest.mark.parametrize("kind", [UNSUPPORTED, INCONCLUSIVE])
def test_what_could_not_be_judged_stays_as_it_is(kind):
    assert judged(Verdict(kind, "why"), declared()) == Verdict(kind, "why")


@pytest.mark.parametrize(
    "about",
    [
        {"scenario": "using/other"},
        {"cell": "large-*"},
        {"cell": "unix"},
        {"implementation": "gevent"},
        {"only": (frozenset({"windows"}),)},
    ],
)
def test_a_declaration_about_something_else_changes_nothing(about):
    assert judged(FAILED, declared(**about)) == FAILED
    assert judged(Verdict(PASS), declared(**about)) == Verdict(PASS)


@pytest.mark.parametrize(
    "about",
    [
        {"scenario": "using/*"},
        {"cell": "small-unix"},
        {"cell": "*-unix"},
        {"implementation": "std*"},
        {"only": (frozenset({"linux", "unix"}),)},
        {"observed": "raised *"},
    ],
)
def test_declarations_may_use_patterns_and_guards(about):
    assert judged(FAILED, declared(**about)).kind == KNOWN
