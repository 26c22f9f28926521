"""One run: its cells, the workers that run them, and what becomes of the results."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.engine.judge import FAIL
from conformance.language.deviation_files import load_deviations
from conformance.model.cell import Cell
from conformance.model.scenario import Case, Scenario
from conformance.platforms.base import Interpreter
from conformance.report.records import suite_digest
from conformance.report.timeline import timeline
from conformance.runner.cells import CellResult, Runner, cells_of
from conformance.runner.differential_runner import RAW, DifferentialRunner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.pool import AHEAD, RunAhead
from conformance.runner.recording import Reported, cell_record
from conformance.runner.selection import selections
from conformance.tables.transports import TRANSPORTS, expand

CELLS_FOR_A_WORKER = 10
"""Cells that take about as long as starting one more worker."""

SLOW = "time"
"""The tag of scenarios in which time must pass."""


@dataclass(frozen=True)
class Settings:
    """The options of a run."""

    inet_address: str | None = None
    deviations: tuple[Path, ...] = ()
    workers: int = 0
    interpreter: Interpreter = OWN
    evidence: bool = False
    capture: bool = False


def cells_of_file(scenario: Scenario, transports: Sequence[str], implementations: Sequence[str]) -> list[Cell]:
    """The cells of one scenario that the options ask for."""
    wanted = tuple(name for each in transports for name in expand(each))
    return cells_of((scenario,), wanted, tuple(implementations) or (RAW,))


def longest_first(cells: Sequence[Cell]) -> list[int]:
    """The numbers of the cells in the order in which they begin: those that wait long first, else as they are."""
    return sorted(range(len(cells)), key=lambda number: -_waits(cells[number]))


def _waits(cell: Cell) -> float:
    """About how many seconds must pass in a cell; 0 where no time must."""
    return (SLOW in cell.scenario.tags) + _stated(cell.case)


def _stated(case: Case) -> float:
    """The longest wait that an outcome states."""
    return max((getattr(step.outcome.what, "for_at_least", 0.0) for step in case.steps), default=0.0)


@dataclass(frozen=True)
class Outcome:
    """What people are told of a cell that is over."""

    kind: str
    reason: str
    notes: tuple[str, ...] = ()
    timeline: str = ""
    """Of a cell that failed."""


class Session:
    """Runs cells on several workers: all of them, or ahead of those who ask for outcomes by number.

    ``done`` gets the number of each cell and all that a record needs, in the thread that ran the cell, before that
    thread begins another cell.
    """

    def __init__(
        self, cells: Sequence[Cell], settings: Settings, done: Callable[[int, Reported], None] | None = None
    ) -> None:
        self.cells = list(cells)
        self._settings = settings
        self._done = done
        self._deviations = load_deviations(settings.deviations)
        self.selections = selections(cells)
        self.suite = suite_digest({cell.scenario.id: cell.scenario for cell in cells}.values())
        hosts = any(TRANSPORTS[cell.transport].hosts for cell in cells)
        self._options = WorkerOptions(settings.inet_address, hosts, settings.evidence, capture=settings.capture)
        self._outcomes: dict[int, Outcome] = {}
        self._ahead: RunAhead | None = None
        self._beginning = threading.Lock()

    @property
    def complete(self) -> bool:
        """Whether all cells are over."""
        return len(self._outcomes) == len(self.cells)

    def run(self, leave_out: Collection[int] = ()) -> None:
        """Runs all cells but those with these numbers."""
        self._begin(self._finished, None, leave_out).wait()

    def outcome(self, number: int) -> Outcome:
        """The outcome of a cell by its place in the list of cells; waits until the cell is over."""
        if number not in self._outcomes:
            self._begin(self._judged, AHEAD * self._size()).wait_for(number)
        return self._outcomes[number]

    def close(self) -> None:
        """Ends all workers."""
        if self._ahead is not None:
            self._ahead.close()

    def _begin(
        self, done: Callable[[int, CellResult], None], window: int | None, leave_out: Collection[int] = ()
    ) -> RunAhead:
        """Starts the workers, once."""
        with self._beginning:
            if self._ahead is None:
                order = [number for number in longest_first(self.cells) if number not in leave_out]
                self._ahead = RunAhead(self.cells, order, self._make_runner, self._size(), done, window)
            return self._ahead

    def _finished(self, number: int, result: CellResult) -> None:
        if self._done is not None:
            self._done(number, self._reported(result))

    def _reported(self, result: CellResult) -> Reported:
        selection = self.selections[result.cell.implementation]
        return Reported(cell_record(result), self.suite, result.facts, result.packets, selection)

    def _judged(self, number: int, result: CellResult) -> None:
        self._finished(number, result)
        verdict = result.verdict
        lines = "\n".join(timeline(cell_record(result))) if verdict.kind == FAIL else ""
        self._outcomes[number] = Outcome(verdict.kind, verdict.reason, result.notes, lines)

    def _size(self) -> int:
        enough = -(-len(self.cells) // CELLS_FOR_A_WORKER)
        wanted = self._settings.workers or min(enough, default_workers())
        return max(1, min(wanted, len(self.cells)))

    def _make_runner(self) -> DifferentialRunner:
        return DifferentialRunner(Runner(self._settings.interpreter, self._options, self._deviations))


def default_workers() -> int:
    """Cells at once: more than there are processors, because many cells only wait; at most sixteen."""
    return min(16, 4 * (os.cpu_count() or 1) + 2)
