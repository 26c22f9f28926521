"""Sensitivity counts what it should: failures that the raw socket and the correct wrappers do not have."""

import json

from conformance.engine.judge import FAIL, INCONCLUSIVE, PASS, Verdict
from conformance.runner.cells import Outcome
from conformance.runner.sensitivity import lines, sensitivity
from conformance.wrong import CORRECT, WRONG

HALF, STUCK = WRONG["half-close-closes-both"], WRONG["end-taken-for-retry"]


class Scripted:
    """A runner that answers by implementation and scenario; a list is used up, one verdict for each run."""

    def __init__(self, verdicts):
        self.verdicts = verdicts
        self.ran = []

    def run(self, cell):
        self.ran.append((cell.implementation, cell.scenario.id, cell.transport))
        found = self.verdicts.get((cell.implementation, cell.scenario.id), PASS)
        kind = found.pop(0) if isinstance(found, list) else found
        return Outcome(cell, Verdict(kind, "", 2 if kind == FAIL else None, "expected", "observed"), {}, 0.0, {})

    def close(self):
        self.ran.append("closed")


def found_by(verdicts, scenarios, wrong, **more):
    runner = Scripted(verdicts)
    return sensitivity(scenarios, wrong, lambda: runner, workers=1, **more), runner


def test_a_failure_that_the_raw_socket_does_not_have_is_a_catch(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): FAIL}, scenarios, [HALF, STUCK])
    assert found.catching() == {HALF.name: ["half-close"], STUCK.name: []}
    assert found.caught_by() == {"half-close": [HALF.name], "echo": []}
    assert found.uncaught() == [STUCK.name]
    assert found.idle() == ["echo"]
    first = found.catches[0]
    assert (first.cell, first.step, first.operation) == ("half-close[socketpair]", 2, "server sendall")


def test_a_cell_that_the_raw_socket_does_not_pass_is_no_witness(scenarios):
    verdicts = {("stdlib", "half-close"): FAIL, (HALF.reference, "half-close"): FAIL}
    found, runner = found_by(verdicts, scenarios, [HALF])
    assert found.catches == ()
    assert found.scenarios == ("echo",)
    assert (HALF.reference, "half-close", "socketpair") not in runner.ran


def test_a_cell_that_passes_only_sometimes_is_unsteady(scenarios):
    found, _ = found_by({("stdlib", "echo"): [PASS, FAIL]}, scenarios, [HALF])
    assert found.unsteady == ("echo[socketpair]",)
    assert found.scenarios == ("half-close",)


def test_a_failure_of_a_correct_wrapper_is_a_false_alarm_and_its_cell_is_not_trusted(scenarios):
    row = CORRECT["composed"]
    found, runner = found_by({(row.reference, "echo"): FAIL}, scenarios, [HALF])
    assert [(each.implementation, each.cell) for each in found.false_alarms] == [("composed", "echo[socketpair]")]
    assert (HALF.reference, "echo", "socketpair") not in runner.ran


def test_an_inconclusive_cell_catches_nothing(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): INCONCLUSIVE}, scenarios, [HALF])
    assert found.uncaught() == [HALF.name]


def test_a_failure_that_does_not_repeat_catches_nothing(scenarios):
    verdicts = {(HALF.reference, "half-close"): [FAIL, PASS]}
    found, _ = found_by(verdicts, scenarios, [HALF], transports=["socketpair"])
    assert found.uncaught() == [HALF.name]


def test_one_catch_for_each_scenario_is_enough(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL}
    found, runner = found_by(verdicts, scenarios, [HALF], transports=["socketpair", "unix"])
    assert [each.cell for each in found.catches] == ["half-close[socketpair]"]
    assert (HALF.reference, "half-close", "unix") not in runner.ran


def test_the_first_catch_may_be_enough(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL, (HALF.reference, "echo"): FAIL}
    found, runner = found_by(verdicts, scenarios, [HALF], first_catch_only=True)
    assert [each.cell for each in found.catches] == ["half-close[socketpair]"]
    assert sum(ran[0] == HALF.reference for ran in runner.ran) == 2
    assert not found.complete
    assert found.as_json()["idle"] == []


def test_only_the_transports_asked_for_and_only_scenarios_that_use_sockets_are_run(scenarios):
    _, runner = found_by({}, scenarios, [HALF], transports=["unix", "none"])
    assert {ran[1:] for ran in runner.ran if ran != "closed"} == {("half-close", "unix")}


def test_runners_are_closed(scenarios):
    _, runner = found_by({}, scenarios, [])
    assert runner.ran[-1] == "closed"


def test_the_result_can_be_written_as_json_and_told_in_lines(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): FAIL}, scenarios, [HALF, STUCK])
    assert json.loads(json.dumps(found.as_json()))["uncaught"] == [STUCK.name]
    told = list(lines(found))
    assert "    half-close, step 2 (server sendall): expected; observed" in told
    assert "1 of 2 caught" in told
    assert f"not caught: {STUCK.name}" in told
    assert "catches nothing: echo" in told


def test_a_real_bug_is_caught_by_a_real_run(scenarios):
    told = []
    found = sensitivity(scenarios, [HALF, STUCK], progress=told.append, transports=["socketpair"], workers=1)
    assert found.catching() == {HALF.name: ["half-close"], STUCK.name: []}
    assert found.catches[0].observed == "raised EPIPE (BrokenPipeError)"
    assert found.false_alarms == ()
    assert told[0] == "stdlib: 2 cells of 2 pass 2 times"
