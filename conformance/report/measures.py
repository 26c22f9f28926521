"""Measures side by side: a table for each quantity, a row for each scenario and transport, figures with their unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.model.record import CellRecord
from conformance.tables.transports import TRANSPORTS

_STEPS = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "bytes/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")),
}
"""Units by the size of the figure, largest first."""


@dataclass(frozen=True)
class Measured:
    """One quantity: its name, the heads of its columns, and its rows, each with a figure in words for each column."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    values: tuple[tuple[float | None, ...], ...] = field(default=(), compare=False)
    """The figures as numbers; None where the row has none in that column."""
    keys: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)
    """Scenario, case and transport of each row; where the columns are cases, of its first cell."""


def measured(records: Mapping[str, Sequence[CellRecord]]) -> list[Measured]:
    """The quantities that cells of these records (by label) measured, in the order in which they first appear.

    Columns are records where there are several, else the cases of the scenarios.
    """
    cells = [(label, cell) for label, found in records.items() for cell in found if cell.measures]
    names = dict.fromkeys(name for _, cell in cells for name in cell.measures)
    return [_table(name, [each for each in cells if name in each[1].measures], len(records) > 1) for name in names]


def _table(name: str, cells: Sequence[tuple[str, CellRecord]], by_record: bool) -> Measured:
    several = len({cell.scenario for _, cell in cells}) > 1
    figures: dict[tuple[str, ...], dict[str, tuple[str, float]]] = {}
    keys: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for label, cell in sorted(cells, key=lambda each: _order(each[1])):
        words = [cell.scenario] if several else []
        words += [cell.case] if by_record and cell.case else []
        words += [cell.transport] if cell.transport != "none" else []
        column = label if by_record else cell.case
        keys.setdefault(tuple(words), cell.key)
        value = cell.measures[name]
        figures.setdefault(tuple(words), {})[column] = figure(value, cell.units.get(name, "")), value
    heads = tuple(dict.fromkeys(label if by_record else cell.case for label, cell in cells))
    table = [(" ".join(words), [row.get(head, ("", None)) for head in heads]) for words, row in figures.items()]
    rows = tuple((words, tuple(text for text, _ in row)) for words, row in table)
    values = tuple(tuple(value for _, value in row) for _, row in table)
    return Measured(name, heads, rows, values, tuple(keys.values()))


def _order(cell: CellRecord) -> tuple[str, int]:
    return cell.scenario, list(TRANSPORTS).index(cell.transport)


def figure(value: float, unit: str) -> str:
    """A figure to three digits with its unit, such as ``31.4 µs``; counts as they are."""
    steps = _STEPS.get(unit)
    if steps is None:
        return f"{_digits(value) if value % 1 else format(int(value), ',')} {unit}".strip()
    size, name = next((each for each in steps if abs(value) >= each[0]), steps[-1])
    return f"{_digits(value / size)} {name}"


def _digits(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"
