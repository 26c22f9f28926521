"""Coverage: which cells a record did not run, could not decide or does not hold, by each record's own reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.record import CellRecord

Key = tuple[str, str, str]
"""Scenario, case and transport."""

MISSING = "missing"
"""The verdict, as it were, on a cell that another record has and this one does not."""

NOT_IN_THE_RECORD = "not in the record"
NOT_COMPARED = ("unsupported", "inconclusive")
"""The verdicts of cells that say nothing about the behaviour of the platform."""


@dataclass(frozen=True)
class NotRun:
    """Why one record has nothing to compare in a cell."""

    label: str
    verdict: str
    """``unsupported``, ``inconclusive`` or ``missing``."""
    reason: str


@dataclass(frozen=True)
class CoverageGap:
    """The cells that one record lacks for one reason."""

    label: str
    verdict: str
    reason: str
    cells: tuple[Key, ...]


def not_run(label: str, cell: CellRecord | None) -> NotRun | None:
    """Why a cell of a record is not compared; None where it is."""
    if cell is None:
        return NotRun(label, MISSING, NOT_IN_THE_RECORD)
    if cell.verdict in NOT_COMPARED:
        return NotRun(label, cell.verdict, cell.reason or "no reason given")
    return None


def gaps(labels: Sequence[str], cells: Iterable[tuple[Key, Sequence[NotRun]]]) -> tuple[CoverageGap, ...]:
    """What is lacking, by record in their order, then by reason, the reason with the most cells first."""
    found: dict[NotRun, list[Key]] = {}
    for key, lacking in cells:
        for each in lacking:
            found.setdefault(each, []).append(key)
    place: Mapping[str, int] = {label: number for number, label in enumerate(labels)}
    made = [CoverageGap(each.label, each.verdict, each.reason, tuple(keys)) for each, keys in found.items()]
    return tuple(sorted(made, key=lambda gap: (place[gap.label], -len(gap.cells), gap.reason)))
