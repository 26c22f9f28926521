"""Fixtures that the tests of the worker share: they run scenarios in a real worker."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.language.corpus import load_all
from conformance.runner.cells import CellResult, Runner, cells_of
from conformance.runner.launch import OWN, WorkerOptions

Run = Callable[[str], "dict[str, CellResult]"]


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """A runner with one worker, on two hosts if the machine allows them."""
    runner = Runner(OWN, WorkerOptions(hosts=True))
    yield runner
    runner.close()


@pytest.fixture
def run(runner: Runner, tmp_path: Path) -> Run:
    """Runs a scenario, given as text without summary and sources. Returns outcomes by case and transport."""

    def run_text(body: str) -> dict[str, CellResult]:
        path = tmp_path / f"tried-{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text("summary: Tried.\nsources: [none]\n" + textwrap.dedent(body), encoding="utf-8")
        loaded = load_all([path])
        assert not loaded.mistakes
        cells = cells_of(loaded.scenarios, (), ("stdlib",))
        return {cell.id.partition("[")[2].rstrip("]"): runner.run(cell) for cell in cells}

    return run_text


@pytest.fixture
def passed(tmp_path: Path) -> Callable[[Runner, str, str], CellResult]:
    """Runs a scenario, given as text without its head, on one transport with a given runner; it must pass."""

    def run_text(runner: Runner, body: str, transport: str) -> CellResult:
        path = tmp_path / "tried.yaml"
        path.write_text(f"summary: Tried.\nsources: [none]\ntransports: [{transport}]\n{body}", encoding="utf-8")
        loaded = load_all([path])
        assert not loaded.mistakes
        outcome = runner.run(cells_of(loaded.scenarios, (), ("stdlib",))[0])
        if outcome.verdict.kind == "unsupported":
            pytest.skip(outcome.verdict.reason)
        assert outcome.verdict.kind == "pass", outcome.verdict
        return outcome

    return run_text


@pytest.fixture
def passes(run: Run) -> Callable[[str], None]:
    """Runs a scenario that must pass in all its cells; cells that this machine cannot run are skipped."""

    def check(body: str) -> None:
        outcomes = run(body)
        lacking = [each.verdict.reason for each in outcomes.values() if each.verdict.kind == "unsupported"]
        for name, outcome in outcomes.items():
            assert outcome.verdict.kind in ("pass", "unsupported"), (name, outcome.verdict)
        if lacking:
            pytest.skip(lacking[0])

    return check
