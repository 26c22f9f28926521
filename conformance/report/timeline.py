"""The timeline of a cell: who did what in one column, what came back in the other. Plain text, for failures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.report.records import CellRecord

_LEFT = 58
_MARKS = {"fail": "✗", "known-deviation": "~"}


def timeline(cell: CellRecord) -> list[str]:
    """The lines; at the step that deviated also what was expected, and its file and line."""
    lines = [f"{cell.scenario}  over {cell.transport}{_under(cell)}", ""]
    for step in cell.steps:
        lines += _step(cell, step, step["number"] == cell.step)
    if cell.step is None and cell.reason:
        lines += ["", cell.reason]
    lines += [f"      {note}" for note in cell.notes]
    return lines


def _under(cell: CellRecord) -> str:
    case = f", case {cell.case}" if cell.case else ""
    return f"{case}, implementation {cell.implementation}"


def _step(cell: CellRecord, step: Mapping[str, Any], deviates: bool) -> Iterator[str]:
    mark = _MARKS.get(cell.verdict, " ") if deviates else " "
    did = f"{mark} {step['number']:>3}  {step['actor']!s:<9}{step['says']}"
    came = str(step["did"])
    first, *rest = textwrap.wrap(did, _LEFT - 2, subsequent_indent=" " * 17) or [""]
    yield f"{first:<{_LEFT}}{came}"
    yield from rest
    if deviates:
        yield f"{'':<{_LEFT - 10}}expected  {cell.expected}"
        yield f"{'':<{_LEFT - 10}}observed  {cell.observed}"
        if cell.reason:
            yield f"{'':<{_LEFT - 10}}because   {cell.reason}"
        yield f"{'':<{_LEFT - 10}}at        {cell.file}:{step['line']}"
