"""Counts of verdicts for the tables of the terminal and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.model.record import VERDICTS, CellRecord
from conformance.tables.transports import TRANSPORTS

VERDICT_MARKS: Mapping[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "known-deviation": "~",
    "unsupported": "–",
    "inconclusive": "?",
}


def verdict_counts(cells: Sequence[CellRecord]) -> dict[str, int]:
    """The number of cells by verdict; verdicts that no cell has are left out."""
    counts = {verdict: sum(1 for cell in cells if cell.verdict == verdict) for verdict in VERDICTS}
    return {verdict: number for verdict, number in counts.items() if number}


def section(cell: CellRecord) -> str:
    """The section of the corpus that a cell's scenario is in."""
    return cell.scenario.split("/")[0] if "/" in cell.scenario else "."


def marks(cells: Sequence[CellRecord]) -> str:
    """Counts in one field, such as ``12✓ 1✗``."""
    return " ".join(f"{number}{VERDICT_MARKS[verdict]}" for verdict, number in verdict_counts(cells).items())


def by_transport(cells: Sequence[CellRecord]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Heads (the sections that occur, then all), and a row of counts for each transport, then for all."""
    table: dict[str, dict[str, list[CellRecord]]] = {}
    for cell in cells:
        table.setdefault(cell.transport, {}).setdefault(section(cell), []).append(cell)
    sections = sorted({name for row in table.values() for name in row})
    order = [name for name in TRANSPORTS if name in table]
    rows = [(name, [*(marks(table[name].get(each, ())) for each in sections), _all(table[name])]) for name in order]
    every = [marks([cell for row in table.values() for cell in row.get(each, ())]) for each in sections]
    return [*sections, "all"], [*rows, ("all", [*every, marks(cells)])]


def _all(row: Mapping[str, Sequence[CellRecord]]) -> str:
    return marks([cell for cells in row.values() for cell in cells])


def by_verdict(cells: Sequence[CellRecord]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """A narrower table: heads are the verdicts that occur; a row for each transport, each section, then for all."""
    found = list(verdict_counts(cells))
    sections = sorted({section(cell) for cell in cells})
    groups = [(name, [cell for cell in cells if cell.transport == name]) for name in TRANSPORTS]
    groups += [(f"{name}/", [cell for cell in cells if section(cell) == name]) for name in sections]
    rows = [(name, _by_verdict(each, found)) for name, each in [*groups, ("all", list(cells))] if each]
    return found, rows


def _by_verdict(cells: Sequence[CellRecord], verdicts: Sequence[str]) -> list[str]:
    counts = verdict_counts(cells)
    return [f"{counts[name]}{VERDICT_MARKS[name]}" if name in counts else "" for name in verdicts]
