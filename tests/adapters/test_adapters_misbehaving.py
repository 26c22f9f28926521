"""An implementation that misbehaves costs one cell, and the record describes what it did."""

import json
import sys
from pathlib import Path

import pytest
from misbehaving import VALUES

from conformance.engine import judge
from conformance.model import observation as o
from conformance.runner import cells

MISBEHAVING = Path(__file__).with_name("misbehaving.py")

CONVERSATION = """
summary: The server hears what the client says.
sources: [POSIX send()]
transports: [socketpair]
given: connected
limit: 0.3
steps:
  - client: {sendall: {text: hello}}
  - server: {recv: 5, returns: {text: hello}}
  - server: {sendall: {text: hi}}
"""

TOGETHER = """
  - together:
      - client: {recv: 1}
      - server: {recv: 5, returns: {text: hello}}
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(cells, "GRACE", 0.3)


@pytest.fixture
def outcome(runner, cell):
    """The outcome under a misbehaving class; the cell after it must pass on the same runner."""

    def run(name: str, text: str = CONVERSATION):
        found = runner.run(cell(text, f"{MISBEHAVING}:{name}"))
        after = runner.run(cell(CONVERSATION))
        assert after.verdict.kind == judge.PASS, after
        return found

    return run


def _failed_at_2(found, kind):
    assert found.verdict.kind == judge.FAIL, found
    assert found.verdict.step == 2
    assert found.observations[2].kind == kind
    return found.observations[2]


def test_a_call_that_never_comes_back_is_hung(outcome):
    seen = _failed_at_2(outcome("HangsForEver"), o.HUNG)
    assert seen.wait is None or seen.wait.call not in ("recvfrom", "poll")


def test_what_can_still_be_run_after_a_hang_is_run_and_the_rest_says_why_not(outcome):
    found = outcome("HangsForEver")
    assert found.observations[3].kind == o.NOT_RUN
    assert found.observations[3].blame == 2


def test_holding_the_interpreter_for_ever_is_hung_and_the_worker_is_killed(outcome):
    seen = _failed_at_2(outcome("HoldsTheInterpreter"), o.HUNG)
    assert "stopped answering" in seen.reason


def test_steps_after_the_death_of_a_worker_are_not_run(outcome):
    found = outcome("HoldsTheInterpreter")
    assert found.observations[1].kind == o.RETURNED
    assert found.observations[3].kind == o.NOT_RUN
    assert found.observations[3].blame == 2


def test_what_began_together_hangs_together_when_a_worker_stops_answering(outcome):
    text = CONVERSATION.replace("  - server: {recv: 5, returns: {text: hello}}\n", TOGETHER)
    found = outcome("HoldsTheInterpreter", text)
    assert [found.observations[number].kind for number in (2, 3, 4)] == [o.HUNG, o.HUNG, o.NOT_RUN]


@pytest.mark.parametrize(
    "name, canonical",
    [
        ("Exits", {"exit": 7}),
        ("KillsItself", {"signal": "SIGKILL"}),
        ("ReadsFromNull", {"signal": "SIGSEGV"}),
    ],
)
def test_the_death_of_its_process_is_a_crash(outcome, name, canonical):
    assert _failed_at_2(outcome(name), o.CRASHED).canonical == canonical


@pytest.mark.parametrize("name", ["ExitsWhenMade", "HoldsTheInterpreterWhenMade"])
def test_dying_in_the_fixture_is_inconclusive(outcome, monkeypatch, name):
    monkeypatch.setattr(cells, "FIXTURE_PATIENCE", 0.5)
    found = outcome(name)
    assert found.verdict.kind == judge.INCONCLUSIVE
    assert "before the first step" in found.verdict.reason


@pytest.mark.parametrize(
    "name, cls",
    [
        ("RaisesBaseException", "Panic"),
        ("RaisesSystemExit", "SystemExit"),
        ("RaisesTheUnspeakable", "UnspeakableError"),
        ("RaisesOddNumbers", "OSError"),
        ("RaisesWithoutWords", "WordlessError"),
    ],
)
def test_whatever_it_raises_is_observed_as_raised(outcome, name, cls):
    assert _failed_at_2(outcome(name), o.RAISED).canonical["class"] == cls


RECEIVES = "server: {recv: 5, returns: {text: hello}}"


@pytest.mark.parametrize(
    "step, wanted",
    [
        ("server: {recv: 5, returns: {text: hello}}", "data"),
        ("server: {getsockname: {}, returns: unnamed}", "an address"),
        ("server: {connect_ex: {path: x}, returns: 0}", "an error number"),
    ],
)
def test_a_value_of_a_wrong_type_is_recorded_by_its_type_and_its_repr(outcome, step, wanted):
    seen = _failed_at_2(outcome("ReturnsNonsense", CONVERSATION.replace(RECEIVES, step)), o.RETURNED)
    assert seen.canonical == {"type": "_Nonsense", "repr": "its __repr__ raises RuntimeError", "wanted": wanted}


CALLS = {
    "send: {text: x}": "a count",
    "sendto: {data: {text: x}, to: {path: x}}": "a count",
    "sendmsg: {text: x}": "a count",
    "mysend: {text: x}": "a count",
    "fill: {}": "a count",
    "recv: 5": "data",
    "recv_exactly: 5": "data",
    "recv_until_eof: {}": "data",
    "recv_message: {prefix: 1}": "data",
    "recv_delimited: {text: x}": "data",
    "take: 5": "data",
    "drain: {}": "data",
    "recv_into: 5": "a count",
    "recvfrom: 5": "data and an address",
    "recvfrom_into: 5": "a count and an address",
    "recvmsg: 5": "data, ancillary data, flags and an address",
    "recvmsg_into: 5": "a count, ancillary data, flags and an address",
    "accept: {}": "a socket and an address",
    "dup: {}": "a socket",
    "getblocking: {}": "true or false",
    "getsockname: {}": "an address",
}
"""Steps, and what an implementation must give for each."""

FITTING = {
    "nothing": {"an address"},
    "true": {"true or false"},
    "text": {"an address"},
    "empty": {"an address", "data"},
    "hostile-number": {"a count"},
    "hostile-bytes": {"data"},
    "huge": {"a count"},
}
"""Values that are of a right type all the same."""

ENDLESS = {
    "fill: {}": {"hostile-number"},
    "recv_until_eof: {}": {"hostile-bytes"},
    "recv_delimited: {text: x}": {"hostile-bytes"},
    "drain: {}": {"hostile-bytes"},
}
"""Loops that would never end with these values."""


@pytest.mark.parametrize("value", VALUES)
def test_no_returned_value_makes_the_harness_raise_and_one_of_a_wrong_type_fails_its_step(outcome, value):
    calls = {call: wanted for call, wanted in CALLS.items() if value not in ENDLESS.get(call, ())}
    steps = "\n  - ".join(f"server: {{{call}, limit: 0.3}}" for call in calls)
    found = outcome("returns_" + value.replace("-", "_"), CONVERSATION.replace(RECEIVES, steps))
    for number, (call, wanted) in enumerate(calls.items(), 2):
        seen = found.observations[number]
        if wanted in FITTING.get(value, ()):
            assert seen.kind != o.RAISED or call.startswith("recv_message"), (call, seen)  # its prefix is no number
            continue
        assert seen.kind == o.RETURNED, (call, seen)
        assert seen.canonical["wanted"] == wanted, (call, seen)
        assert len(seen.canonical["repr"]) <= 201
    assert found.verdict.kind == judge.FAIL


@pytest.mark.parametrize("value", VALUES)
def test_where_any_value_is_right_it_is_recorded_within_bounds(outcome, value):
    text = CONVERSATION.replace(RECEIVES, "server: {gettimeout: {}}")
    found = outcome("timeout_" + value.replace("-", "_"), text)
    assert found.observations[2].kind == o.RETURNED
    assert len(json.dumps(found.observations[2].canonical)) < 1_100_000


def test_the_words_of_a_failure_name_value_type_and_what_should_have_come(outcome):
    found = outcome("returns_empty", CONVERSATION.replace(RECEIVES, "server: {send: {text: x}}"))
    assert (found.verdict.step, found.verdict.observed) == (2, "returned b'' (bytes) instead of a count")


def test_a_list_that_holds_itself_is_described(outcome):
    found = outcome("returns_knot", CONVERSATION.replace(RECEIVES, "server: {send: {text: x}}"))
    assert found.verdict.observed == "returned [[[[[...]]]]] (list) instead of a count"


@pytest.mark.parametrize("name, shown", [("OddNumber", "'five' (str)"), ("TrueNumber", "True (bool)"),
                                         ("HugeNumber", f"{10**30} (int)")])  # fmt: skip
@pytest.mark.parametrize("step", ["ready: {}", "fionread: {}", "spawn: {}", "await: readable", "close_descriptor: {}",
                                  "inspect: [closed]", "inspect: [descriptor_blocking]"])  # fmt: skip
def test_an_odd_descriptor_is_what_fileno_returned(outcome, name, shown, step):
    found = outcome(name, CONVERSATION.replace(RECEIVES, f"server: {{{step}}}"))
    assert (found.verdict.step, found.verdict.observed) == (2, f"returned {shown} instead of a descriptor")


def test_an_object_that_raises_for_every_attribute_costs_its_own_steps_only(outcome):
    found = outcome("NoNames", CONVERSATION.replace(RECEIVES, "server: {dup: {}, as: other}"))
    assert found.observations[2].kind in (o.RETURNED, o.RAISED)
    assert found.verdict.kind != judge.INCONCLUSIVE


def test_a_fixture_says_which_value_made_it_fail(outcome):
    text = CONVERSATION.replace("[socketpair]", "[loopback]")
    found = outcome("Nowhere", text)
    assert found.fixture
    assert not found.fixture.hung
    assert "returned [1, 2, 3] (list) instead of an address" in found.verdict.reason


def test_the_parsing_of_an_options_value_is_no_error_of_the_implementation(outcome):
    step = "server: {getsockopt: SO_LINGER}"
    found = outcome("returns_text", CONVERSATION.replace(RECEIVES, step))
    assert (found.verdict.step, found.verdict.observed) == (2, "returned '3' (str) instead of an option's value")


def test_a_number_too_long_to_be_written_fails_the_step_only(outcome):
    text = CONVERSATION.replace("server: {recv: 5, returns: {text: hello}}", "server: {send: {text: x}, returns: 1}")
    found = outcome("ReturnsNonsense", text)
    assert found.verdict.kind == judge.FAIL
    assert found.verdict.step == 2
    assert found.observations[3].kind == o.RETURNED


def test_a_result_that_contains_itself_fails_the_step_only(outcome):
    found = outcome("ReturnsItself")
    assert found.verdict.step == 2
    assert found.observations[3].kind == o.RETURNED


def test_a_class_that_takes_no_descriptor_is_unsupported_where_one_is_needed(outcome):
    found = outcome("TakesNoDescriptor")
    assert found.verdict.kind == judge.UNSUPPORTED
    assert "takes no descriptor" in found.verdict.reason
