"""The rows of the matrix: a cell in all records, with its verdicts, its groups and the steps in which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.report.compared import CellComparison, Comparison, Parting
from conformance.report.difference_kinds import KINDS, Side
from conformance.report.html.behaviours import Behaviours
from conformance.report.html.packets import drawings
from conformance.tables.sections import SECTIONS
from conformance.tables.transports import TRANSPORTS

ANOTHER_VERSION = "another version"

CODES: Mapping[str, str] = {
    "pass": "p", "fail": "f", "known-deviation": "k", "unsupported": "u", "inconclusive": "i", "missing": "m",
    ANOTHER_VERSION: "o",
}  # fmt: skip
"""A character for each verdict, and for a cell that is not in a record or not comparable."""

NO_GROUP = " "
_FIRST_GROUP = ord("A")


@dataclass(frozen=True)
class Row:
    """One row. ``codes`` and ``groups`` have a character for each record; ``kept`` says what each group did."""

    cell: CellComparison
    codes: str
    groups: str
    kept: Mapping[str, int]
    """By the letter of the group, the number of its behaviour."""


def rows(compared: Comparison, kept: Behaviours) -> list[Row]:
    """All rows in order."""
    paths = {record.label: Path(record.path) for record in compared.records}
    return [_row(cell, paths, kept) for cell in _in_order(compared.cells)]


def folder(scenario: str) -> str:
    """The section of a scenario, which is the folder it is in."""
    return scenario.partition("/")[0] if "/" in scenario else ""


def _in_order(cells: Iterable[CellComparison]) -> list[CellComparison]:
    """By section in the order of the HOWTO, by scenario, by case as they come, and by transport."""
    sections, transports = list(SECTIONS), list(TRANSPORTS)
    cells = list(cells)
    cases: dict[tuple[str, str], int] = {}
    for cell in cells:
        cases.setdefault((cell.scenario, cell.case), len(cases))

    def place(cell: CellComparison) -> tuple[object, ...]:
        name = folder(cell.scenario)
        number = sections.index(name) if name in sections else len(sections)
        return number, name, cell.scenario, cases[cell.scenario, cell.case], transports.index(cell.transport)

    return sorted(cells, key=place)


def _row(cell: CellComparison, paths: Mapping[str, Path], kept: Behaviours) -> Row:
    codes = {lacking.label: CODES[lacking.verdict] for lacking in cell.lacking}
    letters: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for place, group in enumerate(sorted(cell.groups, key=lambda each: -len(each.labels))):
        letter = chr(_FIRST_GROUP + place)
        numbers[letter] = kept.of(group.cell, drawings(paths[group.labels[0]], group.cell))
        letters.update(dict.fromkeys(group.labels, letter))
        codes.update(dict.fromkeys(group.labels, CODES[group.cell.verdict]))
    return Row(
        cell,
        "".join(codes.get(label, CODES[ANOTHER_VERSION]) for label in paths),
        "".join(letters.get(label, NO_GROUP) for label in paths),
        numbers,
    )


def parting_values(parting: Parting, found: Row, labels: Sequence[str], kept: Behaviours) -> list[object]:
    """A step in which groups differ: step, line, depth, kind, words, and each side with the letter of its group."""
    text = kept.texts.of
    sides = [[found.groups[labels.index(each.labels[0])], *_side(each, kept)] for each in parting.sides]
    sides.sort(key=lambda values: str(values[0]))
    return [parting.step, parting.line, text(parting.depth), KINDS.index(parting.kind), text(parting.says), sides]


def _side(side: Side, kept: Behaviours) -> list[object]:
    words = (side.did, side.expected, side.standing, side.source, side.basis, " and ".join(side.where), side.reason)
    return [kept.texts.of(each) for each in words]
