"""The timeline of a cell: what each actor did in one column, what came back in the other. Plain text, for failures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from conformance.engine.wording import error_text
from conformance.model.record import CellRecord, StepRecord
from conformance.report.socket_states import Change, changes

_LEFT, _LEFT_LEAST = 58, 30
"""Columns for the calls: as many as the longest one needs, within these bounds."""
_MARKS = {"fail": "✗", "known-deviation": "~"}


def timeline(cell: CellRecord, transports: Sequence[str] = (), texts: bool = True) -> list[str]:
    """The lines; below the step that deviated also the expectation, and its file and line.

    ``transports``: all transports over which the same happened; by default the cell's own. ``texts``: whether to show
    the messages of exceptions, which may hold numbers and addresses of this one cell.
    """
    lines = [f"{cell.scenario}  over {', '.join(transports) or cell.transport}{_under(cell)}", ""]
    longest = max((len(_done(cell, step)) for step in cell.steps), default=0)
    left = max(_LEFT_LEAST, min(_LEFT, longest + 2))
    changed = changes(cell)
    for step in cell.steps:
        lines += _step(cell, step, left, changed.get(step.number, ()), texts)
    if cell.step is None and cell.reason:
        lines += ["", cell.reason] if cell.steps else [cell.reason]
    lines += [f"      {note}" for note in cell.notes]
    return lines


def _under(cell: CellRecord) -> str:
    case = f", case {cell.case}" if cell.case else ""
    return f"{case}, implementation {cell.implementation}"


def _done(cell: CellRecord, step: StepRecord) -> str:
    mark = _MARKS.get(cell.verdict, " ") if step.number == cell.step else " "
    return f"{mark} {step.number:>3}  {step.actor:<9} {step.says}"


def _step(cell: CellRecord, step: StepRecord, left: int, changed: Sequence[Change], texts: bool) -> Iterator[str]:
    first, *rest = textwrap.wrap(_done(cell, step), left - 2, subsequent_indent=" " * 18) or [""]
    yield f"{first:<{left}}{step.did}"
    yield from rest
    yield from (f"{' ' * (left - 10)}state     {socket} {words}" for socket, words, _ in changed)
    if step.number == cell.step:
        indent = " " * (left - 10)
        yield f"{indent}expected  {cell.expected}"
        text = error_text(vars(step.observation)) if texts and cell.observed == step.did else ""
        yield f"{indent}observed  {cell.observed}" + (f": {text}" if text else "")
        if cell.reason and cell.reason != cell.observed.partition(" ")[0]:  # "hung" is no reason
            yield f"{indent}because   {cell.reason}"
        yield f"{indent}at        {cell.file}:{step.line}"
    if cell.differential and step.number == cell.differential.step:
        yield f"{' ' * (left - 10)}raw       {cell.differential.raw} ({cell.differential.depth})"
