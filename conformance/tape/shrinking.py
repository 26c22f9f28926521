"""Shortens a tape that makes a program fail: fewest events, earliest calls, smallest numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.tape.events import AS_IT_COMES, Tape


def shortest(tape: Tape, fails: Callable[[Tape], bool]) -> Tape:
    """A tape that still fails and cannot be shortened further. ``fails`` is called once for each tape.

    Halves are dropped before quarters, and so on, as in Zeller's delta debugging; a tape has a few dozen events.
    """
    answers: dict[str, bool] = {}

    def known(candidate: Tape) -> bool:
        text = str(candidate)
        if text not in answers:
            answers[text] = fails(candidate)
        return answers[text]

    while True:
        better = next((each for each in _simpler(tape) if known(each)), None)
        if better is None:
            return tape
        tape = better


def _simpler(tape: Tape) -> Iterator[Tape]:
    yield from _with_fewer_events(tape)
    yield from _with_earlier_events(tape)
    yield from _with_smaller_numbers(tape)


def _with_fewer_events(tape: Tape) -> Iterator[Tape]:
    places = list(tape.places())
    size = len(places)
    while size:
        for start in range(0, len(places), size):
            yield _without(tape, places[start : start + size])
        size //= 2


def _without(tape: Tape, places: list[tuple[str, int]]) -> Tape:
    channels = dict(tape.channels)
    for name, index in places:
        events = channels[name]
        channels[name] = (*events[:index], AS_IT_COMES, *events[index + 1 :])
    for name, events in channels.items():
        tape = tape.replaced(name, events)
    return tape


def _with_earlier_events(tape: Tape) -> Iterator[Tape]:
    for name, events in tape.channels:
        for index, event in enumerate(events):
            if event == AS_IT_COMES:
                yield tape.replaced(name, (*events[:index], *events[index + 1 :]))


def _with_smaller_numbers(tape: Tape) -> Iterator[Tape]:
    for name, index in tape.places():
        events = dict(tape.channels)[name]
        event = events[index]
        if isinstance(event, int):
            for smaller in dict.fromkeys((1, event // 2, event - 1)):
                if 1 <= smaller < event:
                    yield tape.replaced(name, (*events[:index], smaller, *events[index + 1 :]))
