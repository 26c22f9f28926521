"""One run: the cells that were asked for, the workers that run them, and what is reported of each."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.language.deviation_files import load_deviations
from conformance.model.cell import Cell
from conformance.model.scenario import Scenario
from conformance.platforms.base import Interpreter
from conformance.report.records import suite_digest
from conformance.runner.cells import Outcome, Runner, cells_of
from conformance.runner.launch import OWN, Surroundings
from conformance.runner.measuring import RAW, MeasuringRunner
from conformance.runner.pool import Pool
from conformance.runner.recording import HOST, cell_record
from conformance.tables.transports import TRANSPORTS, expand

CELLS_FOR_A_WORKER = 10
"""So many cells take about as long as one more worker needs to start."""


@dataclass(frozen=True)
class Settings:
    """What the user asked for."""

    inet_address: str | None = None
    deviations: tuple[Path, ...] = ()
    workers: int = 0
    ahead: bool = True
    interpreter: Interpreter = OWN
    evidence: bool = False
    capture: bool = False


def cells_of_file(scenario: Scenario, transports: Sequence[str], implementations: Sequence[str]) -> list[Cell]:
    """The cells of one scenario that the options ask for."""
    wanted = tuple(name for each in transports for name in expand(each))
    return cells_of((scenario,), wanted, tuple(implementations) or (RAW,))


class Session:
    """Runs cells, ahead of the loop that asks for them where that is allowed."""

    def __init__(self, cells: Sequence[Cell], settings: Settings) -> None:
        self._cells = list(cells)
        self._numbers = {id(cell): number for number, cell in enumerate(cells)}
        self._settings = settings
        self._deviations = load_deviations(settings.deviations)
        self._suite = suite_digest({cell.scenario.id: cell.scenario for cell in cells}.values())
        hosts = any(TRANSPORTS[cell.transport].hosts for cell in cells)
        self._surroundings = Surroundings(
            settings.inet_address, hosts, evidence=settings.evidence, capture=settings.capture
        )
        self._pool: Pool | None = None
        self._runner: MeasuringRunner | None = None

    def outcome_of(self, cell: Cell) -> Outcome:
        """The outcome of one cell of this session."""
        if not self._settings.ahead:
            self._runner = self._runner or self._make_runner()
            return self._runner.run(cell)
        if self._pool is None:
            self._pool = Pool(self._cells, self._make_runner, self._size())
        return self._pool.result(self._numbers[id(cell)])

    def reported(self, outcome: Outcome) -> dict[str, Any]:
        """What a report carries of a cell: plain JSON values."""
        return {
            "cell": dataclasses.asdict(cell_record(outcome)),
            "hosts": {HOST: dict(outcome.facts)} if outcome.facts else {},
            "suite": self._suite,
            "capture": outcome.capture,
        }

    def close(self) -> None:
        """Ends all workers."""
        if self._pool is not None:
            self._pool.close()
        if self._runner is not None:
            self._runner.close()

    def _size(self) -> int:
        enough = -(-len(self._cells) // CELLS_FOR_A_WORKER)
        wanted = self._settings.workers or min(enough, default_workers())
        return max(1, min(wanted, len(self._cells)))

    def _make_runner(self) -> MeasuringRunner:
        return MeasuringRunner(Runner(self._settings.interpreter, self._surroundings, self._deviations))


def default_workers() -> int:
    """Cells at once: more than there are processors, for many cells only wait; at most sixteen."""
    return min(16, 4 * (os.cpu_count() or 1) + 2)
