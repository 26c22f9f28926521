"""The sequence diagram of a cell with its packets: segments between the lifelines, below the steps that sent them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model import observation as o
from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.record import CellRecord, StepRecord
from conformance.report.lifelines import ARRIVES, LEAVES, LOST, WHOLE, Lifelines, Line
from conformance.report.pcapng import Packet
from conformance.report.segments import Arrow, End, wire
from conformance.report.sequence import WIDTH, actors_of, call_lines, diagram, result_lines, state_lines
from conformance.report.socket_states import changes

_MARGIN = 11
"""Columns for times in milliseconds."""

_MOST, _FIRST, _LAST = 12, 5, 3
"""A run of more plain segments than the first number is shortened to so many at its beginning and its end."""

_WORTH_A_TIME = 10_000_000
"""Nanoseconds after which the result of a call gets a time of its own."""

_AGAIN = "↻"

_NAMED_AFTER_HOST = {"listener": "server"}


@dataclass(frozen=True)
class _Row:
    """Something to draw at a time; rows of the same time are ordered by rank."""

    at: int
    rank: int
    arrow: Arrow | None = None
    way: str = WHOLE
    step: StepRecord | None = None
    begins: bool = False
    ends: bool = False
    waited: int = 0
    """Nanoseconds since the step began."""


def wire_diagram(cell: CellRecord, packets: Sequence[Packet], width: int = WIDTH) -> list[Line]:
    """The lines, at most ``width`` columns wide; without a capture, the plain diagram and why there is no capture."""
    capture = cell.capture
    if not isinstance(capture, CaptureRecord):
        lacking = capture.lacking if isinstance(capture, NoCapture) else ""
        why = lacking or "nothing was captured; run with --capture to have the packets"
        return [*diagram(cell, width), Line(""), Line(why, "note")]
    found = wire(packets, capture.hosts, capture.complete)
    ends = _Ends(cell, capture, found.arrows)
    actors = ends.lifelines()
    if not actors:
        return diagram(cell, width)
    drawing = Lifelines(actors, width, _MARGIN)
    rows = sorted([*_rows_of_steps(cell, capture), *_rows_of_arrows(found.arrows, capture)], key=_order)
    lines = [drawing.heads("ms"), drawing.blank(), *_drawn(drawing, cell, rows, ends), drawing.blank(), drawing.heads()]
    return [*lines, *_legend(found.arrows, found.undrawn, capture)]


def _order(row: _Row) -> tuple[int, int]:
    return row.at, row.rank


# who is where


class _Ends:
    """The lifelines that addresses and ports belong to."""

    def __init__(self, cell: CellRecord, capture: CaptureRecord, arrows: Sequence[Arrow]) -> None:
        self._actors = actors_of(cell)
        self._hosts, self._host_of = capture.hosts, capture.actors
        self._names: dict[tuple[str, int], list[str]] = {}
        for each in capture.sockets:
            self._names.setdefault((each.host, each.port), []).append(each.name)
        self._arrows = arrows

    def pair(self, arrow: Arrow) -> tuple[str, str]:
        """The lifelines between which an arrow goes."""
        return self._of(arrow.source, arrow.source_host), self._of(arrow.target, arrow.target_host)

    def _of(self, end: End, seen_on: str) -> str:
        """The actor whose socket has this address, else an actor on its host, else the host, else the address."""
        names = self._names.get((end.address, end.port), [])
        named = [name for name in names if name in self._actors]
        if named:
            return named[0]
        host = self._hosts.get(end.address, seen_on or end.address)
        for name in (*(_NAMED_AFTER_HOST.get(name, name) for name in names), host):
            if name in self._actors or (name in ("client", "server")):
                return name
        living = [actor for actor in self._actors if self._host_of.get(actor) == host]
        return living[0] if living else host

    def lifelines(self) -> list[str]:
        """All that send or receive packets, with silent ones such as routers between them; then all other actors."""
        busy = {name for arrow in self._arrows for name in self.pair(arrow)}
        first = [actor for actor in self._actors if actor in busy]
        silent = sorted(busy - set(first), key=lambda name: (name != "client", name))
        first[1:1] = [name for name in silent if name not in ("client", "server")]
        return list(dict.fromkeys([*first, *silent, *self._actors]))


# what happens when


def _rows_of_steps(cell: CellRecord, capture: CaptureRecord) -> Iterator[_Row]:
    times = {each.step: (each.began, each.ended) for each in capture.steps}
    last = max((ended for _, ended in times.values() if ended), default=0)
    for step in cell.steps:
        if step.observation.kind == o.NOT_APPLICABLE:
            continue
        began, ended = times.get(step.number, (None, None))
        ended = ended or last
        if began is None:
            yield _Row(ended, 2, step=step, begins=True, ends=True)
        else:
            yield _Row(began, 0, step=step, begins=True)
            yield _Row(ended, 2, step=step, ends=True, waited=ended - began)


def _rows_of_arrows(arrows: Sequence[Arrow], capture: CaptureRecord) -> Iterator[_Row]:
    begins = [each.began for each in capture.steps if each.began is not None]
    for arrow in arrows:
        if arrow.sent is None:
            yield _Row(arrow.at, 1, arrow, ARRIVES)
        elif arrow.arrived is None:
            yield _Row(arrow.sent, 1, arrow, LOST)
        elif _is_overtaken(arrow, arrows, begins):
            yield _Row(arrow.sent, 1, arrow, LEAVES)
            yield _Row(arrow.arrived, 1, arrow, ARRIVES)
        else:
            yield _Row(arrow.sent, 1, arrow)


def _is_overtaken(arrow: Arrow, arrows: Sequence[Arrow], begins: Sequence[int]) -> bool:
    """Whether a step began, or a later packet of the same direction arrived, while a packet was on its way."""
    assert arrow.sent is not None
    assert arrow.arrived is not None
    if any(arrow.sent < began < arrow.arrived for began in begins):
        return True
    alike = (each for each in arrows if (each.source, each.target) == (arrow.source, arrow.target))
    return any(
        each.sent is not None and each.arrived is not None and each.sent > arrow.sent and each.arrived < arrow.arrived
        for each in alike
    )


# drawing


def _drawn(drawing: Lifelines, cell: CellRecord, rows: Sequence[_Row], ends: _Ends) -> Iterator[Line]:
    changed = changes(cell)
    zero = rows[0].at if rows else 0
    for number, run in enumerate(_runs(rows)):
        first = run[0]
        if first.arrow is not None:
            yield from _segments(drawing, run, ends, zero)
            continue
        assert first.step is not None
        if first.begins:
            if number:
                yield drawing.blank()
            yield from call_lines(drawing, first.step, _milliseconds(first.at - zero))
        if first.ends:
            waited = first.waited >= _WORTH_A_TIME and first.step.observation.kind != o.BLOCKED
            yield from result_lines(drawing, cell, first.step, _milliseconds(first.at - zero) if waited else "")
            yield from state_lines(drawing, first.step, changed.get(first.step.number, []))


def _runs(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Plain segments without anything between them, together; each other row by itself."""
    run: list[_Row] = []
    for row in rows:
        if run and (row.arrow is None or not row.arrow.plain or run[-1].arrow is None or not run[-1].arrow.plain):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _segments(drawing: Lifelines, run: Sequence[_Row], ends: _Ends, zero: int) -> Iterator[Line]:
    if len(run) <= _MOST:
        yield from (_segment(drawing, row, ends, zero) for row in run)
        return
    yield from (_segment(drawing, row, ends, zero) for row in run[:_FIRST])
    left = [row.arrow for row in run[_FIRST:-_LAST] if row.arrow is not None]
    data, size = sum(1 for arrow in left if arrow.size), sum(arrow.size for arrow in left)
    words = f"⋮ {data} more segments, {size} bytes; {len(left) - data} more ACKs"
    yield from drawing.across(words, "note")
    yield from (_segment(drawing, row, ends, zero) for row in run[-_LAST:])


