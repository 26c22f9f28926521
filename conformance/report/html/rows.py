"""The rows of the matrix: a cell in all records, with its verdicts, its groups and the steps in which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.record import CellRecord
from conformance.report.compared import CellComparison, Comparison, Group, Parting
from conformance.report.coverage import NotRun
from conformance.report.difference_kinds import KINDS, Side
from conformance.report.html.behaviours import Behaviours, Drawings
from conformance.report.html.close_observation import Closely, observed_closely
from conformance.report.html.numbering import shown
from conformance.tables.sections import SECTIONS
from conformance.tables.transports import TRANSPORTS

ANOTHER_VERSION, ANOTHER_PAIR = "another version", "not compared here"

CODES: Mapping[str, str] = {
    "pass": "p", "fail": "f", "known-deviation": "k", "unsupported": "u", "inconclusive": "i", "missing": "m",
    ANOTHER_VERSION: "o", ANOTHER_PAIR: "n",
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
    about: str = ""
    """Of a comparison against baselines, the record that the row is about."""


def rows(compared: Comparison, kept: Behaviours) -> list[Row]:
    """All rows in order."""
    observed = observed_closely(compared)
    return [_row(cell, compared, observed, kept) for cell in _in_order(compared.cells)]


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


def _row(cell: CellComparison, compared: Comparison, observed: Closely, kept: Behaviours) -> Row:
    codes = {lacking.label: CODES[lacking.verdict] for lacking in cell.lacking}
    codes.update(dict.fromkeys((label for labels in cell.versions for label in labels), CODES[ANOTHER_VERSION]))
    letters: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for place, group in enumerate(sorted(cell.groups, key=lambda each: -len(each.labels))):
        letter = chr(_FIRST_GROUP + place)
        numbers[letter] = kept.of(*_best(cell, group, observed))
        letters.update(dict.fromkeys(group.labels, letter))
        codes.update(dict.fromkeys(group.labels, CODES[group.cell.verdict]))
    return Row(
        cell,
        "".join(codes.get(label, CODES[ANOTHER_PAIR]) for label in compared.labels),
        "".join(letters.get(label, NO_GROUP) for label in compared.labels),
        numbers,
        _about(cell, compared),
    )


def _best(cell: CellComparison, group: Group, observed: Closely) -> tuple[CellRecord, Drawings]:
    """What stands for a group: the cell of its first record with evidence or packets, else that of its first record."""
    closely = (observed.get((label, cell.key)) for label in group.labels)
    return next(filter(None, closely), (group.cell, ((), ())))


def _about(cell: CellComparison, compared: Comparison) -> str:
    """Of a comparison against baselines, the record that the cell is about; there is a cell for each."""
    if not compared.against:
        return ""
    new = {record.label for record in compared.records if not record.baseline}
    labels = [label for group in cell.groups for label in group.labels]
    labels += [gap.label for gap in cell.lacking] + [label for same in cell.versions for label in same]
    return next((label for label in labels if label in new), "")


def gaps(matrix: Sequence[Row], labels: Sequence[str]) -> list[list[object]]:
    """What records lack: record, verdict, reason and rows; by record, then the reason with the most rows first."""
    found: dict[NotRun, list[int]] = {}
    for number, each in enumerate(matrix):
        for lacking in each.cell.lacking:
            found.setdefault(lacking, []).append(number)
    ordered = sorted(found.items(), key=lambda item: (labels.index(item[0].label), -len(item[1]), item[0].reason))
    return [[labels.index(gap.label), gap.verdict, shown(gap.reason), numbers] for gap, numbers in ordered]


def parting_values(parting: Parting, found: Row, labels: Sequence[str], kept: Behaviours) -> list[object]:
    """A step in which groups differ: step, line, depth, kind, words, and each side with the letter of its group."""
    text = kept.texts.of
    sides = [[found.groups[labels.index(each.labels[0])], *_side(each, kept)] for each in parting.sides]
    sides.sort(key=lambda values: str(values[0]))
    return [parting.step, parting.line, text(parting.depth), KINDS.index(parting.kind), text(parting.says), sides]


def _side(side: Side, kept: Behaviours) -> list[object]:
    words = (side.did, side.expected, side.standing, side.source, side.basis, " and ".join(side.where), side.reason)
    return [kept.texts.of(each) for each in words]
