"""The tables of mutants, and the correct wrappers beside them."""

import socket

import pytest

from conformance.model.cell import Cell
from conformance.mutants import CORRECT, MUTANTS
from conformance.mutants.correct import Composed, PassThrough
from conformance.runner.mutation_testing import quick_runner
from conformance.worker.adapters import adapter_for


def test_there_are_at_least_forty():
    assert len(MUTANTS) >= 40


@pytest.mark.parametrize("row", MUTANTS.values(), ids=MUTANTS)
def test_each_is_one_bug_described_in_a_sentence_with_its_origin(row):
    assert row.bug.endswith(".")
    assert "\n" not in row.bug
    assert row.inspired_by
    made = adapter_for(row.reference).factory
    assert issubclass(made, PassThrough)
    assert made is not PassThrough


def test_no_two_have_the_same_reference_or_the_same_bug():
    assert len({row.reference for row in MUTANTS.values()}) == len(MUTANTS)
    assert len({row.bug for row in MUTANTS.values()}) == len(MUTANTS)


@pytest.mark.parametrize("wrapper", [PassThrough, Composed])
def test_what_a_correct_wrapper_accepts_is_wrapped_too(wrapper):
    with wrapper(socket.AF_INET, socket.SOCK_STREAM) as listener, wrapper() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(5)
        client.connect(listener.getsockname())
        made, address = listener.accept()
        with made, made.dup() as copy:
            assert type(made) is type(copy) is wrapper
            assert made.gettimeout() is None
            assert address == client.getsockname()


@pytest.mark.parametrize("row", CORRECT.values(), ids=CORRECT)
def test_the_correct_ones_pass(row, scenarios):
    runner = quick_runner()
    try:
        for scenario in scenarios:
            found = runner.run(Cell(scenario, scenario.cases[0], "socketpair", row.reference))
            assert found.verdict.kind == "pass", found.verdict
    finally:
        runner.close()
