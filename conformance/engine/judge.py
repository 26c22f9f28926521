"""Verdicts: a pure function of what was observed and what is expected on the hosts where it was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from conformance.engine.choose import guard_holds, leaves, outcome_for
from conformance.engine.match import Matcher, Seen
from conformance.engine.wording import expected_words, observed_words
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.record import VERDICTS
from conformance.tables.selectors import terms_of_host
from conformance.tables.transports import terms as transport_terms

PASS, FAIL, KNOWN, UNSUPPORTED, INCONCLUSIVE = VERDICTS

UPPER_BOUND_SLACK = 50.0

_OVER = (o.RETURNED, o.RAISED)


@dataclass(frozen=True)
class Verdict:
    """The judgement of a cell; of the first step that deviates, where one does."""

    kind: str
    reason: str = ""
    step: Optional[int] = None
    expected: str = ""
    observed: str = ""


Facts = Mapping[str, Mapping[str, Any]]
"""The facts of the host of each actor; ``""`` for actors that have none of their own."""


def facts_of(actor: str, facts: Facts) -> Mapping[str, Any]:
    """The facts of the host on which an actor lives."""
    return facts.get(actor) or facts[""]


def terms_for(case: s.Case, transport: str, facts: Mapping[str, Any]) -> frozenset[str]:
    """Every selector term that holds for a step here."""
    return terms_of_host(facts) | transport_terms(transport) | case.terms


def judge(
    scenario: s.Scenario,
    case: s.Case,
    transport: str,
    observations: Mapping[int, o.Observation],
    facts: Facts,
    excused: frozenset[int] = frozenset(),
) -> Verdict:
    """The verdict over one cell's observations. ``excused``: steps at which a deviation is not the implementation's."""
    judged = [step for step in case.steps if step.number in observations]
    unsupported = _first(judged, observations, o.UNSUPPORTED)
    deviating = _first_deviation(scenario, case, transport, judged, observations, facts, excused)
    if deviating and (unsupported is None or deviating[0].group < unsupported.group):
        step, expected, reason = deviating
        observed = observed_words(observations[step.number])
        return Verdict(FAIL, reason, step.number, expected, observed)
    if unsupported is not None:
        return Verdict(UNSUPPORTED, observations[unsupported.number].reason or "", unsupported.number)
    return Verdict(PASS)


def _first(steps: list[s.Step], observations: Mapping[int, o.Observation], kind: str) -> Optional[s.Step]:
    return next((step for step in steps if observations[step.number].kind == kind), None)


def _first_deviation(
    scenario: s.Scenario,
    case: s.Case,
    transport: str,
    steps: list[s.Step],
    observations: Mapping[int, o.Observation],
    facts: Facts,
    excused: frozenset[int],
) -> Optional[tuple[s.Step, str, str]]:
    saved: dict[str, Seen] = {}
    release: Optional[int] = None
    for step in steps:
        observation = observations[step.number]
        here = terms_for(case, transport, facts_of(step.actor, facts))
        if not step.pending and observation.kind != o.NOT_APPLICABLE:
            release = step.number
        saved.update({name: Seen(each["canonical"], each["raw"]) for name, each in observation.names.items()})
        if observation.kind in (o.NOT_APPLICABLE, o.UNSUPPORTED) or step.number in excused:
            continue
        if not guard_holds(step.only, here, facts_of(step.actor, facts)):
            continue
        expected = outcome_for(step, here, facts_of(step.actor, facts))
        measured = (step.level or scenario.level) == "measure"
        reason = _deviation(step, expected, observation, Matcher(saved, step.actor), release, steps, measured)
        reason = _not_the_only_one(step, steps, observations) if reason is None else reason
        if reason is not None and not _free_in_group(step, steps, observations):
            return step, expected_words(expected), reason
    return None


def _deviation(
    step: s.Step,
    expected: s.Outcome,
    observation: o.Observation,
    matcher: Matcher,
    release: Optional[int],
    steps: list[s.Step],
    measured: bool,
) -> Optional[str]:
    """Why an observation is not what was expected; None if it is."""
    legal = leaves(expected)
    if not any(_is(leaf, observation, matcher, measured) for leaf in legal):
        timeless = [replace(leaf, lasts=None) for leaf in legal if leaf.lasts is not None]
        if any(_is(leaf, observation, matcher, measured) for leaf in timeless):
            return f"it lasted {observation.seconds:.2f} s"
        return _why(observation)
    early = _released_early(step, observation, release, steps)
    if early is not None:
        return early
    return None


def _is(leaf: s.Outcome, observation: o.Observation, matcher: Matcher, measured: bool) -> bool:
    what = leaf.what
    if isinstance(what, s.Blocks):
        return observation.kind == o.BLOCKED and _cpu_within(what, observation)
    if isinstance(what, s.Dies):
        return observation.kind == o.CRASHED and observation.canonical == {"signal": what.signal}
    if isinstance(what, s.Raises):
        found = observation.kind == o.RAISED and any(_error(each, observation.canonical) for each in what.errors)
    else:
        assert isinstance(what, s.Returns)
        seen = Seen(observation.canonical, observation.raw)
        found = observation.kind == o.RETURNED and matcher.matches(what.expected, seen)
    return found and _duration(leaf.lasts, observation, matcher, measured)


def _error(expected: s.ExpectedError, canonical: Mapping[str, str]) -> bool:
    return expected.name in (None, canonical["name"]) and (
        expected.cls in (None, canonical["class"]) or _is_subclass(canonical["class"], expected.cls)
    )


def _is_subclass(found: str, wanted: Optional[str]) -> bool:
    """Builtin classes by their hierarchy: a BrokenPipeError is an OSError, too."""
    import builtins

    one, other = getattr(builtins, found, None), getattr(builtins, str(wanted), None)
    return isinstance(one, type) and isinstance(other, type) and issubclass(one, other)


def _cpu_within(what: s.Blocks, observation: o.Observation) -> bool:
    used = observation.wait.cpu_seconds if observation.wait else None
    return what.cpu_at_most is None or used is None or used <= what.cpu_at_most


def _duration(lasts: Optional[s.Range], observation: o.Observation, matcher: Matcher, measured: bool) -> bool:
    """Lower bounds hold everywhere; upper ones are exact for measures only, for a slow machine is no deviation."""
    if lasts is None or observation.seconds is None:
        return True
    slack = 1.0 if measured or lasts.high is None else UPPER_BOUND_SLACK
    return matcher.matches(s.Range(lasts.low, None), Seen(observation.seconds, None)) and (
        lasts.high is None or matcher.matches(s.Range(None, lasts.high), Seen(observation.seconds / slack, None))
    )


def _released_early(
    step: s.Step, observation: o.Observation, release: Optional[int], steps: list[s.Step]
) -> Optional[str]:
    """A parked call must come back because of the step before its ``pending`` one, no earlier."""
    if not step.pending or observation.released_by is None or release is None:
        return None
    groups = {each.number: each.group for each in steps}
    if groups.get(observation.released_by) == groups.get(release):
        return None
    line = next(each.position.line for each in steps if each.number == observation.released_by)
    return f"released by step {observation.released_by} (line {line}), before step {release}"


def _not_the_only_one(step: s.Step, steps: list[s.Step], observations: Mapping[int, o.Observation]) -> Optional[str]:
    """Within ``exactly_one``, no second step may come to its outcome."""
    if step.group_kind != "exactly_one" or observations[step.number].kind not in _OVER:
        return None
    before = (each for each in steps if each.group == step.group and each.number < step.number)
    first = next((each for each in before if observations[each.number].kind in _OVER), None)
    return f"not the only one: step {first.number} (line {first.position.line}) is over, too" if first else None


def _free_in_group(step: s.Step, steps: list[s.Step], observations: Mapping[int, o.Observation]) -> bool:
    """Within ``exactly_one``, all but the one that came to its outcome must be seen waiting."""
    if step.group_kind != "exactly_one":
        return False
    members = [observations[each.number].kind for each in steps if each.group == step.group]
    over = [kind for kind in members if kind in _OVER]
    return observations[step.number].kind == o.BLOCKED and len(over) == 1


def _why(observation: o.Observation) -> str:
    if observation.kind == o.HUNG:
        return "hung"
    if observation.kind == o.NOT_RUN:
        return f"not run: {observation.reason}"
    return observation.reason or ""
