"""Implementations measured against the raw socket: each cell is run with both, in the same worker, one after the other.

What the raw socket does on this host is what an implementation can be asked for: where both deviate from the scenario
in the same way, the deviation is the system's, and is reported where the raw socket is judged.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.engine import choose
from conformance.engine import judge as j
from conformance.engine.differential import ONLY_TIMING, alike, first_divergence
from conformance.engine.exact import is_free
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.runner.cells import Outcome, Runner
from conformance.tables.selectors import Host

RAW = "stdlib"
"""The implementation against which the others are measured."""


class MeasuringRunner:
    """A runner that also runs the raw socket, unless that is what it is asked for."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, cell: Cell) -> Outcome:
        """Runs one cell; under another implementation than the raw socket its outcome holds where the two part."""
        if cell.implementation == RAW:
            return self._runner.run(cell)
        reference = self._runner.run(replace(cell, implementation=RAW))
        outcome = self._runner.run(cell)
        if reference.observations and outcome.fixture_failed:
            reason = f"{outcome.verdict.reason}; with the raw socket it does not"
            return replace(outcome, verdict=j.Verdict(j.FAIL, reason))
        if not reference.observations or not outcome.observations:
            return outcome
        judged = [step for step in cell.case.steps if not cell.measures(step)]
        free = _free(judged, cell, outcome) - _failed_alone(outcome.verdict, reference.verdict)
        divergence = first_divergence(judged, reference.observations, outcome.observations, free)
        if divergence and divergence.depth == ONLY_TIMING:
            divergence = None  # a slow machine is no deviation
        outcome = replace(outcome, divergence=divergence)
        if outcome.verdict.kind == j.FAIL and reference.verdict.kind == j.FAIL:
            return replace(outcome, verdict=self._fair(outcome, reference, free))
        return outcome

    def _fair(self, outcome: Outcome, reference: Outcome, free: frozenset[int]) -> j.Verdict:
        """A verdict on the steps at which the two part: what both do is what the system does."""
        if outcome.divergence is not None:
            system = alike(outcome.cell.case.steps, reference.observations, outcome.observations, free)
            verdict = self._runner.judged(outcome.cell, Host.of(outcome.facts), outcome.observations, system)
            if verdict.kind != j.PASS:
                return verdict
        return j.Verdict(j.PASS, f"as the raw socket on this host, which deviates: {reference.verdict.observed}")

    def close(self) -> None:
        """Ends the worker."""
        self._runner.close()


def _free(steps: list[s.Step], cell: Cell, outcome: Outcome) -> frozenset[int]:
    """The steps of which several values are legal on this host."""
    here = choose.here(cell, Host.of(outcome.facts))
    return frozenset(
        step.number
        for step in steps
        if step.number in outcome.observations
        and is_free(step, choose.outcome_for(step, here), outcome.observations[step.number])
    )


def _failed_alone(verdict: j.Verdict, reference: j.Verdict) -> frozenset[int]:
    """The step at which an implementation fails and the raw socket does not: its value is none of the legal ones."""
    if verdict.step is None or verdict.step == reference.step or verdict.kind not in (j.FAIL, j.KNOWN):
        return frozenset()
    return frozenset({verdict.step})
