"""Verdicts: a pure function of what a cell's steps did and of what its scenario expects on the host.

The steps are taken in the order of the file. The first that deviates gives the verdict; the others are only recorded.

    what a step did             whether it deviates
    not-applicable              no: its guard leaves it out on this host
    unsupported                 no: the verdict is ``unsupported``, unless a step of an earlier group deviates
    returned, raised, crashed   unless a legal outcome has this kind and matches the result, or the signal
    blocked                     unless a legal outcome is ``blocks``
    hung, not-run               always

A step of level ``measure`` is never judged. Nor is an excused one: the raw socket on this host does the same.
A value of a type that no socket returns matches nothing, not even ``anything``.

A matching result deviates all the same in three ways. It took too short or too long (``lasts``). A parked call came
back too early: its ``pending`` step must be released by the last step that began something before it, or by another
step of the same group. Or it is the second step of an ``exactly_one`` group that came to its outcome; if just one did,
the others need only be seen waiting.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Optional

from conformance.engine import choose
from conformance.engine.match import Matcher, Seen
from conformance.engine.schedule import EXACTLY_ONE
from conformance.engine.sides import duration_side, sides
from conformance.engine.wording import expected_words, observed_words
from conformance.engine.wrong_types import wrong_type_in
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.model.record import VERDICTS, WITHIN
from conformance.tables.faults import ROWS
from conformance.tables.selectors import Host

PASS, FAIL, KNOWN, UNSUPPORTED, INCONCLUSIVE = VERDICTS
UNEXPECTED = (FAIL, INCONCLUSIVE)
"""The verdicts that make a run end with status 1."""

PYTHONS_TIMEOUT = "TimeoutError"
"""The timeout of a socket object, which has no errno. The system's timeout has one, with the same class."""

_OVER = (o.RETURNED, o.RAISED)


@dataclass(frozen=True)
class Verdict:
    """The judgement of a cell: its verdict, and the first step that deviates, if any."""

    kind: str
    reason: str = ""
    step: Optional[int] = None
    expected: str = ""
    observed: str = ""


def judge(
    cell: Cell, host: Host, observations: Mapping[int, o.Observation], excused: frozenset[int] = frozenset()
) -> Verdict:
    """The verdict on one cell. ``excused``: steps at which a deviation is not the implementation's."""
    judgement = _Judgement(cell, host, observations, excused)
    return judgement.verdict(judgement.walk())


def judge_and_find(
    cell: Cell, host: Host, observations: Mapping[int, o.Observation]
) -> tuple[Verdict, dict[int, Finding]]:
    """The verdict and the findings of one cell, in one walk."""
    judgement = _Judgement(cell, host, observations, frozenset())
    walked = list(judgement.walk())
    return judgement.verdict(walked), judgement.findings(walked)


@dataclass(frozen=True)
class Finding:
    """Whether a step met its expectation, and the side of each range that the expectation states."""

    met: bool
    sides: Mapping[str, str]


def findings(cell: Cell, host: Host, observations: Mapping[int, o.Observation]) -> dict[int, Finding]:
    """A finding for each step that is judged, also after the first deviation."""
    judgement = _Judgement(cell, host, observations, frozenset())
    return judgement.findings(judgement.walk())


Walked = tuple[s.Step, s.Outcome, o.Observation, Optional[str], Mapping[str, str]]


