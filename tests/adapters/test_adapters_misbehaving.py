"""An implementation that misbehaves costs the cell in which it does, and is described as what it did."""

import sys
from pathlib import Path

import pytest

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
    ],
)
def test_whatever_it_raises_is_observed_as_raised(outcome, name, cls):
    assert _failed_at_2(outcome(name), o.RAISED).canonical["class"] == cls


@pytest.mark.parametrize(
    "step, recorded",
    [
        ("server: {recv: 5, returns: {text: hello}}", "a _Nonsense"),
        ("server: {getsockname: {}, returns: unnamed}", "a _Nonsense"),
        ("server: {connect_ex: {path: x}, returns: 0}", "a _Nonsense"),
    ],
)
def test_whatever_it_returns_is_recorded_by_its_class(outcome, step, recorded):
    text = CONVERSATION.replace("server: {recv: 5, returns: {text: hello}}", step)
    assert _failed_at_2(outcome("ReturnsNonsense", text), o.RETURNED).canonical == recorded


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
