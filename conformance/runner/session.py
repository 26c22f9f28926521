"""One run: its cells, the workers that run them, and what is reported of each cell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.language.deviation_files import load_deviations
from conformance.model.cell import Cell
from conformance.model.record import CellRecord
from conformance.model.scenario import Scenario
from conformance.platforms.base import Interpreter
from conformance.report.records import suite_digest
from conformance.runner.cells import CellResult, Runner, cells_of
from conformance.runner.differential_runner import RAW, DifferentialRunner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.pool import RunAhead
from conformance.runner.recording import REPORTED, Reported, cell_record
from conformance.runner.selecting import selections
from conformance.tables.transports import TRANSPORTS, expand

CELLS_FOR_A_WORKER = 10
"""Cells that take about as long as starting one more worker."""


@dataclass(frozen=True)
class Settings:
    """The options of a run."""

    inet_address: str | None = None
    deviations: tuple[Path, ...] = ()
    workers: int = 0
    ahead: bool = True
    """Whether cells may run before they are asked for; not in a worker of xdist, which gets its cells one by one."""
    interpreter: Interpreter = OWN
    evidence: bool = False
    capture: bool = False


def cells_of_file(scenario: Scenario, transports: Sequence[str], implementations: Sequence[str]) -> list[Cell]:
    """The cells of one scenario that the options ask for."""
    wanted = tuple(name for each in transports for name in expand(each))
    return cells_of((scenario,), wanted, tuple(implementations) or (RAW,))


class Session:
    """Runs cells, in advance of the loop that asks for them unless the settings forbid that."""

    def __init__(self, cells: Sequence[Cell], settings: Settings) -> None:
        self._cells = list(cells)
        self._numbers = {id(cell): number for number, cell in enumerate(cells)}
        self._settings = settings
        self._deviations = load_deviations(settings.deviations)
        self._selections = selections(cells)
        self._suite = suite_digest({cell.scenario.id: cell.scenario for cell in cells}.values())
        hosts = any(TRANSPORTS[cell.transport].hosts for cell in cells)
        self._options = WorkerOptions(settings.inet_address, hosts, settings.evidence, capture=settings.capture)
        self._ahead: RunAhead | None = None
        self._runner: DifferentialRunner | None = None
        self._last: tuple[CellResult, CellRecord] | None = None

    def outcome_of(self, cell: Cell) -> CellResult:
        """The result of one cell of this session."""
        if not self._settings.ahead:
            self._runner = self._runner or self._make_runner()
            return self._runner.run(cell)
        if self._ahead is None:
            self._ahead = RunAhead(self._cells, self._make_runner, self._size())
        return self._ahead.result(self._numbers[id(cell)])

    def record_of(self, result: CellResult) -> CellRecord:
        """The record of a cell; made once, as long as no other is asked for."""
        if self._last is None or self._last[0] is not result:
            self._last = result, cell_record(result)
        return self._last[1]

    def reported(self, result: CellResult) -> Any:
        """What the report of a cell carries: a :class:`Reported`; from a worker of xdist, its JSON form."""
        selection = self._selections[result.cell.implementation]
        made = Reported(self.record_of(result), self._suite, result.facts, result.packets, selection)
        return made if self._settings.ahead else REPORTED.encode(made)

    def close(self) -> None:
        """Ends all workers."""
        if self._ahead is not None:
            self._ahead.close()
        if self._runner is not None:
            self._runner.close()

    def _size(self) -> int:
        enough = -(-len(self._cells) // CELLS_FOR_A_WORKER)
        wanted = self._settings.workers or min(enough, default_workers())
        return max(1, min(wanted, len(self._cells)))

    def _make_runner(self) -> DifferentialRunner:
        return DifferentialRunner(Runner(self._settings.interpreter, self._options, self._deviations))


def default_workers() -> int:
    """Cells at once: more than there are processors, because many cells only wait; at most sixteen."""
    return min(16, 4 * (os.cpu_count() or 1) + 2)
