"""Scenarios with one wrong expectation each, run in a real worker: a sound engine fails them, and says why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.language.corpus import load_one
from conformance.model.cell import Cell
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions

FOLDER = Path(__file__).resolve().parents[1] / "must_fail"

ANY_CALL = r" in \w+"

WRONG = {
    "wrong-data-same-length": (2, 7, "returns 'abd'", "returned 'abc'", ""),
    "wrong-long-data": (2, 7, "returns 10000 bytes of pattern", r"returned 10000 bytes starting hex [0-9a-f]+", ""),
    "wrong-errno": (2, 7, "raises ECONNRESET", r"raised EPIPE \(BrokenPipeError\)", ""),
    "wrong-class": (2, 7, "raises EPIPE as ConnectionResetError", r"raised EPIPE \(BrokenPipeError\)", ""),
    "blocks-instead-of-returns": (1, 6, "returns 'x'", f"hung{ANY_CALL}", f"hung{ANY_CALL}"),
    "returns-instead-of-blocks": (2, 7, "blocks", "returned 'x'", ""),
    "still-waits": (3, 8, "returns 'x'", f"hung{ANY_CALL}", f"hung{ANY_CALL}"),
    "released-too-early": (4, 10, "returns 'x'", "returned 'x'", r"released by step 2 \(line 8\), before step 3"),
    "both-wake": (5, 12, "returns no bytes", "returned no bytes", r"not the only one: step 4 \(line 11\) is over, too"),
    "busy-actor": (3, 8, "returns", "not-run: server is .* step 1", "not run: server is still in recv of step 1"),
    "wrong-count": (1, 6, "returns 2", "returned 3", ""),
    "wrong-readiness": (2, 7, r"returns \[write\]", r"returned \[read, write\]", ""),
    "wrong-address": (1, 6, "returns client", "returned listener = server", ""),
    "true-is-not-one": (1, 6, "returns blocking: 1", "returned blocking: true", ""),
    "eof-mistaken": (2, 7, "returns a non-empty prefix of 'abc'", "returned no bytes", ""),
    "returns-instead-of-raises": (1, 6, "raises EPIPE", "returned 1", ""),
    "wrong-object-is-ready": (2, 7, r"returns read: \[client\]", r"returned read: \[server\].*", ""),
    "too-short": (2, 7, "raises TimeoutError, lasting at least 1 s", "raised TimeoutError", r"it lasted 0\.\d+ s"),
}
"""Step, line, and patterns of the words for what was expected, what was observed, and why that is wrong."""


@pytest.fixture(scope="module")
def runner():
    made = Runner(OWN, WorkerOptions())
    yield made
    made.close()


def test_every_scenario_that_must_fail_says_here_how():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_expectation_is_found_with_its_step_its_line_and_its_words(runner, name):
    scenario = load_one(FOLDER / f"{name}.yaml", FOLDER)
    case, transport = scenario.cells()[0]
    outcome = runner.run(Cell(scenario, case, transport, "stdlib"))
    verdict = outcome.verdict
    step, line, *patterns = WRONG[name]
    assert (verdict.kind, verdict.step) == ("fail", step), verdict
    assert case.steps[step - 1].position.line == line
    for pattern, words in zip(patterns, (verdict.expected, verdict.observed, verdict.reason)):
        assert re.fullmatch(pattern, words), verdict


def test_the_step_to_blame_for_one_that_was_not_run_is_recorded(runner):
    scenario = load_one(FOLDER / "busy-actor.yaml", FOLDER)
    case, transport = scenario.cells()[0]
    outcome = runner.run(Cell(scenario, case, transport, "stdlib"))
    assert outcome.observations[3].blame == 1


def test_steps_after_a_deviation_are_still_run(runner):
    scenario = load_one(FOLDER / "returns-instead-of-blocks.yaml", FOLDER)
    case, transport = scenario.cells()[0]
    observed = runner.run(Cell(scenario, case, transport, "stdlib")).observations
    assert observed[3].kind == "returned"
    assert (observed[4].kind, observed[4].blame) == ("not-run", 2)
    assert observed[4].reason == "recv was already over at step 2"
