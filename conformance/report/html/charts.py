"""The measures of all records as numbers with their unit, for the charts of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.model.record import CellRecord
from conformance.report.measures import figure


@dataclass
class Chart:
    """One quantity: by row of the matrix, a figure for each record and its words."""

    name: str
    unit: str
    rows: dict[int, list[tuple[float, str] | None]] = field(default_factory=dict)


def charts(cells: Sequence[Sequence[CellRecord | None]]) -> list[Chart]:
    """The quantities that these rows of cells measured, by name and unit, in the order in which they first appear."""
    found: dict[tuple[str, str], Chart] = {}
    for number, row in enumerate(cells):
        for place, cell in enumerate(row):
            for name, value in (cell.measures if cell else {}).items():
                unit = (cell.units if cell else {}).get(name, "")
                chart = found.setdefault((name, unit), Chart(name, unit))
                chart.rows.setdefault(number, [None] * len(row))[place] = (value, figure(value, unit))
    return list(found.values())


def as_values(chart: Chart) -> Mapping[str, object]:
    """A chart as plain values."""
    return {"name": chart.name.replace("_", " "), "unit": chart.unit, "rows": list(chart.rows.items())}
