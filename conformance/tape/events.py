"""Tapes: lists of events for the calls of a socket, read from text and written as text; and the table of legal events.

A tape has a channel for each kind of call, ``send=3,block recv=1``, or for each kind of call of one actor,
``client.send=3``. Each call takes the next event of its channel. An event that is not legal for the call does nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

Event = Union[int, str]
"""The most bytes that the call may move, or one of :data:`WORDS`."""

AS_IT_COMES, BLOCK, RESET, INTERRUPT, WAIT = "*", "block", "reset", "interrupt", "wait"

WORDS = {
    AS_IT_COMES: "as it comes",
    BLOCK: "would block",
    RESET: "the connection is reset",
    INTERRUPT: "a signal arrives",
    WAIT: "the thread is delayed",
}
"""The events that are words, with their meanings."""

CALLS = {
    "send": ("send", "sendmsg"),
    "sendall": ("sendall",),
    "recv": ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"),
    "accept": ("accept",),
    "connect": ("connect", "connect_ex"),
}
"""The channels, and the methods of a socket whose calls take their events from each."""

MOST = 1 << 30
"""The largest number of bytes on a tape."""


@dataclass(frozen=True)
class Legality:
    """The calls for which an event is legal, the condition, and the source."""

    event: str
    calls: tuple[str, ...]
    condition: str
    effect: str
    source: str


LEGAL = (
    Legality("a number", ("send",), "a stream; no flags but MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE",
             "the call takes at most so many bytes", "Python documentation, socket.send(); POSIX.1-2024 send()"),
    Legality("a number", ("recv",), "a stream; no flags but MSG_DONTWAIT, MSG_CMSG_CLOEXEC; no SO_RCVLOWAT above it",
             "the call returns at most so many bytes", "POSIX.1-2024 recv(); Socket Programming HOWTO, Using a Socket"),
    Legality("block", ("send", "sendall", "recv"), "the socket's timeout is 0, or MSG_DONTWAIT",
             "BlockingIOError (EAGAIN); nothing was moved",
             "POSIX.1-2024 send() and recv(), EAGAIN; after select: Linux man-pages select(2), BUGS"),
    Legality("block", ("accept",), "the socket's timeout is 0", "BlockingIOError (EAGAIN)",
             "POSIX.1-2024 accept(), EAGAIN; after select: Linux man-pages accept(2), NOTES"),
    Legality("reset", ("send", "sendall", "recv"), "a connected stream",
             "ConnectionResetError; the connection is over for both ends",
             "POSIX.1-2024 send() and recv(), ECONNRESET; RFC 9293 section 3.10.7.4"),
    Legality("interrupt", ("send", "sendall", "recv", "accept"), "anywhere",
             "the program's signal handler runs, then the call continues; an exception of the handler ends the call",
             "PEP 475"),
    Legality("interrupt", ("connect",), "the socket's timeout is 0, and the connection is not made at once",
             "InterruptedError (EINTR); the attempt to connect continues",
             "Python documentation, socket.connect(); POSIX.1-2024 connect(), EINTR"),
    Legality("wait", tuple(CALLS), "anywhere", "the call begins 5 ms later",
             "any scheduler may stop a thread between two instructions"),
)  # fmt: skip
"""Every event with the calls that it is legal for. ``send`` and ``recv`` have no EINTR: since PEP 475 Python restarts
the call, and a program sees only the short count and what its signal handler did."""


class TapeError(ValueError):
    """The text is not a tape; the message names the wrong part and what is expected."""


@dataclass(frozen=True)
class Tape:
    """Events by channel. ``str()`` writes it, :meth:`parse` reads it; both are the same on every platform."""

    channels: tuple[tuple[str, tuple[Event, ...]], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Tape:
        """The tape of a text like ``client.send=3,*,block server.recv=1``. TapeError if the text is not a tape."""
        found: dict[str, tuple[Event, ...]] = {}
        for part in text.split():
            name, equals, events = part.partition("=")
            if not equals or name.rpartition(".")[2] not in CALLS or name.startswith("."):
                calls = ", ".join(CALLS)
                raise TapeError(f'"{part}" is not part of a tape: [ACTOR.]CALL=EVENT,EVENT… with CALL one of {calls}')
            if name in found:
                raise TapeError(f'"{name}" appears twice in the tape; put its events into one list')
            found[name] = tuple(_event(word, part) for word in events.split(","))
        return cls._of(found)

    @classmethod
    def _of(cls, channels: dict[str, tuple[Event, ...]]) -> Tape:
        trimmed = ((name, _trimmed(events)) for name, events in channels.items())
        return cls(tuple((name, events) for name, events in trimmed if events))

    @classmethod
    def of_seed(cls, seed: int, actors: Sequence[str] = ()) -> Tape:
        """The tape of a seed, for these actors, or for all if none is named.

        It has no resets, because a reset ends every program. It is the same on every platform and
        Python: only guaranteed parts of ``random`` are used.
        """
        chance = random.Random(seed).random
        names = [f"{actor}.{call}" for actor in actors for call in ("send", "recv")] or ["send", "recv"]
        longest = 1 + seed % 8
        lengths = {name: 1 + int(chance() * longest) for name in names}
        channels = {name: tuple(_drawn(chance(), chance()) for _ in range(lengths[name])) for name in names}
        for actor in actors:
            if chance() < 0.25:
                channels[f"{actor}.accept"] = (BLOCK,)
        return cls._of(channels)

    def events(self, actor: str = "") -> dict[str, tuple[Event, ...]]:
        """The events of an actor's calls; channels without an actor are for all actors."""
        shared = {name: events for name, events in self.channels if "." not in name}
        own = {name.rpartition(".")[2]: events for name, events in self.channels if name.rpartition(".")[0] == actor}
        return {**shared, **own}

    def places(self) -> Iterator[tuple[str, int]]:
        """Channel and index of each event that is not ``*``."""
        for name, events in self.channels:
            yield from ((name, index) for index, event in enumerate(events) if event != AS_IT_COMES)

    def __len__(self) -> int:
        """The number of its events."""
        return sum(1 for _ in self.places())

    def replaced(self, name: str, events: Sequence[Event]) -> Tape:
        """This tape with other events in one channel."""
        return self._of({**dict(self.channels), name: tuple(events)})

    def __str__(self) -> str:
        return " ".join(f"{name}={','.join(map(str, events))}" for name, events in self.channels)


def splits(size: int) -> Iterator[tuple[int, ...]]:
    """Every way to cut ``size`` bytes into pieces: 2 ** (size - 1) of them, each a list of sizes."""
    if size <= 0:
        yield ()
    for first in range(1, size + 1):
        yield from ((first, *rest) for rest in splits(size - first))


def _event(word: str, part: str) -> Event:
    if word in WORDS:
        return word
    if word.isascii() and word.isdigit() and 1 <= int(word) <= MOST:
        return int(word)
    raise TapeError(f'"{word}" in "{part}" is not an event: a number of bytes from 1, or one of {", ".join(WORDS)}')


def _trimmed(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The same events without those at the end that change nothing."""
    while events and events[-1] == AS_IT_COMES:
        events = events[:-1]
    return events


def _drawn(kind: float, size: float) -> Event:
    """An event from two random numbers; half of the sizes are below 12 bytes, the largest are 16 KiB."""
    if kind < 0.6:
        exponent = size * size * 14
        return (1 << int(exponent)) + int((exponent - int(exponent)) * (1 << int(exponent)))
    return AS_IT_COMES if kind < 0.75 else BLOCK if kind < 0.95 else WAIT
