"""Tape players: each plays one tape to the calls of one actor. A socket has its own player or uses its thread's."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from conformance.tape.events import AS_IT_COMES, INTERRUPT, WAIT, Event, Tape

HELD_UP = 0.005
"""Seconds for which ``wait`` delays a call: longer than a peer on this machine needs to go on."""

_thread = threading.local()


class TapePlayer:
    """Plays a tape, event by event.

    ``interrupted_by``: the signal that ``interrupt`` raises in the process. Without one an interruption has no visible
    effect, as in a program without a handler.
    """

    def __init__(self, tape: Tape, actor: str = "", interrupted_by: Optional[int] = None) -> None:
        self._left = {call: iter(events) for call, events in tape.events(actor).items()}
        self.numbers: frozenset[int] = frozenset()
        """Only calls on these descriptors take events; on all if empty."""
        self._signal = interrupted_by
        self.calls = 0
        """How many calls took an event from this player."""
        self.played: list[tuple[str, Event]] = []
        """The events that changed a call, or could have changed it, in order."""

    def next(self, call: str) -> Event:
        """The next event for a kind of call. Delays and signals have already happened when this returns."""
        self.calls += 1
        event = next(self._left.get(call, iter(())), AS_IT_COMES)
        if event == WAIT:
            self.note(call, event)
            time.sleep(HELD_UP)
        elif event == INTERRUPT and self._signal is not None and call != "connect":
            self.note(call, event)
            signal.raise_signal(self._signal)
        return event

    def note(self, call: str, event: Event) -> None:
        """Counts an event as played."""
        self.played.append((call, event))


@contextmanager
def playing(player: Optional[TapePlayer]) -> Iterator[None]:
    """Inside the block, taped sockets of this thread use this player, unless they have their own."""
    before = of_thread()
    _thread.player = player
    try:
        yield
    finally:
        _thread.player = before


class TapePlayers:
    """The players of the actors of one cell; ``tape`` is text, or None if no tape is played."""

    def __init__(self, tape: Optional[str]) -> None:
        self._tape = None if tape is None else Tape.parse(tape)
        self._players: dict[str, TapePlayer] = {}

    @contextmanager
    def playing(self, actor: str, numbers: frozenset[int]) -> Iterator[None]:
        """Inside the block, calls of this thread count as calls of an actor on these descriptors.

        Sockets that a library makes for itself, such as a pair that wakes its loop, have other descriptors.
        """
        if self._tape is None:
            yield
            return
        player = self._players.setdefault(actor, TapePlayer(self._tape, actor))
        player.numbers = numbers
        with playing(player):
            yield

    def report(self) -> dict[str, int]:
        """How many ``calls`` took events, and how many events were ``played``."""
        players = list(self._players.values())
        return {
            "calls": sum(player.calls for player in players),
            "played": sum(len(player.played) for player in players),
        }


def of_thread() -> Optional[TapePlayer]:
    """The player from which calls of this thread take events; None if there is none."""
    found: Optional[TapePlayer] = getattr(_thread, "player", None)
    return found
