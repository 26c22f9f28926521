"""Evidence in words: what changed in the state of each socket of a cell from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from conformance.report.records import CellRecord


class Change(NamedTuple):
    """A socket, and the state that it is in now."""

    socket: str
    words: str
    beside: tuple[str, ...] = ()
    """Names of sockets with the same address, such as the listener's that it was accepted from."""


Sockets = Mapping[tuple[Any, ...], Mapping[str, Any]]
"""The sockets of one step, by addresses where they have some, else by name."""

_LISTEN, _ESTABLISHED, _CLOSED = "LISTEN", "ESTABLISHED", "CLOSED"

_TIMERS = {"keepalive": "keepalive timer runs", "zero-window probe": "probes a closed window"}
"""The timers that are worth a word; the others follow from the state."""


def changes(cell: CellRecord) -> dict[int, list[Change]]:
    """By number of the step, what it changed: ``("server", "ESTABLISHED → CLOSE-WAIT, 4 bytes unread")``."""
    found: dict[int, list[Change]] = {}
    before: Sockets = {}
    names: dict[str, dict[str, None]] = {}
    for step in cell.steps:
        if "evidence" in step:
            now = {(each.get("local") or each["socket"], each.get("peer")): each for each in step["evidence"]}
            for each in now.values():
                if each.get("local") and each["socket"]:
                    names.setdefault(each["local"], {})[each["socket"]] = None
            found[step["number"]] = [
                Change(_label(socket, {**before, **now}), words, tuple(names.get(socket.get("local", ""), ())))
                for socket, words in _changes(before, now)
            ]
            before = now
    return found


def _changes(before: Sockets, now: Sockets) -> Iterator[tuple[Mapping[str, Any], str]]:
    for key, socket in now.items():
        then, words = before.get(key, {}), _words(socket)
        ordinary = words in ([], [_LISTEN]) or (words == [_ESTABLISHED] and socket["socket"] is None)
        if words != _words(then) and (then or not ordinary):
            yield socket, _change(then, socket, words)
    for key, socket in before.items():
        if key not in now and socket.get("state", _LISTEN) != _LISTEN:
            yield socket, f"{socket['state']} → {_CLOSED}"


def _label(socket: Mapping[str, Any], all_of_them: Sockets) -> str:
    """The name of a socket; one that has none is called after its peer."""
    names = (each["socket"] for each in all_of_them.values() if each.get("local") == socket.get("peer"))
    return socket["socket"] or f"peer of {next((name for name in names if name), socket.get('peer'))}"


def _change(then: Mapping[str, Any], now: Mapping[str, Any], words: list[str]) -> str:
    state, was = now.get("state"), then.get("state")
    if state and was and state != was:
        words = [f"{was} → {state}", *words[1:]]
    if then.get("unread") and not now.get("unread"):
        words.append("nothing unread")
    if then.get("unacknowledged") and not now.get("unacknowledged"):
        words.append("all acknowledged")
    if then.get("queued") and not now.get("queued"):
        words.append("none to be accepted")
    return ", ".join(words)


def _words(socket: Mapping[str, Any]) -> list[str]:
    """What there is to say of a socket; nothing for sizes that are 0."""
    unsent, again = socket.get("unsent"), socket.get("retransmits")
    words = [
        socket.get("state"),
        _bytes(socket.get("unread"), "unread"),
        _bytes(socket.get("unacknowledged"), "unacknowledged"),
        f"{unsent} of them not sent" if unsent else None,
        f"{again} segment{'s' if again > 1 else ''} sent again" if again else None,
        f"{socket['queued']} to be accepted" if socket.get("queued") else None,
        _TIMERS.get(socket.get("timer", "")),
    ]
    return [word for word in words if word]


def _bytes(number: int | None, what: str) -> str | None:
    return f"{number} byte{'s' if number > 1 else ''} {what}" if number else None
