"""Lifelines: where each actor stands in a drawing, and what can be put beside, between and across them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NARROWEST, _WIDEST = 16, 44
"""Columns from one lifeline to the next."""

_BEFORE = 4
"""Columns before the first lifeline, so that its head can stand over it."""

WHOLE, LOST, LEAVES, ARRIVES = "whole", "lost", "leaves", "arrives"
"""What an arrow shows of a packet's way."""


@dataclass(frozen=True)
class Line:
    """One line of a drawing and what it shows: head, call, result, deviation, fault, arrow, lost, evidence, note or
    plain.
    """

    text: str
    kind: str = "plain"


class Lifelines:
    """Where each actor's lifeline stands. ``margin``: columns at the left for times."""

    def __init__(self, actors: Sequence[str], width: int, margin: int = 0) -> None:
        self._actors = list(actors)
        self._width, self._margin = width, margin
        room = width - margin
        self._lane = max(_NARROWEST, min(_WIDEST, room // len(actors)))
        self._last_lane = max(_NARROWEST, room - self._lane * (len(actors) - 1))
        self._columns = {actor: margin + number * self._lane + _BEFORE for number, actor in enumerate(actors)}

    @property
    def actors(self) -> Sequence[str]:
        """Those who have a lifeline, from left to right."""
        return self._actors

    def heads(self, over_margin: str = "") -> Line:
        """The names of the actors over their lifelines."""
        text = over_margin.rjust(max(0, self._margin - 1))
        for actor in self._actors:
            text = text.ljust(self._columns[actor] - 2) + f"[{actor}]"
        return Line(text, "head")

    def blank(self) -> Line:
        """All lifelines, nothing else."""
        return Line(self._over({}))

    def beside(self, actor: str, mark: str, text: str, kind: str, time: str = "") -> list[Line]:
        """``text`` to the right of an actor's lifeline, in as many lines as the lane needs."""
        lane = self._last_lane if actor == self._actors[-1] else self._lane
        lines = []
        for number, piece in enumerate(wrapped(text, lane - 7)):
            line = self._over({actor: mark if number == 0 else "│"}, {actor: piece})
            lines.append(Line(self._timed(line, time if number == 0 else ""), kind))
        return lines

    def across(self, text: str, kind: str, time: str = "") -> list[Line]:
        """``text`` over all lifelines: what happens to all of them."""
        start = self._margin + _BEFORE
        room = max(len(text) + 4, self._columns[self._actors[-1]] + 1 - start)
        room = min(room, self._width - start)
        pieces = [piece.strip() for piece in wrapped(text, room - 4)]
        return [
            Line(self._timed(" " * start + f" {piece} ".center(room, "╌"), time if number == 0 else ""), kind)
            for number, piece in enumerate(pieces)
        ]

    def gap(self, source: str, target: str) -> int:
        """Columns that an arrow's label may have."""
        return abs(self._columns[source] - self._columns[target]) - 7

    def arrow(
        self, source: str, target: str, label: str, way: str = WHOLE, time: str = "", kind: str = "arrow"
    ) -> Line:
        """An arrow from one lifeline to another; of a packet that does not come all the way, a part of one."""
        start, end = sorted((self._columns[source], self._columns[target]))
        shaft = _shaft(label, way, end - start - 1, to_the_left=self._columns[target] < self._columns[source])
        line = self._over({})
        return Line(self._timed(line[: start + 1] + shaft + line[end:], time), kind)

    def neighbour(self, actor: str) -> str | None:
        """The other actor, where there are two."""
        others = [name for name in self._actors if name != actor]
        return others[0] if len(others) == 1 and actor in self._actors else None

    def _timed(self, line: str, time: str) -> str:
        return time.rjust(self._margin - 1) + line[self._margin - 1 :] if self._margin and time else line

    def _over(self, marks: Mapping[str, str], texts: Mapping[str, str] | None = None) -> str:
        line = ""
        for actor in self._actors:
            line = line.ljust(self._columns[actor])[: self._columns[actor]] + marks.get(actor, "│")
            if texts and actor in texts:
                line += f" {texts[actor]}"
        return line


_SHORT = 4
"""Columns by which an arrow ends before the lifeline that it does not reach, or begins after it."""

_TAILS = {WHOLE: "", LOST: "", LEAVES: "", ARRIVES: "┄" * _SHORT}
_POINTS = {WHOLE: "▶", LOST: "✗" + " " * _SHORT, LEAVES: "┄" * _SHORT, ARRIVES: "▶"}
_TURNED = str.maketrans("▶", "◀")


def _shaft(label: str, way: str, room: int, to_the_left: bool) -> str:
    """An arrow of so many columns, with its label in the middle."""
    tail, point = _TAILS[way], _POINTS[way]
    inside = f" {label[: room - len(tail + point) - 4]} " if label else ""
    line = room - len(tail + inside + point)
    before, after = tail + "─" * (line - line // 2), "─" * (line // 2) + point
    if to_the_left:
        before, after = after[::-1].translate(_TURNED), before[::-1]
    return before + inside + after


def wrapped(text: str, room: int) -> list[str]:
    """``text`` in lines of at most ``room`` columns; all but the first are indented."""
    lines: list[str] = []
    rest = text
    while len(rest) > room:
        cut = rest.rfind(" ", 0, room)
        cut = cut if cut > room // 3 else room
        lines.append(rest[:cut])
        rest = "  " + rest[cut:].lstrip()
    return [*lines, rest]
