"""The sequence diagram of a cell: a lifeline per actor, calls on it, bytes as arrows from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.report.evidence import Change, changes
from conformance.report.records import CellRecord

WIDTH = 100


@dataclass(frozen=True)
class Line:
    """One line of the diagram and what it shows: head, call, result, deviation, arrow, evidence or plain."""

    text: str
    kind: str = "plain"


_SENDS = {"send": "data", "sendall": "data", "sendto": "data", "sendmsg": "data", "fill": "data", "write": "data"}
_SIGNALS = {"connect": "SYN", "connect_ex": "SYN", "close": "end", "shutdown": "end"}


def diagram(cell: CellRecord, width: int = WIDTH) -> list[Line]:
    """The lines, at most ``width`` columns wide."""
    actors = list(dict.fromkeys(step["actor"] for step in cell.steps))
    if not actors:
        return [Line(cell.reason or "nothing was run")]
    drawing = _Drawing(actors, width)
    lines = [Line(drawing.heads(), "head"), Line(drawing.lifelines())]
    changed = changes(cell)
    for step in cell.steps:
        lines += _step(drawing, cell, step, changed.get(step["number"], []))
    return [*lines, Line(drawing.heads(), "head")]


class _Drawing:
    """Where each actor's lifeline stands."""

    def __init__(self, actors: Sequence[str], width: int) -> None:
        self._actors = list(actors)
        self._lane = max(16, min(44, width // len(actors)))
        self._last_lane = max(16, width - self._lane * (len(actors) - 1))
        self._columns = {actor: number * self._lane + 4 for number, actor in enumerate(actors)}

    def heads(self) -> str:
        """The names of the actors over their lifelines."""
        text = ""
        for actor in self._actors:
            text = text.ljust(self._columns[actor] - 2) + f"[{actor}]"
        return text

    def lifelines(self) -> str:
        """All lifelines, nothing else."""
        return self._over({})

    def beside(self, actor: str, mark: str, text: str) -> list[str]:
        """``text`` to the right of an actor's lifeline, in as many lines as the lane needs."""
        lane = self._last_lane if actor == self._actors[-1] else self._lane
        pieces = _wrapped(text, lane - 7)
        lines = []
        for number, piece in enumerate(pieces):
            lines.append(self._over({actor: mark if number == 0 else "│"}, {actor: piece}))
        return lines

    def arrow(self, actor: str, to: str, label: str) -> str:
        """An arrow from one lifeline to another."""
        start, end = sorted((self._columns[actor], self._columns[to]))
        inside = f" {label[: end - start - 6]} " if label else ""
        shaft = inside.center(end - start - 1, "─")
        shaft = shaft[:-1] + "▶" if self._columns[to] > self._columns[actor] else "◀" + shaft[1:]
        base = self.lifelines()
        return base[: start + 1] + shaft + base[end:]

    def state(self, change: Change, beside: str) -> list[str]:
        """The new state of a socket: beside its actor's lifeline, or ``beside`` another with its name."""
        socket, words = change
        return (
            self.beside(socket, "│", words) if socket in self._actors else self.beside(beside, "│", ": ".join(change))
        )

    def neighbour(self, actor: str) -> str | None:
        """The other actor, where there are two."""
        others = [name for name in self._actors if name != actor]
        return others[0] if len(others) == 1 else None

    def _over(self, marks: Mapping[str, str], texts: Mapping[str, str] | None = None) -> str:
        line = ""
        for actor in self._actors:
            line = line.ljust(self._columns[actor])[: self._columns[actor]] + marks.get(actor, "│")
            if texts and actor in texts:
                line += f" {texts[actor]}"
        return line


def _step(drawing: _Drawing, cell: CellRecord, step: Mapping[str, Any], changed: Sequence[Change]) -> list[Line]:
    kind = step["observation"]["kind"]
    if kind == "not-applicable":
        return []
    deviates = step["number"] == cell.step and cell.verdict in ("fail", "known-deviation")
    mark = "◆" if kind == "blocked" else "○" if step.get("pending") else "●"
    text = f"{step['number']} {step['says']}"
    lines = [Line(each, "call") for each in drawing.beside(step["actor"], mark, text)]
    did = f"✗ {step['did']}; expected {step['expected']}" if deviates else f"⤷ {step['did']}"
    if step["did"] != "returned" or deviates:
        lines += [Line(each, "deviation" if deviates else "result") for each in drawing.beside(step["actor"], "│", did)]
    arrow = _arrow(drawing, step, kind)
    states = [Line(each, "evidence") for change in changed for each in drawing.state(change, step["actor"])]
    return [*lines, *arrow, *states, Line(drawing.lifelines())]


def _arrow(drawing: _Drawing, step: Mapping[str, Any], kind: str) -> list[Line]:
    """What went to the peer, where the operation says so and there is one peer."""
    to = drawing.neighbour(step["actor"])
    label = _SENDS.get(step["operation"]) or _SIGNALS.get(step["operation"])
    if to is None or label is None or kind != "returned" or step.get("pending"):
        return []
    if label == "data":
        label = step["says"].partition(" ")[2]
    return [Line(drawing.arrow(step["actor"], to, label), "arrow")]


def _wrapped(text: str, room: int) -> list[str]:
    lines: list[str] = []
    rest = text
    while len(rest) > room:
        cut = rest.rfind(" ", 0, room)
        cut = cut if cut > room // 2 else room
        lines.append(rest[:cut])
        rest = "  " + rest[cut:].lstrip()
    return [*lines, rest]
