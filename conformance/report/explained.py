"""Known deviations for the report: by reason, and for each reason what each scenario did over which transports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.model.record import CellRecord

SHOWN = 3
"""How many different wordings of one thing are shown; numbers and calls vary from transport to transport."""


@dataclass(frozen=True)
class Explained:
    """A known deviation of one step. ``wanted``: what the raw socket did if ``by_raw``, else what was expected."""

    name: str
    transports: tuple[str, ...]
    step: str
    wanted: str
    observed: str
    by_raw: bool


def by_reason(cells: Iterable[CellRecord]) -> dict[str, list[Explained]]:
    """The known deviations among these cells; reasons and scenarios in the order in which they first appear."""
    found: dict[str, dict[tuple[object, ...], list[CellRecord]]] = {}
    for cell in cells:
        if cell.verdict == "known-deviation":
            kind = cell.observed.partition(" ")[0]
            alike = found.setdefault(cell.reason, {})
            alike.setdefault((cell.scenario, cell.case, _step(cell), kind, _has_raw(cell)), []).append(cell)
    return {reason: [_explained(same) for same in groups.values()] for reason, groups in found.items()}


def _explained(same: Sequence[CellRecord]) -> Explained:
    first = same[0]
    return Explained(
        first.scenario + (f" ({first.case})" if first.case else ""),
        tuple(dict.fromkeys(cell.transport for cell in same)),
        _step(first),
        _either(_wanted(cell) for cell in same),
        _either(cell.observed for cell in same),
        _has_raw(first),
    )


def _step(cell: CellRecord) -> str:
    step = next((step for step in cell.steps if step.number == cell.step), None)
    if step is None:
        return f"the fixture, {cell.fixture.call}" if cell.fixture else "the whole cell"
    return f"step {step.number}: {step.actor} {step.says}"


def _has_raw(cell: CellRecord) -> bool:
    return cell.differential is not None and cell.differential.step == cell.step


def _wanted(cell: CellRecord) -> str:
    return cell.differential.raw if cell.differential and _has_raw(cell) else cell.expected


def _either(words: Iterable[str]) -> str:
    different = list(dict.fromkeys(words))
    return " or ".join(different[:SHOWN]) + (" or …" if len(different) > SHOWN else "")
