"""Evidence in words: what changed in the state of each socket of a cell from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Optional

from conformance.model.record import CellRecord
from conformance.model.socket_state import SocketState


class Change(NamedTuple):
    """The new state of a socket, in words."""

    socket: str
    words: str
    beside: tuple[str, ...] = ()
    """Names of sockets with the same address, such as the listener that a connection was accepted from."""


Sockets = Mapping[tuple[Optional[str], str], SocketState]
"""The sockets of one step, by their addresses, or by name where they have no addresses."""

_LISTEN, _ESTABLISHED, _CLOSED = "LISTEN", "ESTABLISHED", "CLOSED"

_TIMERS = {"keepalive": "keepalive timer runs", "zero-window probe": "probes a closed window"}
"""The timers that are shown; the others follow from the state."""

_GONE = {"unread": "nothing unread", "unacknowledged": "all acknowledged", "queued": "none to be accepted"}
"""Sizes whose return to 0 is shown."""


def changes(cell: CellRecord) -> dict[int, list[Change]]:
    """By number of the step, its changes: ``("server", "ESTABLISHED → CLOSE-WAIT, 4 bytes unread")``."""
    found: dict[int, list[Change]] = {}
    before: Sockets = {}
    names: dict[str, dict[str, None]] = {}
    for step in cell.steps:
        if step.evidence is None:
            continue
        now = {(each.local or each.socket, each.peer): each for each in step.evidence}
        for each in step.evidence:
            if each.local and each.socket:
                names.setdefault(each.local, {})[each.socket] = None
        found[step.number] = [
            Change(_label(socket, {**before, **now}), words, tuple(names.get(socket.local, ())))
            for socket, words in _changes(before, now)
        ]
        before = now
    return found


def _changes(before: Sockets, now: Sockets) -> Iterator[tuple[SocketState, str]]:
    for key, socket in now.items():
        then, words = before.get(key), _words(socket)
        ordinary = words in ([], [_LISTEN]) or (words == [_ESTABLISHED] and socket.socket is None)
        if words != (_words(then) if then else []) and (then or not ordinary):
            yield socket, _change(then, socket, words)
    for key, socket in before.items():
        if key not in now and socket.state and socket.state != _LISTEN:
            yield socket, f"{socket.state} → {_CLOSED}"


def _label(socket: SocketState, sockets: Sockets) -> str:
    """The name of a socket; a socket without a name is called after its peer."""
    names = (each.socket for each in sockets.values() if each.local == socket.peer)
    return socket.socket or f"peer of {next((name for name in names if name), socket.peer)}"


def _change(then: SocketState | None, now: SocketState, words: list[str]) -> str:
    if then is None:
        return ", ".join(words)
    if now.state and then.state and now.state != then.state:
        words = [f"{then.state} → {now.state}", *words[1:]]
    gone = [text for size, text in _GONE.items() if getattr(then, size) and not getattr(now, size)]
    return ", ".join([*words, *gone])


def _words(socket: SocketState) -> list[str]:
    """The state of a socket, and its sizes other than 0."""
    again = socket.retransmits
    words = [
        socket.state,
        _bytes(socket.unread, "unread"),
        _bytes(socket.unacknowledged, "unacknowledged"),
        f"{socket.unsent} of them not sent" if socket.unsent else "",
        f"{again} segment{'s' if again > 1 else ''} sent again" if again else "",
        f"{socket.queued} to be accepted" if socket.queued else "",
        _TIMERS.get(socket.timer, ""),
    ]
    return [word for word in words if word]


def _bytes(number: int, what: str) -> str:
    return f"{number} byte{'s' if number > 1 else ''} {what}" if number else ""
