"""Runs cells under many tapes, and shortens the tapes under which a cell fails.

Only cells whose outcome does not depend on how much one call moves are run. A failure counts if it repeats at the same
step. If the raw socket fails under the same tape, the implementation is not blamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from conformance.engine import judge as j
from conformance.engine.pieces import why_not
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.platforms.base import Interpreter
from conformance.runner.cells import CellResult, Runner
from conformance.runner.differential_runner import RAW
from conformance.runner.launch import WorkerOptions
from conformance.runner.pool import CellRunner, Pool
from conformance.tables.transports import GROUPS, TRANSPORTS
from conformance.tape import Tape, shortest, splits

QUICK_LIMIT = 1.5
"""Seconds after which a step counts as hung, times the host's scale. Short, because shrinking repeats hangs."""

BLANK = Tape()


@dataclass(frozen=True)
class Finding:
    """A cell that fails under a tape."""

    cell: Cell
    tape: Tape
    origin: str
    """Where the tape comes from, in words; empty if the user gave it, and then it is not shrunk."""
    events: int
    """How many events the tape had before it was shrunk."""
    outcome: CellResult
    blamed: bool
    """Whether the raw socket passes under this tape; True if the implementation is the raw socket."""


@dataclass(frozen=True)
class Played:
    """The result of one cell."""

    cell: Cell
    tapes: int
    """How many tapes were played, the empty one included."""
    events: int
    """How many events were played, all tapes together."""
    calls: int
    """How many calls reached the taped socket, all tapes together."""
    verdict: j.Verdict
    """Under the empty tape."""
    witness: bool = True
    """Whether the raw socket passes under the empty tape; if not, the cell proves nothing."""
    finding: Finding | None = None


def taping_runner(interpreter: Interpreter, hosts: bool = False) -> Callable[[], CellRunner]:
    """Makes runners whose workers' sockets are taped."""
    return lambda: Runner(interpreter, WorkerOptions(hosts=hosts, taped=True), limit=QUICK_LIMIT)


def tapeable(scenarios: Sequence[s.Scenario], transports: Sequence[str], implementation: str) -> list[Cell]:
    """The cells that hold under every tape, over those of these transports that are streams."""
    return [
        Cell(scenario, case, transport, implementation)
        for scenario in scenarios
        for case, transport in scenario.cells()
        if transport in transports and transport in GROUPS["stream"] and why_not(scenario, case) is None
    ]


Tapes = Callable[[Sequence[str]], Iterable[tuple[str, Tape]]]
"""From the actors of a cell to its tapes, each with the words that say where it comes from."""


def of_seeds(number: int) -> Tapes:
    """The tapes of the seeds from 1 to ``number``."""
    return lambda actors: ((f"seed {seed}", Tape.of_seed(seed, actors)) for seed in range(1, number + 1))


def of_splits(size: int) -> Tapes:
    """For all actors, every way to cut the first ``size`` bytes: once those sent, once those received."""
    tapes = [Tape(((call, cut),)) for cut in splits(size) for call in ("send", "recv")]
    return lambda actors: ((f"{size} bytes cut as {tape}", tape) for tape in tapes)


def as_given(tapes: Sequence[Tape]) -> Tapes:
    """These tapes; they are not shrunk."""
    return lambda actors: (("", tape) for tape in tapes)


def play(
    cells: Sequence[Cell], tapes: Tapes, make_runner: Callable[[], CellRunner], workers: int,
    progress: Callable[[Cell], None] = lambda cell: None,
) -> Iterator[Played]:  # fmt: skip
    """Runs each cell under these tapes until it fails.

    Once a case has failed over one transport, its other transports are left out.
    """

    def one(alike: Sequence[Cell]) -> list[Played]:
        found: list[Played] = []
        for cell in alike:
            if not any(each.finding for each in found):
                found.append(_Cell(cell, runners).play(tapes))
            progress(cell)
        return found

    cases: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        cases.setdefault((cell.scenario.id, cell.case.name), []).append(cell)
    with Pool(make_runner, workers) as runners:
        for found in runners.map(one, list(cases.values())):
            yield from found


def needs_hosts(cells: Sequence[Cell]) -> bool:
    """Whether any of the cells runs between two hosts."""
    return any(TRANSPORTS[cell.transport].hosts for cell in cells)


class _Cell:
    """One cell under its tapes."""

    def __init__(self, cell: Cell, runners: Pool) -> None:
        self._cell = cell
        self._runners = runners
        self._tapes = self._events = self._calls = 0

    def play(self, tapes: Tapes) -> Played:
        """Plays the empty tape first: a cell that fails without any event does not fail because of a tape."""
        blank = self._under(BLANK)
        if blank.verdict.kind != j.PASS or not self._calls:
            return self._played(blank.verdict, witness=blank.verdict.kind != j.FAIL or self._raw_passes(BLANK))
        actors = sorted({step.actor for step in self._cell.case.steps})
        for origin, tape in tapes(actors):
            outcome = self._under(tape)
            if outcome.verdict.kind == j.FAIL and self._repeats(outcome, tape):
                return self._played(blank.verdict, self._finding(origin, tape))
        return self._played(blank.verdict)

    def _played(self, verdict: j.Verdict, finding: Finding | None = None, witness: bool = True) -> Played:
        return Played(self._cell, self._tapes, self._events, self._calls, verdict, witness, finding)

    def _under(self, tape: Tape, implementation: str | None = None) -> CellResult:
        named = implementation or self._cell.implementation
        outcome = self._runners.run(replace(self._cell, tape=str(tape), implementation=named))
        self._tapes += 1
        if outcome.played:
            self._events += outcome.played.played
            self._calls += outcome.played.calls
        return outcome

    def _repeats(self, outcome: CellResult, tape: Tape) -> bool:
        again = self._under(tape).verdict
        return (again.kind, again.step) == (j.FAIL, outcome.verdict.step)

    def _finding(self, origin: str, tape: Tape) -> Finding:
        short = shortest(tape, lambda each: self._under(each).verdict.kind == j.FAIL) if origin else tape
        outcome = self._under(short)
        if outcome.verdict.kind != j.FAIL or not self._repeats(outcome, short):
            short, outcome = tape, self._under(tape)  # the short tape does not always fail
        return Finding(self._cell, short, origin, len(tape), outcome, blamed=self._raw_passes(short))

    def _raw_passes(self, tape: Tape) -> bool:
        """Whether the raw socket passes. If it is itself under test, only the scenario decides."""
        return tape != BLANK if self._cell.implementation == RAW else self._under(tape, RAW).verdict.kind == j.PASS
