"""The rows of the benchmark's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, the figure, its limit, and the unit of both; what it depends on, in words."""

    name: str
    figure: float
    limit: float
    unit: str
    note: str = ""

    @property
    def ratio(self) -> float:
        """The figure as a part of its limit: at most 1 where the limit is kept."""
        return self.figure / self.limit


def as_text(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = ["| what | figure | limit | figure / limit |", "| --- | ---: | ---: | ---: |"]
    for row in rows:
        name = f"{row.name} ({row.note})" if row.note else row.name
        lines.append(
            f"| {name} | {_number(row.figure)} {row.unit} | {_number(row.limit)} {row.unit} | {row.ratio:.2f} |"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
