"""Lifelines: the column of each actor in a drawing, and text beside, arrows between and lines across the lifelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NARROWEST, _WIDEST = 16, 44
"""Columns from one lifeline to the next."""

_BEFORE = 4
"""Columns before the first lifeline, which its head needs."""

WHOLE, LOST, LEAVES, ARRIVES = "whole", "lost", "leaves", "arrives"
"""The part of a packet's way that an arrow shows."""


@dataclass(frozen=True)
class Line:
    """A line of a drawing, and its kind: head, call, result, deviation, fault, arrow, lost, evidence, note, plain."""

    text: str
    kind: str = "plain"


class Lifelines:
    """Draws lines with a lifeline for each actor. ``margin``: columns at the left for times."""

    def __init__(self, actors: Sequence[str], width: int, margin: int = 0) -> None:
        self._actors = list(actors)
        self._width, self._margin = width, margin
        room = width - margin
        self._lane = max(_NARROWEST, min(_WIDEST, room // len(actors)))
        self._last_lane = max(_NARROWEST, room - self._lane * (len(actors) - 1))
        self._columns = {actor: margin + number * self._lane + _BEFORE for number, actor in enumerate(actors)}

    @property
    def actors(self) -> Sequence[str]:
        """The actors that have a lifeline, from left to right."""
        return self._actors

    def heads(self, over_margin: str = "") -> Line:
        """The names of the actors over their lifelines."""
        text = over_margin.rjust(max(0, self._margin - 1))
        for actor in self._actors:
            text = text.ljust(self._columns[actor] - 2) + f"[{actor}]"
        return Line(text, "head")

    def blank(self) -> Line:
        """A line with the lifelines only."""
        return Line(self._over({}))

    def beside(self, actor: str, mark: str, text: str, kind: str, time: str = "") -> list[Line]:
        """``text`` to the right of an actor's lifeline, wrapped to the width of the lane."""
        lane = self._last_lane if actor == self._actors[-1] else self._lane
        lines = []
        for number, piece in enumerate(wrapped(text, lane - 7)):
            line = self._over({actor: mark if number == 0 else "│"}, {actor: piece})
            lines.append(Line(self._timed(line, time if number == 0 else ""), kind))
        return lines

    def across(self, text: str, kind: str, time: str = "") -> list[Line]:
        """``text`` across all lifelines, for what happens to all actors."""
        start = self._margin + _BEFORE
        room = max(len(text) + 4, self._columns[self._actors[-1]] + 1 - start)
        room = min(room, self._width - start)
        pieces = [piece.strip() for piece in wrapped(text, room - 4)]
        return [
            Line(self._timed(" " * start + f" {piece} ".center(room, "╌"), time if number == 0 else ""), kind)
            for number, piece in enumerate(pieces)
        ]

    def gap(self, source: str, target: str) -> int:
        """Columns for the label of an arrow between two lifelines."""
        return abs(self._columns[source] - self._columns[target]) - 7

    def arrow(
        self, source: str, target: str, label: str, way: str = WHOLE, time: str = "", kind: str = "arrow"
    ) -> Line:
        """An arrow from one lifeline to another, or the part of one that ``way`` says."""
        start, end = sorted((self._columns[source], self._columns[target]))
        shaft = _shaft(label, way, end - start - 1, to_the_left=self._columns[target] < self._columns[source])
        line = self._over({})
        return Line(self._timed(line[: start + 1] + shaft + line[end:], time), kind)

    def neighbour(self, actor: str) -> str | None:
        """The other actor where there are exactly two, else None."""
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
"""Columns between a lifeline and an arrow that does not reach it, or does not begin there."""

_TAILS = {WHOLE: "", LOST: "", LEAVES: "", ARRIVES: "┄" * _SHORT}
_POINTS = {WHOLE: "▶", LOST: "✗" + " " * _SHORT, LEAVES: "┄" * _SHORT, ARRIVES: "▶"}
_TURNED = str.maketrans("▶", "◀")


def _shaft(label: str, way: str, room: int, to_the_left: bool) -> str:
    """An arrow of ``room`` columns, with its label in the middle."""
    tail, point = _TAILS[way], _POINTS[way]
    inside = f" {label[: room - len(tail + point) - 4]} " if label else ""
    line = room - len(tail + inside + point)
    before, after = tail + "─" * (line - line // 2), "─" * (line // 2) + point
    if to_the_left:
        before, after = after[::-1].translate(_TURNED), before[::-1]
    return before + inside + after


def wrapped(text: str, room: int) -> list[str]:
    """``text`` in lines of at most ``room`` columns; the lines after the first are indented."""
    lines: list[str] = []
    rest = text
    while len(rest) > room:
        cut = rest.rfind(" ", 0, room)
        cut = cut if cut > room // 3 else room
        lines.append(rest[:cut])
        rest = "  " + rest[cut:].lstrip()
    return [*lines, rest]
