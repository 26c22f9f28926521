"""Who explains a difference: an expectation with a source on each side, a declared deviation, or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.engine import differential as d
from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.report.scenario_sources import source_of

UNEXPLAINED, DECLARED, DOCUMENTED = KINDS = ("unexplained", "declared", "documented")
"""Kinds of differences, those that need attention first."""

OTHER_VERDICT, OTHER_SIDE, OTHER_DURATION = "other verdict", "other side of a bound", "other side of a duration"
"""Depths of a difference in steps that otherwise did the same, or whose values are free."""

DEPTHS = (
    (d.HANGS, d.CRASHES, d.BLOCKS_INSTEAD, d.DOES_NOT_BLOCK, d.FAILS_INSTEAD_OF_BLOCKING),
    (d.RAISES_INSTEAD, d.RETURNS_INSTEAD, d.OTHER_CLASS, d.OTHER_KIND),
    (d.OTHER_ERRNO,),
    (d.OTHER_VALUE, d.RELEASED_BY_ANOTHER, OTHER_SIDE, OTHER_VERDICT, d.NOT_RUN),
    (d.ONLY_TIMING, OTHER_DURATION),
)
"""Depths of differences in groups, the gravest first: hangs or blocks, other class, other errno, value, timing."""

_RANK = {depth: rank for rank, depths in enumerate(DEPTHS) for depth in depths}

STATED, BY_DEVIATION, UNSOURCED, LEFT_OPEN, FAILED, NOT_JUDGED = STANDINGS = (
    "stated", "declared", "unsourced", "left open", "failed", "not judged",
)  # fmt: skip
"""How a side stands: it did what an expectation with a source names, what a declared deviation says, what an
expectation without a source names, what its expectation allows without naming it, what its expectation forbids, or
what nothing judges."""


def depth_rank(depth: str) -> int:
    """The place of a depth among the groups of ``DEPTHS``; 0 is the gravest."""
    return _RANK.get(depth, len(DEPTHS) - 2)


@dataclass(frozen=True)
class Side:
    """What one group of records did at a step, what was expected of it there, and who says so."""

    labels: tuple[str, ...]
    did: str
    expected: str = ""
    standing: str = NOT_JUDGED
    source: str = ""
    """The source of the expectation: its own, else those of the scenario; empty where the record has neither."""
    own_source: bool = False
    """Whether the expectation states the source itself, as an alternative for some platforms does."""
    basis: str = ""
    """How the expectation is known to hold: ``observed``, ``documented``, ``source-code``, ``inferred`` or empty."""
    where: tuple[str, ...] = ()
    """The terms under which the expectation applies, such as ``windows``; empty for the usual one."""
    reason: str = ""
    """Why the deviation is accepted, where one was declared."""


def side(labels: Sequence[str], did: str, step: StepRecord | None, cell: CellRecord) -> Side:
    """The side of a group, of which ``cell`` is any cell, at ``step``; None where the group parts at no step."""
    declared = cell.verdict == "known-deviation" and (step is None or step.number >= (cell.step or 0))
    if step is None:
        standing = BY_DEVIATION if declared else FAILED if cell.verdict == "fail" else NOT_JUDGED
        return Side(tuple(labels), did, cell.expected, standing, reason=cell.reason if declared else "")
    source = source_of(step, cell)
    return Side(
        tuple(labels),
        did,
        step.expected,
        _standing(step, cell, declared, bool(source)),
        source,
        step.source is not None,
        step.basis or "",
        tuple(step.where or ()),
        cell.reason if declared else "",
    )


def _standing(step: StepRecord, cell: CellRecord, declared: bool, sourced: bool) -> str:
    met = True if step.met is None and cell.verdict == "pass" and not step.measured else step.met
    if met:
        return LEFT_OPEN if not _names(step) else STATED if sourced else UNSOURCED
    if declared:
        return BY_DEVIATION
    return NOT_JUDGED if met is None else FAILED


def _names(step: StepRecord) -> bool:
    """Whether the expectation names what the step did, or the legal values among which it is."""
    seen = step.observation
    if seen.kind == o.RAISED:
        return str(seen.canonical["name"]) in step.expected.replace(",", " ").split()
    return step.expected not in ("returns", "returns anything")


def kind_of(sides: Sequence[Side]) -> str:
    """The kind of a difference between these sides."""
    standings = {each.standing for each in sides}
    if BY_DEVIATION in standings and standings <= {BY_DEVIATION, STATED, UNSOURCED, LEFT_OPEN}:
        return DECLARED
    return DOCUMENTED if standings == {STATED} else UNEXPLAINED


def gravest(kinds: Iterable[str]) -> str:
    """The first of these kinds in the order of ``KINDS``; unexplained where there is none."""
    return min(kinds, key=KINDS.index, default=UNEXPLAINED)
