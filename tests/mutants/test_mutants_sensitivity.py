"""A kill is a repeated failure of a cell that passes with the raw socket and the correct wrappers."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from conformance.cli.sensitivity import command
from conformance.engine.judge import FAIL, INCONCLUSIVE, PASS, UNSUPPORTED, Verdict
from conformance.model.cell import Cell
from conformance.mutants import CORRECT, GENERATED, MUTANTS
from conformance.report import kills
from conformance.report.kills import kill_lines
from conformance.runner.cells import CellResult
from conformance.runner.mutation_testing import Settings, quick_runner, sensitivity
from conformance.runner.pairing import Pairs, Witness, changed

HALF, STUCK = MUTANTS["half-close-closes-both"], MUTANTS["end-taken-for-retry"]


class Scripted:
    """A runner that answers by implementation and scenario; a list is used up, one verdict for each run."""

    def __init__(self, verdicts):
        self.verdicts = verdicts
        self.ran = []

    def run(self, cell):
        self.ran.append((cell.implementation, cell.scenario.id, cell.transport))
        found = self.verdicts.get((cell.implementation, cell.scenario.id), PASS)
        kind = found.pop(0) if isinstance(found, list) else found
        return CellResult(cell, Verdict(kind, "", 2 if kind == FAIL else None, "expected", "observed"))

    def interrupt(self):
        """Nothing is running when a search ends."""

    def close(self):
        self.ran.append("closed")


def found_by(verdicts, scenarios, mutants, **more):
    runner = Scripted(verdicts)
    settings = Settings(**{"workers": 1, "every_pair": True, "runner_factory": lambda hosts: runner, **more})
    return sensitivity(scenarios, mutants, settings), runner


def test_a_failure_that_the_raw_socket_does_not_have_is_a_kill(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): FAIL}, scenarios, [HALF, STUCK])
    assert found.killers() == {HALF.name: ["half-close"], STUCK.name: []}
    assert found.killed_by() == {"half-close": [HALF.name], "echo": []}
    assert found.survivors() == [STUCK.name]
    assert found.idle() == {"echo": ""}
    assert found.unexplained() == ["echo"]
    first = found.kills[0]
    assert (first.cell, first.step, first.operation) == ("half-close[socketpair]", 2, "server sendall")


def test_a_cell_that_the_raw_socket_does_not_pass_is_no_witness(scenarios):
    verdicts = {("stdlib", "half-close"): FAIL, (HALF.reference, "half-close"): FAIL}
    found, runner = found_by(verdicts, scenarios, [HALF])
    assert found.kills == ()
    assert found.scenarios == ("echo",)
    assert (HALF.reference, "half-close", "socketpair") not in runner.ran


def test_a_cell_that_passes_only_sometimes_is_unsteady(scenarios):
    found, _ = found_by({("stdlib", "echo"): [PASS, FAIL]}, scenarios, [HALF])
    assert found.unsteady == ("echo[socketpair]",)
    assert found.scenarios == ("half-close",)


def test_a_failure_of_a_correct_wrapper_is_a_false_alarm_and_its_cell_is_not_trusted(scenarios):
    row = CORRECT["composed"]
    found, runner = found_by({(row.reference, "echo"): FAIL}, scenarios, [HALF])
    assert [(each.mutant, each.cell) for each in found.false_alarms] == [("composed", "echo[socketpair]")]
    assert (HALF.reference, "echo", "socketpair") not in runner.ran


def test_an_inconclusive_cell_kills_nothing(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): INCONCLUSIVE}, scenarios, [HALF])
    assert found.survivors() == [HALF.name]


def test_a_failure_that_does_not_repeat_kills_nothing(scenarios):
    verdicts = {(HALF.reference, "half-close"): [FAIL, PASS]}
    found, _ = found_by(verdicts, scenarios, [HALF], transports=["socketpair"])
    assert found.survivors() == [HALF.name]


def test_one_kill_for_each_scenario_is_enough(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL}
    found, runner = found_by(verdicts, scenarios, [HALF], transports=["socketpair", "unix"])
    assert [each.cell for each in found.kills] == ["half-close[socketpair]"]
    assert (HALF.reference, "half-close", "unix") not in runner.ran


def test_a_run_ends_as_soon_as_both_sides_are_settled(scenarios):
    verdicts = {(row.reference, name): FAIL for row in (HALF, STUCK) for name in ("half-close", "echo")}
    found, _ = found_by(verdicts, scenarios, [HALF, STUCK], every_pair=False)
    assert sorted((each.mutant, each.scenario) for each in found.kills) == [
        (STUCK.name, "echo"),
        (HALF.name, "half-close"),
    ]
    assert (found.tried, found.pairs) == (2, 4)
    assert found.survivors() == found.unexplained() == []


def test_a_scenario_that_killed_nothing_yet_is_tried_with_every_mutant(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL, (STUCK.reference, "half-close"): FAIL}
    found, _ = found_by(verdicts, scenarios, [HALF, STUCK], every_pair=False)
    assert found.unexplained() == ["echo"]
    assert {each.scenario for each in found.kills} == {"half-close"}
    assert (HALF.name, STUCK.name) == tuple(found.killers())
    assert found.tried == 4


def test_one_cell_of_every_pair_is_run_before_the_others(scenarios):
    found, runner = found_by({}, scenarios[:1], [HALF, STUCK], settle=kills.SCENARIOS, every_pair=False)
    ran = [ran[0] for ran in runner.ran if ran[0] in (HALF.reference, STUCK.reference)]
    assert len(ran) == 2 * found.cells == 4
    assert set(ran[:2]) == set(ran[2:]) == {HALF.reference, STUCK.reference}


def test_a_few_scenarios_need_not_kill_every_mutant_and_a_few_mutants_say_nothing_of_scenarios(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL, (HALF.reference, "echo"): FAIL}
    found, _ = found_by(verdicts, scenarios, [STUCK, HALF], settle=kills.SCENARIOS, every_pair=False)
    assert (found.survivors(), found.unexplained()) == ([], [])
    found, _ = found_by(verdicts, scenarios, [STUCK], settle=kills.MUTANTS, every_pair=False)
    assert (found.survivors(), found.unexplained()) == ([STUCK.name], [])


def test_a_scenario_may_say_what_it_would_take_to_fail_it(scenarios):
    told = [replace(each, fails_only_if="the kernel loses a byte") for each in scenarios]
    found, _ = found_by({(HALF.reference, "half-close"): FAIL}, told, [HALF])
    assert found.idle() == {"echo": "the kernel loses a byte"}
    assert found.unexplained() == []
    assert found.wrongly_explained() == {"half-close": [HALF.name]}
    assert f'kills {HALF.name} although it has a "fails_only_if": half-close' in list(kill_lines(found))


def test_a_scenario_that_does_not_run_here_is_told_with_the_reason(scenarios):
    found, _ = found_by({("stdlib", "echo"): UNSUPPORTED}, scenarios, [HALF])
    assert list(found.not_here) == ["echo"]
    assert found.scenarios == ("half-close",)


def test_the_transports_asked_for_are_run(scenarios):
    _, runner = found_by({}, scenarios, [HALF], transports=["unix"])
    assert {ran[1:] for ran in runner.ran if ran != "closed"} == {("half-close", "unix"), ("echo", "socketpair")}


def test_a_scenario_that_uses_nothing_of_a_socket_has_to_say_so(without_sockets):
    found = sensitivity([without_sockets], [HALF, STUCK], Settings(workers=1, settle=kills.SCENARIOS))
    assert (found.pairs, found.unexplained()) == (0, ["conversion"])
    excused = replace(without_sockets, fails_only_if="len() miscounts")
    assert sensitivity([excused], [HALF], Settings(workers=1, settle=kills.SCENARIOS)).unexplained() == []


def test_a_scenario_without_any_of_the_transports_is_run_on_its_own(scenarios):
    found, runner = found_by({}, scenarios, [HALF], transports=["udp"])
    assert {ran[2] for ran in runner.ran if ran[1] == "half-close"} == {"socketpair", "unix", "inet"}
    assert found.cells == 4


def test_runners_are_closed(scenarios):
    _, runner = found_by({}, scenarios, [])
    assert runner.ran[-1] == "closed"


def test_the_result_can_be_written_as_json_and_written_as_lines(scenarios):
    found, _ = found_by({(HALF.reference, "half-close"): FAIL}, scenarios, [HALF, STUCK])
    assert json.loads(json.dumps(found.as_json()))["survivors"] == [STUCK.name]
    told = list(kill_lines(found))
    assert "    half-close, step 2 (server sendall): expected; observed" in told
    assert "2 mutants, 1 killed, 1 survived" in told
    assert "1 of 2 scenarios killed one, 0 say why they cannot" in told
    assert f"survived: {STUCK.name}" in told
    assert 'kills nothing and has no "fails_only_if": echo' in told


def test_a_real_mutant_is_killed_by_a_real_run(scenarios):
    told = []
    found = sensitivity(scenarios, [HALF, STUCK], Settings(transports=["socketpair"], workers=1), progress=told.append)
    assert found.killers() == {HALF.name: ["half-close"], STUCK.name: []}
    assert found.kills[0].observed == "raised EPIPE (BrokenPipeError)"
    assert found.false_alarms == ()
    assert told[0] == f"stdlib and {len(CORRECT)} correct wrappers pass 2 cells of 2"


# which pairs are worth a run


def test_what_a_mutant_changes_are_its_own_attributes():
    assert changed(HALF) == {"shutdown"}
    assert changed(MUTANTS["takes-ports-in-use"]) == {"bind"}
    assert changed(MUTANTS["is-inherited"]) == {"__init__"}
    assert changed(MUTANTS["with-block-leaves-open"]) == {"__exit__"}
    assert changed(GENERATED["getaddrinfo:infos-empty"]) == {"getaddrinfo"}


def test_a_cell_is_run_only_under_mutants_that_change_what_it_uses(scenarios):
    half, echo = scenarios
    witnesses = [
        Witness(half, half.cases[0], "unix", 0.1, frozenset({"shutdown", "recv"})),
        Witness(half, half.cases[0], "socketpair", 0.01, frozenset({"shutdown", "recv"})),
        Witness(echo, echo.cases[0], "socketpair", 0.01, frozenset({"recv"})),
    ]
    pairs = Pairs([HALF, STUCK], witnesses)
    assert set(pairs) == {(HALF.name, "half-close"), (STUCK.name, "half-close"), (STUCK.name, "echo")}
    assert [each.transport for each in pairs.cells(HALF.name, "half-close")] == ["socketpair", "unix"]
    assert [each.name for each in pairs.mutants("half-close")] == [HALF.name, STUCK.name]


def test_where_nobody_saw_what_is_used_every_mutant_is_run(scenarios):
    pairs = Pairs([HALF, STUCK], [Witness(scenarios[1], scenarios[1].cases[0], "socketpair", 0.01, None)])
    assert set(pairs) == {(HALF.name, "echo"), (STUCK.name, "echo")}


def test_the_noting_wrapper_says_what_a_cell_uses(scenarios):
    runner = quick_runner()
    try:
        half = runner.run(Cell(scenarios[0], scenarios[0].cases[0], "socketpair", CORRECT["noting"].reference))
        echo = runner.run(Cell(scenarios[1], scenarios[1].cases[0], "socketpair", CORRECT["noting"].reference))
        plain = runner.run(Cell(scenarios[1], scenarios[1].cases[0], "socketpair", "stdlib"))
    finally:
        runner.close()
    assert {"shutdown", "sendall", "recv"} <= half.used
    assert "shutdown" not in echo.used
    assert plain.used is None


def test_a_mutant_that_is_known_to_be_equivalent_is_not_run(scenarios):
    found, runner = found_by({}, scenarios, [HALF, STUCK], equivalent={HALF.name: "it differs on no system"})
    assert HALF.reference not in {ran[0] for ran in runner.ran}
    assert (found.mutants, found.survivors()) == ((STUCK.name,), [STUCK.name])
    told = list(kill_lines(found))
    assert "2 mutants, 0 killed, 1 survived (1 equivalent, with reasons)" in told
    assert f"equivalent: {HALF.name}: it differs on no system" in told


def test_a_quick_search_runs_the_raw_socket_again_after_a_kill(scenarios):
    verdicts = {(HALF.reference, "half-close"): FAIL, ("stdlib", "half-close"): [PASS, FAIL]}
    found, _ = found_by(verdicts, scenarios[:1], [HALF], transports=["socketpair"], thorough=False)
    assert found.survivors() == [HALF.name]


# the command


@pytest.mark.parametrize(
    ("key", "status"), [("", 1), ("fails_only_if: the kernel loses a byte\n", 0)], ids=["without", "with"]
)
def test_the_command_fails_for_a_scenario_that_kills_nothing_and_has_no_reason(tmp_path, key, status):
    path = tmp_path / "idle.yaml"
    path.write_text(
        "summary: A pair has no address.\nsources: [unix(7)]\ntransports: [socketpair]\ngiven: connected\n"
        f"{key}steps:\n  - client: {{gettimeout: {{}}}}\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(command, [str(path), "-n", "1"], standalone_mode=False)
    assert result.return_value == status, result.output
