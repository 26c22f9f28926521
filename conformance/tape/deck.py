"""Decks: each plays one tape to the calls of one actor. The deck of a socket, or of the thread that makes the call."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from conformance.tape.events import AS_IT_COMES, INTERRUPT, WAIT, Event, Tape

HELD_UP = 0.005
"""Seconds that ``wait`` holds a thread up: more than a peer on this machine needs to go on. Nothing waits for it."""

_thread = threading.local()


class Deck:
    """Plays a tape, event by event.

    ``interrupted_by``: the signal that ``interrupt`` raises in the process; without one, nothing of an interruption is
    to be seen, as where a program has no handler.
    """

    def __init__(self, tape: Tape, actor: str = "", interrupted_by: Optional[int] = None) -> None:
        self._left = {call: iter(events) for call, events in tape.events(actor).items()}
        self.numbers: frozenset[int] = frozenset()
        """The descriptors to whose calls it plays; every one, where this is empty."""
        self._signal = interrupted_by
        self.calls = 0
        """How many calls were made under it."""
        self.played: list[tuple[str, Event]] = []
        """The events that made a difference to a call, or could have, in their order."""

    def next(self, call: str) -> Event:
        """The next event of a kind of call; what is no matter of the call itself has happened when this returns."""
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
        """An event was played."""
        self.played.append((call, event))


@contextmanager
def playing(deck: Optional[Deck]) -> Iterator[None]:
    """Within it, the calls that this thread makes on taped sockets without a deck of their own take from this one."""
    before = of_thread()
    _thread.deck = deck
    try:
        yield
    finally:
        _thread.deck = before


class Decks:
    """The decks of the actors of one cell; ``tape`` as text, None where none is played."""

    def __init__(self, tape: Optional[str]) -> None:
        self._tape = None if tape is None else Tape.parse(tape)
        self._decks: dict[str, Deck] = {}

    @contextmanager
    def playing(self, actor: str, numbers: frozenset[int]) -> Iterator[None]:
        """Within it, the calls of this thread are those of an actor on one of these descriptors.

        What a library makes for itself, such as a pair to wake its loop, is not the actor's.
        """
        if self._tape is None:
            yield
            return
        deck = self._decks.setdefault(actor, Deck(self._tape, actor))
        deck.numbers = numbers
        with playing(deck):
            yield

    def report(self) -> dict[str, int]:
        """How many ``calls`` came by, and how many events were ``played``."""
        decks = list(self._decks.values())
        return {"calls": sum(deck.calls for deck in decks), "played": sum(len(deck.played) for deck in decks)}


def of_thread() -> Optional[Deck]:
    """The deck that this thread's calls take from."""
    found: Optional[Deck] = getattr(_thread, "deck", None)
    return found
