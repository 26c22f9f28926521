"""Fixtures for tests of adapters: a runner, and scenarios written in the test."""

from pathlib import Path

import pytest

from conformance.language.corpus import load_one
from conformance.model.cell import Cell
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions


@pytest.fixture(scope="module")
def runner():
    made = Runner(OWN, WorkerOptions())
    yield made
    made.close()


@pytest.fixture
def cell(tmp_path: Path):
    """A cell of a scenario given as text, on its first transport."""

    def make(text: str, implementation: str = "stdlib") -> Cell:
        path = tmp_path / "a-scenario.yaml"
        path.write_text(text, encoding="utf-8")
        scenario = load_one(path, tmp_path)
        case, transport = scenario.cells()[0]
        return Cell(scenario, case, transport, implementation)

    return make