class _Judgement:
    """One walk through the steps of a cell, with what they saved so far and the last that began something."""

    def __init__(
        self, cell: Cell, host: Host, observations: Mapping[int, o.Observation], excused: frozenset[int]
    ) -> None:
        self._cell = cell
        self._here = choose.here(cell, host)
        self._observations = observations
        self._excused = excused
        self._steps = [step for step in cell.case.steps if step.number in observations]
        self._saved: dict[str, Seen] = {}
        self._release: Optional[s.Step] = None

    def verdict(self, walked: Iterable[Walked]) -> Verdict:
        """The verdict of the walk."""
        unsupported = next((step for step in self._steps if self._kind(step) == o.UNSUPPORTED), None)
        failed = next(((step, expected, reason) for step, expected, _, reason, _ in walked if reason is not None), None)
        if failed and (unsupported is None or failed[0].group < unsupported.group):
            step, expected, reason = failed
            observed = observed_words(self._observations[step.number])
            return Verdict(FAIL, reason, step.number, expected_words(expected), observed)
        if unsupported is not None:
            return Verdict(UNSUPPORTED, self._observations[unsupported.number].reason or "", unsupported.number)
        return Verdict(PASS)

    def findings(self, walked: Iterable[Walked]) -> dict[int, Finding]:
        """The findings of the walk."""
        return {step.number: Finding(reason is None, bounded) for step, _, _, reason, bounded in walked}

    def walk(self) -> Iterator[Walked]:
        """Each step that is judged: what was expected and observed, why that deviates, if it does, and its sides."""
        for step in self._steps:
            seen = self._observations[step.number]
            self._note(step, seen)
            if self._is_judged(step):
                expected = choose.outcome_for(step, self._here)
                reason = self._deviation(step, expected, seen)
                bounded = sides(expected, seen, *self._seen(step, seen))
                yield step, expected, seen, None if self._free_in_group(step) else reason, bounded

    def _seen(self, step: s.Step, seen: o.Observation) -> tuple[Seen, Matcher]:
        """The result of a step, and what compares it."""
        kind = ROWS[step.operation].result_if(bool(step.repeat))
        return Seen(seen.canonical, seen.raw, kind), Matcher(self._saved, step.actor)

    def _kind(self, step: s.Step) -> str:
        return self._observations[step.number].kind

    def _note(self, step: s.Step, seen: o.Observation) -> None:
        if not step.pending and seen.kind != o.NOT_APPLICABLE:
            self._release = step
        self._saved.update({name: Seen(each["canonical"], each["raw"]) for name, each in seen.names.items()})

    def _is_judged(self, step: s.Step) -> bool:
        left_out = self._kind(step) in (o.NOT_APPLICABLE, o.UNSUPPORTED) or step.number in self._excused
        return not left_out and not self._cell.measures(step) and choose.guard_holds(step.only, self._here)

    def _deviation(self, step: s.Step, expected: s.Outcome, seen: o.Observation) -> Optional[str]:
        """Why an observation is not what was expected; None if it is."""
        legal = choose.leaves(expected)
        result, matcher = self._seen(step, seen)
        if any(_is(leaf, seen, result, matcher) for leaf in legal):
            return self._released_early(step, seen) or self._not_the_only_one(step)
        if any(_is(replace(leaf, lasts=None), seen, result, matcher) for leaf in legal if leaf.lasts is not None):
            return f"it lasted {seen.seconds:.2f} s"
        return _why(seen)

    def _released_early(self, step: s.Step, seen: o.Observation) -> Optional[str]:
        if not step.pending or self._release is None:
            return None
        by = next((each for each in self._steps if each.number == seen.released_by), None)
        if by is None or by.group == self._release.group:
            return None
        return f"released by step {by.number} (line {by.position.line}), before step {self._release.number}"

    def _over_in_group(self, step: s.Step) -> list[s.Step]:
        """The steps of the same group that came to their outcome."""
        return [each for each in self._steps if each.group == step.group and self._kind(each) in _OVER]

    def _not_the_only_one(self, step: s.Step) -> Optional[str]:
        if step.group_kind != EXACTLY_ONE or self._kind(step) not in _OVER:
            return None
        first = self._over_in_group(step)[0]
        if first is step:
            return None
        return f"not the only one: step {first.number} (line {first.position.line}) is over, too"

    def _free_in_group(self, step: s.Step) -> bool:
        """Whether a step of ``exactly_one`` waits while exactly one other came to its outcome."""
        waits = step.group_kind == EXACTLY_ONE and self._kind(step) == o.BLOCKED
        return waits and len(self._over_in_group(step)) == 1


def _is(leaf: s.Outcome, seen: o.Observation, result: Seen, matcher: Matcher) -> bool:
    what = leaf.what
    if isinstance(what, s.Blocks):
        return seen.kind == o.BLOCKED and _cpu_within(what, seen)
    if isinstance(what, s.Dies):
        return seen.kind == o.CRASHED and bool(seen.canonical == {"signal": what.signal})
    if isinstance(what, s.Raises):
        found = seen.kind == o.RAISED and any(_is_error(each, seen.canonical) for each in what.errors)
    else:
        assert isinstance(what, s.Returns)
        returned = seen.kind == o.RETURNED and wrong_type_in(seen.canonical) is None
        found = returned and matcher.matches(what.expected, result)
    return found and _duration(leaf.lasts, seen, matcher)


def _is_error(expected: s.ExpectedError, canonical: Mapping[str, str]) -> bool:
    name = PYTHONS_TIMEOUT if expected.name is None and expected.cls == PYTHONS_TIMEOUT else expected.name
    return name in (None, canonical["name"]) and (
        expected.cls in (None, canonical["class"]) or _is_subclass(canonical["class"], expected.cls)
    )


def _is_subclass(found: str, wanted: Optional[str]) -> bool:
    """Builtin classes by their hierarchy: a BrokenPipeError is an OSError, too."""
    one, other = getattr(builtins, found, None), getattr(builtins, str(wanted), None)
    return isinstance(one, type) and isinstance(other, type) and issubclass(one, other)


def _cpu_within(what: s.Blocks, seen: o.Observation) -> bool:
    used = seen.wait.cpu_seconds if seen.wait else None
    return what.cpu_at_most is None or used is None or used <= what.cpu_at_most


def _duration(lasts: Optional[s.Range], seen: o.Observation, matcher: Matcher) -> bool:
    return lasts is None or seen.seconds is None or duration_side(lasts, seen, matcher) == WITHIN


def _why(seen: o.Observation) -> str:
    if seen.kind == o.NOT_RUN:
        return f"not run: {seen.reason}"
    if seen.kind == o.HUNG:
        return ": ".join(filter(None, (observed_words(seen), seen.reason)))
    return seen.reason or ""
