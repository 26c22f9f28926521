"""Prints the drawing of a cell on a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.text import Text

from conformance.cli.terminal import STYLES, console
from conformance.model.record import CellRecord
from conformance.report.lifelines import Line
from conformance.report.sequence import diagram

_LINE_STYLES = {
    "head": "bold",
    "call": "cyan",
    "result": "green",
    "deviation": "bold red",
    "arrow": "yellow",
    "evidence": "dim",
    "fault": "magenta",
    "lost": "red",
    "note": "dim",
}

_STEP = re.compile(r"[●◆○╌] (\d+) ")
"""The number of a step where a drawing shows its beginning."""


def draw(cell: CellRecord, capture: bytes | None, marks: Mapping[int, str] | None = None) -> None:
    """Draws a cell; with the packets of a capture file where one is given, and with marks at steps."""
    screen = console()
    label = f"{cell.case}, " if cell.case else ""
    screen.print(f"\n{cell.scenario}: {label}over {cell.transport}\n", style="dim", markup=False)
    for line in diagram(cell, screen.width) if capture is None else _wire_diagram(cell, capture, screen.width):
        style = _LINE_STYLES.get(line.kind, "")
        screen.print(Text(_marked(line, marks or {}), style=style, no_wrap=True, overflow="ellipsis"))
    screen.print()
    screen.print(Text(cell.verdict, STYLES[cell.verdict]).append(f": {cell.reason}" if cell.reason else "", "default"))


def _marked(line: Line, marks: Mapping[int, str]) -> str:
    """The text of a line, with the mark of the step that begins there."""
    found = _STEP.search(line.text) if line.kind in ("call", "fault") else None
    mark = marks.get(int(found[1]), "") if found else ""
    return f"{line.text.rstrip()}  ◀ {mark}" if mark else line.text


def _wire_diagram(cell: CellRecord, capture: bytes, width: int) -> list[Line]:
    from conformance.report.pcapng import packets  # only here: decoders take their time to import
    from conformance.report.wire_diagram import wire_diagram

    return wire_diagram(cell, packets(capture), width)
