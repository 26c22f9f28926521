"""The sequence diagram of a cell: a lifeline for each actor with its calls, and arrows between two actors."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.engine.wording import error_text, known_from
from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.report.lifelines import Lifelines, Line
from conformance.report.scenario_sources import source_of
from conformance.report.socket_states import Change, changes
from conformance.report.travel import travelled
from conformance.tables.faults import ACTORS as FAULT_ACTORS

WIDTH = 100


def diagram(cell: CellRecord, width: int = WIDTH) -> list[Line]:
    """The lines, at most ``width`` columns wide."""
    actors = actors_of(cell)
    if not actors:
        return [Line(cell.reason or "nothing was run")]
    drawing = Lifelines(actors, width)
    lines = [drawing.heads(), drawing.blank()]
    changed = changes(cell)
    labels = travelled(cell)
    for step in cell.steps:
        lines += _step(drawing, cell, step, changed.get(step.number, []), labels.get(step.number, ""))
    return [*lines, drawing.heads()]


def actors_of(cell: CellRecord) -> list[str]:
    """The actors with a lifeline: the network and the system only where there are no others."""
    actors = list(dict.fromkeys(step.actor for step in cell.steps))
    return [actor for actor in actors if actor not in FAULT_ACTORS] or actors


def _step(drawing: Lifelines, cell: CellRecord, step: StepRecord, changed: Sequence[Change], label: str) -> list[Line]:
    if step.observation.kind == o.NOT_APPLICABLE:
        return []
    lines = [*call_lines(drawing, step), *result_lines(drawing, cell, step), *_arrow(drawing, step, label)]
    return [*lines, *state_lines(drawing, step, changed), drawing.blank()]


def call_lines(drawing: Lifelines, step: StepRecord, time: str = "") -> list[Line]:
    """The beginning of a step."""
    if step.actor not in drawing.actors:
        return drawing.across(f"{step.number} {step.actor}: {step.says}", "fault", time)
    mark = "◆" if step.observation.kind == o.BLOCKED else "○" if step.pending else "●"
    return drawing.beside(step.actor, mark, f"{step.number} {step.says}", "call", time)


def result_lines(drawing: Lifelines, cell: CellRecord, step: StepRecord, time: str = "") -> list[Line]:
    """The lines for the result of a step; none where it returned and that was expected."""
    deviates = step.number == cell.step and cell.verdict in ("fail", "known-deviation")
    if step.did == "returned" and not deviates:
        return []
    text = error_text(vars(step.observation)) if deviates else ""
    did = (
        f"✗ {step.did}{text and f' ({text})'}; expected {step.expected}{known_from(source_of(step, cell), step.basis)}"
        if deviates
        else f"⤷ {step.did}"
    )
    kind = "deviation" if deviates else "result"
    if step.actor not in drawing.actors:
        return drawing.across(did, kind, time)
    return drawing.beside(step.actor, "│", did, kind, time)


def state_lines(drawing: Lifelines, step: StepRecord, changed: Sequence[Change]) -> list[Line]:
    """The new states of sockets, beside the actor of the same name, else beside another with the socket's name."""
    lines = []
    for socket, words, alike in changed:
        if socket in drawing.actors:
            lines += drawing.beside(socket, "│", words, "evidence")
        else:
            fitting = [name for name in (*alike, step.actor, *drawing.actors) if name in drawing.actors]
            lines += drawing.beside(fitting[0], "│", f"{socket}: {words}", "evidence")
    return lines


def _arrow(drawing: Lifelines, step: StepRecord, label: str) -> list[Line]:
    """The arrow to the peer, if something travelled and there is exactly one peer."""
    to = drawing.neighbour(step.actor)
    return [drawing.arrow(step.actor, to, label)] if to and label else []
