"""The timeline of a cell: what each actor did in one column, what came back in the other. Plain text, for failures."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from conformance.engine.wording import error_text, known_from
from conformance.model.record import CellRecord, StepRecord
from conformance.report.scenario_sources import source_of
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
    lines += _fixture(cell)
    lines += [f"      {note}" for note in cell.notes]
    return lines


def _fixture(cell: CellRecord) -> Iterator[str]:
    """What failed of the fixture, where the reason does not say it, and the implementation's frames."""
    if cell.fixture is None:
        return
    if cell.observed and cell.observed not in cell.reason:
        yield f"the fixture failed: {cell.fixture.call} {cell.observed}"
    if cell.fixture.traceback:
        yield "where it hung, the innermost call last:" if cell.fixture.hung else "the implementation's own frames:"
        yield from cell.fixture.traceback.splitlines()


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
        resolved = _resolved(cell, step) if texts else ""
        yield f"{indent}expected  {cell.expected}{resolved}{known_from(source_of(step, cell), step.basis)}"
        yield f"{indent}observed  {_observed(cell, step, texts)}"
        if cell.reason and cell.reason not in (cell.observed, cell.observed.partition(" ")[0]):  # "hung" is no reason
            yield f"{indent}because   {cell.reason}"
        yield f"{indent}at        {cell.file}:{step.line}"
    if cell.differential and step.number == cell.differential.step:
        yield f"{' ' * (left - 10)}raw       {cell.differential.raw} ({cell.differential.depth})"


def _observed(cell: CellRecord, step: StepRecord, texts: bool) -> str:
    """What the step did, in words that the raw socket's result does not have; with the message of an exception.

    Where the expectation refers to a saved value or to a port, the raw value is added.
    """
    parting = cell.differential
    words = cell.observed
    if parting and parting.step == step.number and parting.here.startswith(words):
        words = parting.here
    text = error_text(vars(step.observation)) if texts and cell.observed == step.did else ""
    seen = step.observation
    if texts and "$" in cell.expected and seen.raw is not None and seen.raw != seen.canonical:
        words += f", raw {json.dumps(seen.raw)}"
    return words + (f": {text}" if text else "")


def _resolved(cell: CellRecord, step: StepRecord) -> str:
    """The values that the expectation refers to: ``, where $name.port is 4711``; empty where it refers to none."""
    saved: dict[str, Any] = {}
    for each in cell.steps:
        if each.number < step.number:
            saved.update(each.observation.names)
    found = {}
    for name, part in re.findall(r"\$(\w[\w-]*)(?:\.(\w+))?", cell.expected):
        raw = saved.get(name, {}).get("raw")
        value = raw.get(part) if part and isinstance(raw, dict) else raw
        if value is not None and not (part and not isinstance(raw, dict)):
            found[f"${name}.{part}" if part else f"${name}"] = json.dumps(value)
    return f", where {' and '.join(f'{name} is {value}' for name, value in found.items())}" if found else ""
