"""The rows of the matrix: a cell in all records, with its verdicts, its groups and the steps in which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.record import CellRecord
from conformance.report.comparison import CellComparison, Parting
from conformance.report.difference_kinds import KINDS, Side
from conformance.report.html.behaviours import Behaviours
from conformance.report.lifelines import Line
from conformance.tables.sections import SECTIONS
from conformance.tables.transports import TRANSPORTS

Key = tuple[str, str, str]

VERDICT_CODES: Mapping[str, str] = {
    "pass": "p", "fail": "f", "known-deviation": "k", "unsupported": "u", "inconclusive": "i",
}  # fmt: skip
MISSING_CODE = "."
NO_GROUP = " "
_FIRST_GROUP = ord("A")


@dataclass(frozen=True)
class Row:
    """One row. ``codes`` and ``groups`` have a character for each record, ``kept`` the number of what it did.

    ``letters``: the letter of each group, by its labels.
    """

    cell: CellComparison
    codes: str
    groups: str
    kept: tuple[int, ...]
    letters: Mapping[tuple[str, ...], str]


def folder(scenario: str) -> str:
    """The section of a scenario, which is the folder it is in."""
    return scenario.partition("/")[0] if "/" in scenario else ""


def in_order(cells: Iterable[CellComparison]) -> list[CellComparison]:
    """By section in the order of the HOWTO, by scenario, by case as they come, and by transport."""
    sections, transports = list(SECTIONS), list(TRANSPORTS)
    cells = list(cells)
    cases: dict[tuple[str, str], int] = {}
    for cell in cells:
        cases.setdefault((cell.scenario, cell.case), len(cases))

    def place(cell: CellComparison) -> tuple[object, ...]:
        name = folder(cell.scenario)
        number = sections.index(name) if name in sections else len(sections)
        case = cases[cell.scenario, cell.case]
        return number, name, cell.scenario, case, transports.index(cell.transport)

    return sorted(cells, key=place)


def row(
    cell: CellComparison,
    found: Sequence[CellRecord | None],
    labels: Sequence[str],
    kept: Behaviours,
    wires: Mapping[int, Sequence[Line]],
) -> Row:
    """A row; ``found`` is the cell in each record, and ``wires`` has the drawings with packets by the cell's id."""
    letters = _letters(cell)
    by_label = {label: letter for group, letter in letters.items() for label in group}
    return Row(
        cell,
        "".join(VERDICT_CODES[each.verdict] if each else MISSING_CODE for each in found),
        "".join(by_label.get(label, NO_GROUP) for label in labels),
        tuple(kept.of(each, wires.get(id(each), ())) if each else -1 for each in found),
        letters,
    )


def _letters(cell: CellComparison) -> dict[tuple[str, ...], str]:
    """The letter of each group; the largest group is A, of equal ones the one that comes first."""
    by_size = sorted(cell.groups, key=lambda group: -len(group.labels))
    return {group.labels: chr(_FIRST_GROUP + number) for number, group in enumerate(by_size)}


def parting_values(parting: Parting, groups: Mapping[tuple[str, ...], str], kept: Behaviours) -> list[object]:
    """A step in which groups differ: step, line, depth, kind, words, and each side with the letter of its group."""
    text = kept.texts.of
    sides = [[groups[each.labels], *_side(each, kept)] for each in parting.sides]
    return [parting.step, parting.line, text(parting.depth), KINDS.index(parting.kind), text(parting.says), sides]


def _side(side: Side, kept: Behaviours) -> list[object]:
    text = kept.texts.of
    words = (side.did, side.expected, side.standing, side.source, side.basis, " and ".join(side.where), side.reason)
    return [text(each) for each in words]
