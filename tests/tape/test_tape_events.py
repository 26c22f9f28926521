"""Tapes as text: read, written, made from seeds, and shrunk."""

from pathlib import Path

import pytest

from conformance.tape import LEGAL, Tape, TapeError, shortest, splits
from conformance.tape.events import CALLS, WORDS

BOTH = ("client", "server")


@pytest.mark.parametrize("text", ["", "send=3", "client.send=3,*,block,1 server.recv=1", "connect=interrupt recv=wait"])
def test_what_is_read_is_written_again(text):
    assert str(Tape.parse(text)) == text


def test_what_changes_nothing_at_the_end_is_left_out():
    assert str(Tape.parse("send=3,*,* recv=*")) == "send=3"


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("send", '"send" is not part of a tape: [ACTOR.]CALL=EVENT,EVENT… with CALL one of send, sendall, recv'),
        ("client.snd=1", '"client.snd=1" is not part of a tape'),
        (".send=1", '".send=1" is not part of a tape'),
        ("send=0", '"0" in "send=0" is not an event: a number of bytes from 1, or one of *, block, reset'),
        ("send=1,,2", '"" in "send=1,,2" is not an event'),
        ("send=²", '"²" in "send=²" is not an event'),
        ("send=1 send=2", '"send" appears twice in the tape'),
    ],
)
def test_what_is_no_tape_is_told(text, complaint):
    with pytest.raises(TapeError) as caught:
        Tape.parse(text)
    assert complaint in str(caught.value)


def test_a_channel_without_an_actor_is_for_everybody_and_an_actors_own_goes_before_it():
    tape = Tape.parse("send=1 recv=2 client.recv=3")
    assert tape.events("client") == {"send": (1,), "recv": (3,)}
    assert tape.events("server") == tape.events() == {"send": (1,), "recv": (2,)}


# what these tapes are was written down from CPython 3.9 to 3.14, PyPy and s390x: it must never change
@pytest.mark.parametrize(
    "seed, text",
    [
        (1, "client.send=7 client.recv=*,1 server.send=block,block server.recv=164 client.accept=block"),
        (12, "client.send=3,610 client.recv=71,6,3053,709 server.send=102,5,block,3526 server.recv=1"),
    ],
)
def test_a_seed_is_the_same_tape_everywhere_and_for_ever(seed, text):
    assert str(Tape.of_seed(seed, BOTH)) == text


def test_tapes_of_seeds_hold_short_counts_of_all_sizes_and_no_resets():
    events = [event for seed in range(200) for _, found in Tape.of_seed(seed, BOTH).channels for event in found]
    assert {1, 2, 3, "*", "block", "wait"} <= set(events)
    assert "reset" not in events
    assert max(each for each in events if isinstance(each, int)) > 4096


def test_there_are_as_many_ways_to_cut_as_there_are_subsets_of_the_places_between_bytes():
    assert list(splits(3)) == [(1, 1, 1), (1, 2), (2, 1), (3,)]
    assert len(set(splits(8))) == 2**7
    assert {sum(each) for each in splits(8)} == {8}


def test_every_event_is_legal_for_some_call_and_says_who_says_so():
    assert {each.event for each in LEGAL} == set(WORDS) - {"*"} | {"a number"}
    assert {call for each in LEGAL for call in each.calls} == set(CALLS)
    assert all(each.source and each.condition and each.effect for each in LEGAL)


# shrinking


def test_the_shortest_tape_has_one_event_at_the_first_call_and_a_small_number():
    tape = Tape.parse("client.send=*,97,block client.recv=11,265 server.recv=*,*,40,wait,900")

    def fails(candidate):
        return any(isinstance(event, int) and event < 100 for event in candidate.events("server").get("recv", ()))

    assert str(shortest(tape, fails)) == "server.recv=1"


def test_events_that_are_only_together_a_failure_stay_together():
    tape = Tape.of_seed(7, BOTH).replaced("client.send", (5, "wait", "block", 9))

    def fails(candidate):
        return {"block", 9} <= set(candidate.events("client").get("send", ()))

    assert str(shortest(tape, fails)) == "client.send=block,9"


def test_the_place_of_an_event_is_kept_where_it_matters():
    def fails(candidate):
        return candidate.events().get("recv", ())[2:3] == (1,)

    assert str(shortest(Tape.parse("recv=7,3,1,block send=2"), fails)) == "recv=*,*,1"


def test_a_tape_of_which_nothing_can_be_left_out_stays_as_it_is():
    tape = Tape.parse("send=2")
    assert shortest(tape, lambda candidate: candidate == tape) == tape


def test_no_tape_is_tried_twice():
    asked = []

    def fails(candidate):
        asked.append(str(candidate))
        return len(candidate) > 2

    shortest(Tape.of_seed(6, BOTH), fails)
    assert len(asked) == len(set(asked))


def test_the_page_on_tapes_tells_each_legal_event():
    page = (Path(__file__).resolve().parents[2] / "docs" / "tapes.md").read_text("utf-8")
    for each in LEGAL:
        calls = ", ".join(f"`{call}`" for call in each.calls)
        assert f"| {each.event} | {calls} | {each.condition} | {each.effect} | {each.source} |" in page
