"""The differential runner: runs each cell with the raw socket and with an implementation, in the same worker.

An implementation can do no better than the raw socket on the same host. Where both deviate from the scenario in the
same way, the deviation is the system's, and is reported in the raw socket's record.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.engine import choose
from conformance.engine import judge as j
from conformance.engine.differential import ONLY_TIMING, alike, first_divergence
from conformance.engine.exact import is_free
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.runner.cells import CellResult, Runner
from conformance.tables.selectors import Host

RAW = "stdlib"
"""The implementation that the others are compared with."""


class DifferentialRunner:
    """A runner that also runs the raw socket, unless the cell is one of the raw socket itself."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, cell: Cell) -> CellResult:
        """Runs one cell; the result says where the implementation parts from the raw socket."""
        if cell.implementation == RAW:
            return self._runner.run(cell)
        reference = self._runner.run(replace(cell, implementation=RAW))
        result = self._runner.run(cell)
        if reference.observations and result.fixture:
            return replace(result, verdict=self._runner.blamed(result))
        if not reference.observations or not result.observations:
            return result
        judged = [step for step in cell.case.steps if not cell.measures(step)]
        free = _free(judged, cell, result) - _failed_alone(result.verdict, reference.verdict)
        divergence = first_divergence(judged, reference.observations, result.observations, free)
        if divergence and divergence.depth == ONLY_TIMING:
            divergence = None  # a slow machine is no deviation
        result = replace(result, divergence=divergence)
        at_a_step = result.verdict.step is not None  # if not, a known deviation is gone
        if at_a_step and result.verdict.kind == j.FAIL and reference.verdict.kind == j.FAIL:
            return replace(result, verdict=self._fair(result, reference, free))
        return result

    def _fair(self, result: CellResult, reference: CellResult, free: frozenset[int]) -> j.Verdict:
        """A verdict on the steps at which the two part, without those at which both do the same."""
        if result.divergence is not None:
            system = alike(result.cell.case.steps, reference.observations, result.observations, free)
            verdict = self._runner.judged(result.cell, Host.of(vars(result.facts)), result.observations, system)
            if verdict.kind != j.PASS:
                return verdict
        return j.Verdict(j.PASS, f"as the raw socket on this host, which deviates: {reference.verdict.observed}")

    def interrupt(self) -> None:
        """Ends the cell that runs, from another thread."""
        self._runner.interrupt()

    def close(self) -> None:
        """Ends the worker."""
        self._runner.close()


def _free(steps: list[s.Step], cell: Cell, result: CellResult) -> frozenset[int]:
    """The steps of which several values are legal on this host."""
    here = choose.here(cell, Host.of(vars(result.facts)))
    return frozenset(
        step.number
        for step in steps
        if step.number in result.observations
        and is_free(step, choose.outcome_for(step, here), result.observations[step.number])
    )


def _failed_alone(verdict: j.Verdict, reference: j.Verdict) -> frozenset[int]:
    """The step at which an implementation fails and the raw socket does not: its value is none of the legal ones."""
    if verdict.step is None or verdict.step == reference.step or verdict.kind not in (j.FAIL, j.KNOWN):
        return frozenset()
    return frozenset({verdict.step})
