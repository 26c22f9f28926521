"""Output of all commands: the console, styles of verdicts, tables, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from conformance.model.record import CellRecord
from conformance.report.measures import Measured
from conformance.report.tables import VERDICT_MARKS, by_transport, by_verdict

STYLES = {
    "pass": "green",
    "fail": "bold red",
    "known-deviation": "yellow",
    "unsupported": "dim",
    "inconclusive": "bold magenta",
}

_NARROWEST, _WIDTH = 20, 80
"""COLUMNS can be 0 if the width is unknown. A width that is too small to read is replaced by the second one."""

_BY_MARK = {mark: STYLES[verdict] for verdict, mark in VERDICT_MARKS.items()}


def console(stderr: bool = False) -> Console:
    """A console on standard output, or on standard error for progress."""
    made = Console(stderr=stderr, highlight=False, emoji=False)  # no emoji: "module:X: …" holds one by accident
    if made.width < _NARROWEST:
        made.width = _WIDTH
    return made


def print_json(value: Any) -> None:
    """``value`` as JSON on standard output."""
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not readable))


def styled_marks(text: str) -> Text:
    """Counts like ``12✓ 1✗``, each in the style of its verdict."""
    styled = Text()
    for part in text.split():
        styled.append(part + " ", _BY_MARK.get(part[-1], ""))
    styled.rstrip()
    return styled


def verdict_table(cells: Sequence[CellRecord], width: int) -> Table:
    """Verdicts by transport and section, or in two parts if that is too wide."""
    table, screen = _grid(*by_transport(cells)), console()
    if Measurement.get(screen, screen.options.update(max_width=10_000), table).maximum > width:
        table = _grid(*by_verdict(cells))
    return table


def _grid(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for name in heads:
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in rows:
        table.add_row(name, *(styled_marks(each) for each in row), style="bold" if name == "all" else None)
    return table


def measure_table(measured: Measured) -> Table:
    """Figures side by side."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column(Text(measured.name), no_wrap=True)
    for head in measured.heads:
        table.add_column(Text(head), justify="right", overflow="fold")
    for name, row in measured.rows:
        table.add_row(Text(name), *map(Text, row))
    return table


def timeline_text(lines: Sequence[str]) -> Text:
    """A timeline with its deviating step in red."""
    text = Text(no_wrap=True, overflow="fold")
    for line in lines:
        marked = line.startswith(VERDICT_MARKS["fail"]) or line.lstrip().startswith("observed  ")
        style = "red" if marked else "green" if line.lstrip().startswith("expected  ") else ""
        text.append(line + "\n", style)
    return text
