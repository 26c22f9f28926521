"""Plans: the parts of a scenario that a worker gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.planning import plan
from conformance.language.scenario_syntax import parse
from conformance.model.cell import Cell
from conformance.tables.selectors import Host

LINUX = Host.of(
    {"family": "linux", "kernel": "6.1", "byteorder": "little", "word_bits": 64, "python_implementation": "CPython",
     "python_version": "3.12.1"}
)  # fmt: skip


def limits(steps: str, header: str = "", **more: float) -> list[float]:
    """The limit of each step on a host half as fast as others."""
    text = f"summary: x\nsources: [x]\ntransports: [unix]\ngiven: connected\n{header}\nsteps:\n{steps}"
    scenario, mistakes = parse(text.encode(), Path("x.yaml"), "x")
    assert mistakes == []
    case, transport = scenario.cells()[0]
    return [step.limit for step in plan(Cell(scenario, case, transport), LINUX, 2.0, **more).steps]


@pytest.mark.parametrize(
    ("header", "more", "expected"),
    [("", {}, [10.0, 3.0]), ("limit: 4", {}, [8.0, 3.0]), ("", {"limit": 1.5}, [3.0, 3.0])],
    ids=["default", "of-the-file", "of-the-run"],
)
def test_a_limit_is_the_steps_own_or_the_files_or_the_runs_times_the_scale(header, more, expected):
    steps = "  - client: {send: {text: x}}\n  - server: {recv: 1, limit: 1.5}\n"
    assert limits(steps, header, **more) == expected


def test_the_limit_begins_after_the_time_for_which_a_call_must_block():
    assert limits("  - client: {recv: 1, blocks: {for_at_least: 7}}\n", limit=1.5) == [10.0]
