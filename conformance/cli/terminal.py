"""What all commands share of the terminal: the console, styles of verdicts, tables, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.report.records import CellRecord
from conformance.report.tables import VERDICT_MARKS, by_transport

STYLES = {
    "pass": "green",
    "fail": "bold red",
    "known-deviation": "yellow",
    "unsupported": "dim",
    "inconclusive": "bold magenta",
}

_BY_MARK = {mark: STYLES[verdict] for verdict, mark in VERDICT_MARKS.items()}


def console(stderr: bool = False) -> Console:
    """A console on standard output, or on standard error for progress."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """``value`` as JSON on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def styled_marks(text: str) -> Text:
    """Counts such as ``12✓ 1✗``, each in the style of its verdict."""
    styled = Text()
    for part in text.split():
        styled.append(part + " ", _BY_MARK.get(part[-1], ""))
    styled.rstrip()
    return styled


def verdict_table(cells: Sequence[CellRecord], title: str) -> Table:
    """Verdicts by transport and section."""
    sections, rows = by_transport(cells)
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for name in sections:
        table.add_column(name, justify="right", overflow="fold")
    for name, row in rows:
        table.add_row(name, *(styled_marks(each) for each in row), style="bold" if name == "all" else None)
    return table


def timeline_text(lines: Sequence[str]) -> Text:
    """A timeline with its deviating step in red."""
    text = Text(no_wrap=True, overflow="fold")
    for line in lines:
        marked = line.startswith("✗") or line.lstrip().startswith("observed  ")
        style = "red" if marked else "green" if line.lstrip().startswith("expected  ") else ""
        text.append(line + "\n", style)
    return text
