"""What was seen to travel to the peer in each step, as the record of a cell shows it: data, a connection, an end.

Objects are followed from step to step, because an object alone does not say whether its close ends anything: the open
file behind a socket is shared with duplicates, with files of ``makefile`` and with forked processes. What cannot be
decided is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.tables.faults import ROWS
from conformance.tables.operations import BUFFERS, DATA, PAIR, SENDS, SOCKET, Operation
from conformance.tables.transports import TRANSPORTS

_CONNECTS, _ENDS = "SYN", "end"
"""Arrows of operations that do not send data."""

_OPEN = ("ESTABLISHED", "CLOSE-WAIT")
"""The states of TCP in which a socket has not sent its end."""

_GONE = ("ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTCONN")
"""Errors after which a connection has no end to send."""

_CONNECTED_AT_FIRST = {"connected": ("client", "server"), "queued": ("client",)}
"""The sockets that a fixture connects, by its name."""

_WHOLE_WAY = ("SHUT_WR", "SHUT_RDWR")


@dataclass
class _OpenFile:
    """An open file of a socket, and the objects that refer to it, each with the actor that made it."""

    datagrams: bool
    connected: bool = False
    ended: bool = False
    peers: frozenset[str] = frozenset()
    """The objects at its other end, where a step made both ends."""
    refs: set[tuple[str, str]] = field(default_factory=set)
    buffered: dict[str, list[str]] = field(default_factory=dict)
    """By file object with a buffer, the data that was written and not handed over."""


def travelled(cell: CellRecord) -> dict[int, str]:
    """By number of the step, what an arrow to the peer is labelled with."""
    walk = _Walk(cell)
    return {step.number: label for step in cell.steps if (label := walk.step(step))}


class _Walk:
    """One walk through the steps of a cell."""

    def __init__(self, cell: CellRecord) -> None:
        self._cell = cell
        self._files: list[_OpenFile] = []
        self._aliases: dict[tuple[str, str], tuple[str, str]] = {}
        """Second names of objects: a forked process has its parent's own socket under its own name, too."""
        self._datagrams = "datagram" in TRANSPORTS[cell.transport].groups
        at_first = self._connected_at_first()
        for name in dict.fromkeys((*at_first, *(("client", "server") if cell.given != "nothing" else ()))):
            self._add(_OpenFile(self._datagrams, name in at_first), name, (name,))

    def _connected_at_first(self) -> Iterable[str]:
        if self._cell.given is not None:
            return _CONNECTED_AT_FIRST.get(self._cell.given, ())
        made = {step.actor for step in self._cell.steps if _of_connections(ROWS.get(step.operation))}
        return [name for name in ("client", "server") if name not in made]  # of an older record

    def step(self, step: StepRecord) -> str:
        """The label of a step's arrow; empty where nothing was seen to travel. Steps are given in order."""
        row, seen = ROWS.get(step.operation), step.observation
        label = ""
        if isinstance(row, Operation) and seen.kind == o.RETURNED:
            label = self._returned(row, step)
        elif seen.kind == o.RAISED and seen.canonical["name"] in _GONE and (found := self._used(step)):
            found.connected = False
        return "" if step.pending else label

    def _returned(self, row: Operation, step: StepRecord) -> str:
        found = self._used(step)
        label = self._sent(row, step, found) if row.arrow == DATA or row.moves == BUFFERS else ""
        if found and row.arrow == _CONNECTS:
            found.connected = step.observation.canonical in (None, 0)
            label = self._connection() if found.connected and not found.datagrams else ""
        elif row.arrow == _ENDS and row.main:
            label = self._end(found, step) if any(word in step.says for word in _WHOLE_WAY) else ""
        elif row.arrow == _ENDS:
            label = self._closed(step, found)
        elif found and row.moves and not found.datagrams:
            found.connected = True
        elif found and row.disturbs:
            found.connected = False
        self._made(row, step, found)
        self._processes(row, step)
        return label

    def _connection(self) -> str:
        return _CONNECTS if "tcp" in TRANSPORTS[self._cell.transport].groups else "connection"

    def _sent(self, row: Operation, step: StepRecord, found: _OpenFile | None) -> str:
        data = step.says.partition(" ")[2] if row.arrow else ""
        if found is None or self._to_itself(found, step.actor):
            return ""
        if (buffer := found.buffered.get(_on(step))) is not None:
            if row.arrow:
                buffer.append(data.partition(" on ")[0])
                return ""
            return self._handed_over(buffer) if row.result == "nothing" else ""
        if not row.arrow or (step.observation.canonical == 0 and not found.datagrams) or data.startswith("no bytes"):
            return ""
        found.connected = found.connected or not found.datagrams
        return data if found.connected or f"to={self._other(step.actor)}" in data else ""

    def _handed_over(self, buffer: list[str]) -> str:
        label = ", ".join(buffer)
        buffer.clear()
        return label

    def _closed(self, step: StepRecord, found: _OpenFile | None) -> str:
        if found is None:
            return ""
        data = self._handed_over(found.buffered.pop(_on(step), []))
        found.refs.discard(self._ref(step, found))
        end = self._end(found, step) if not found.refs else ""
        return ", ".join(filter(None, (data, end)))

    def _end(self, found: _OpenFile | None, step: StepRecord) -> str:
        if not found or not found.connected or found.datagrams or found.ended or self._still_open(step):
            return ""
        found.ended = True
        return "" if self._to_itself(found, step.actor) else _ENDS

    def _still_open(self, step: StepRecord) -> bool:
        """Whether the evidence shows that the socket has sent no end."""
        return any(each.socket == _on(step) and each.state in _OPEN for each in step.evidence or ())

    def _made(self, row: Operation, step: StepRecord, found: _OpenFile | None) -> None:
        names = step.made or ((step.actor,) if row.makes == SOCKET else ())
        if row.shares:
            source = found if row.on else self._named(step.says.split()[1:2], step.actor)
            if source is not None:
                self._share(row, step, source, names)
            if source is not None and row.makes == "descriptor":  # the socket gives it up
                source.refs.discard(self._ref(step, source))
        elif row.makes == PAIR:
            for name in names:
                others = frozenset(names) - {name}
                self._add(_OpenFile("SOCK_DGRAM" in step.says, True, peers=others), step.actor, (name,))
        elif row.makes == SOCKET:
            datagrams = "SOCK_DGRAM" in step.says or (self._datagrams and "type=" not in step.says)
            self._add(_OpenFile(datagrams, connected=row.on is not None), step.actor, names)

    def _share(self, row: Operation, step: StepRecord, source: _OpenFile, names: Iterable[str]) -> None:
        """Another object for an open file."""
        source.refs |= {(step.actor, name) for name in names} or {(step.actor, f"unnamed of step {step.number}")}
        if row.unbuffered_if and "{}={}".format(*row.unbuffered_if) not in step.says:
            source.buffered.update({name: [] for name in names})

    def _processes(self, row: Operation, step: StepRecord) -> None:
        """What a fork copies, what the end of a process closes, and what a message carries to another process."""
        if row.forks:
            child = step.says.split()[1]
            for each in self._files:
                copied = {(child, name) for owner, name in each.refs if owner == step.actor}
                each.refs |= copied
            self._aliases[child, child] = child, step.actor
        elif row.ends_process:
            for each in self._files:
                each.refs = {ref for ref in each.refs if ref[0] != step.actor}
        elif row.moves == SENDS:
            for parameter in (each.name for each in row.parameters if each.type == "objects"):
                for names in re.findall(rf"\b{parameter}=\[([^]]*)\]", step.says):
                    for found in filter(None, (self._named([name], step.actor) for name in names.split(", "))):
                        found.refs.add(("", f"sent in step {step.number}"))

    def _add(self, made: _OpenFile, actor: str, names: Iterable[str]) -> None:
        """A new open file. An object that had the name before is still there, though no step can name it."""
        for each in self._files:
            lost = {(owner, name) for owner, name in each.refs if owner == actor and name in names}
            each.refs = each.refs - lost | {(owner, f"earlier {name}") for owner, name in lost}
        made.refs |= {(actor, name) for name in names}
        self._files.append(made)

    def _used(self, step: StepRecord) -> _OpenFile | None:
        return self._named([_on(step)], step.actor)

    def _named(self, names: Sequence[str], actor: str) -> _OpenFile | None:
        """The open file of an object: of one that the actor made, else of another actor's."""
        for refs in ([self._aliases.get((actor, name), (actor, name)) for name in names], None):
            for each in self._files:
                if any(ref in refs if refs else ref[1] in names for ref in each.refs):
                    return each
        return None

    def _ref(self, step: StepRecord, found: _OpenFile) -> tuple[str, str]:
        own = self._aliases.get((step.actor, _on(step)), (step.actor, _on(step)))
        return own if own in found.refs else next(ref for ref in found.refs if ref[1] == _on(step))

    def _other(self, actor: str) -> str:
        return next((step.actor for step in self._cell.steps if step.actor != actor), "")

    def _to_itself(self, found: _OpenFile, actor: str) -> bool:
        """Whether the other end belongs to the same actor, as far as the steps show."""
        used = any(step.actor != actor and _on(step) in found.peers for step in self._cell.steps)
        return bool(found.peers) and not used


def _on(step: StepRecord) -> str:
    """The object that a step is used on; of an older record, as its words say."""
    if step.on is not None:
        return step.on
    words = step.says.rsplit(" on ", 1)
    return words[1] if len(words) == 2 and " " not in words[1] else step.actor


def _of_connections(row: object) -> bool:
    """Whether an operation makes sockets or connects them, so that a fixture did not."""
    return isinstance(row, Operation) and (row.makes in (SOCKET, PAIR) or row.arrow == _CONNECTS or row.gives_address)