def _segment(drawing: Lifelines, row: _Row, ends: _Ends, zero: int) -> Line:
    arrow = row.arrow
    assert arrow is not None
    source, target = ends.pair(arrow)
    time = _milliseconds(row.at - zero)
    if source == target:
        return drawing.beside(source, "│", f"{arrow.label} to itself", "arrow", time)[0]
    mark = f"{_AGAIN} " if arrow.again else ""
    room = drawing.gap(source, target)
    label = mark + (arrow.label if len(mark + arrow.label) <= room - (4 if row.way != WHOLE else 0) else arrow.brief)
    return drawing.arrow(source, target, label, row.way, time, "lost" if row.way == LOST else "arrow")


def _milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.3f}"


_NOTES: tuple[tuple[Callable[[Arrow], bool], str], ...] = (
    (lambda arrow: arrow.again, f"{_AGAIN} sent again"),
    (lambda arrow: arrow.arrived is None, "✗ lost on the way"),
    (lambda arrow: arrow.sent is None, "┄▶ arrives once more, or not as it was sent"),
)
"""The legend: which arrows have a mark, and the mark's meaning."""


def _legend(arrows: Sequence[Arrow], undrawn: Mapping[str, int], capture: CaptureRecord) -> Iterator[Line]:
    words = [note for has, note in _NOTES if any(map(has, arrows))]
    if undrawn:
        words.append("not drawn: " + ", ".join(f"{number} {kind}" for kind, number in undrawn.items()))
    if not capture.complete:
        why = f"{capture.lost} packets are missing" if capture.lost else "the network did not become idle"
        words.append(f"the capture is not complete: {why}")
    if words:
        yield Line("")
    yield from (Line(" " * (_MARGIN + 4) + each, "note") for each in words)
