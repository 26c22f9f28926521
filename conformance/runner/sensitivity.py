"""Sensitivity: which scenarios catch which deliberately wrong implementation. What catches nothing proves nothing.

Measured against the raw socket of the same session: a cell counts only if it passes there, every time, and under the
correct wrappers too; a wrong implementation is caught where such a cell fails, twice at the same step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from conformance.engine import judge as j
from conformance.model import scenario as s
from conformance.runner.cells import Cell, Outcome, Runner
from conformance.runner.launch import OWN, Surroundings
from conformance.runner.measuring import RAW
from conformance.tables.operations import OPERATIONS
from conformance.wrong import CORRECT, WrongImplementation

TRANSPORTS = ("loopback", "unix", "socketpair", "udp", "unix-dgram")
"""One transport of each kind: the others repeat what these show, at a cost."""

QUICK_LIMIT = 1.5
"""Seconds after which a step counts as hung here, times the host's scale: the raw socket keeps to it as well."""

RAW_RUNS = 2
"""How often the raw socket must pass a cell: one that does not always pass is no witness."""


class CellRunner(Protocol):
    """What runs cells; :class:`conformance.runner.cells.Runner` does."""

    def run(self, cell: Cell) -> Outcome:
        """Runs one cell."""

    def close(self) -> None:
        """Ends what it started."""


@dataclass(frozen=True)
class Catch:
    """A scenario's first cell that fails under an implementation and passes under the raw socket; where, and why."""

    implementation: str
    scenario: str
    cell: str
    step: int
    line: int
    operation: str
    expected: str
    observed: str
    reason: str


@dataclass(frozen=True)
class Sensitivity:
    """What was found. ``complete``: every scenario was tried, not only as many as the first catch took."""

    implementations: tuple[str, ...]
    scenarios: tuple[str, ...]
    cells: int
    complete: bool
    catches: tuple[Catch, ...]
    false_alarms: tuple[Catch, ...]
    unsteady: tuple[str, ...]
    """Cells that the raw socket does not pass every time; they are no witnesses."""

    def catching(self) -> dict[str, list[str]]:
        """Implementation to the scenarios that catch it."""
        return _grouped(self.implementations, ((each.implementation, each.scenario) for each in self.catches))

    def caught_by(self) -> dict[str, list[str]]:
        """Scenario to the implementations that it catches."""
        return _grouped(self.scenarios, ((each.scenario, each.implementation) for each in self.catches))

    def uncaught(self) -> list[str]:
        """Implementations that no scenario catches."""
        return [name for name, found in self.catching().items() if not found]

    def idle(self) -> list[str]:
        """Scenarios that catch nothing; only meaningful if the run is complete."""
        return [name for name, found in self.caught_by().items() if not found]

    def as_json(self) -> dict[str, Any]:
        """Everything, and what follows from it, as JSON values."""
        return {
            **asdict(self),
            "catching": self.catching(),
            "caught_by": self.caught_by(),
            "uncaught": self.uncaught(),
            "idle": self.idle() if self.complete else [],
        }


Progress = Callable[[str], None]
"""Told one line whenever an implementation is done."""


def quick_runner() -> Runner:
    """A runner for sensitivity runs: this Python, no second host, short limits."""
    return Runner(OWN, Surroundings(), limit=QUICK_LIMIT)


def sensitivity(
    scenarios: Sequence[s.Scenario],
    implementations: Sequence[WrongImplementation],
    runner_factory: Callable[[], CellRunner] = quick_runner,
    progress: Progress = lambda line: None,
    *,
    transports: Sequence[str] = TRANSPORTS,
    workers: int = 2,
    first_catch_only: bool = False,
) -> Sensitivity:
    """Runs every cell under every implementation, and says who catches whom."""
    places = [place for scenario in scenarios if _is_about_sockets(scenario) for place in _places(scenario, transports)]
    with _Runners(runner_factory, workers) as runners:
        steady, unsteady = _witnesses(places, runners, progress)
        alarms = _each(list(CORRECT.values()), steady, runners, progress, False)
        blamed = {each.cell for each in alarms}
        trusted = [place for place in steady if place.cell(RAW).id not in blamed]
        catches = _each(implementations, trusted, runners, progress, first_catch_only)
    return Sensitivity(
        implementations=tuple(each.name for each in implementations),
        scenarios=tuple(dict.fromkeys(place.scenario.id for place in trusted)),
        cells=len(trusted),
        complete=not first_catch_only,
        catches=tuple(catches),
        false_alarms=tuple(alarms),
        unsteady=tuple(unsteady),
    )


def lines(found: Sensitivity) -> Iterator[str]:
    """The result for people: who is caught by which step, and who is not."""
    for name, catches in _grouped(found.implementations, ((c.implementation, c) for c in found.catches)).items():
        yield f"{name}: {_counted(len({each.scenario for each in catches}), 'scenario')}"
        first = {each.scenario: each for each in reversed(catches)}
        for each in sorted(first.values(), key=lambda each: each.scenario):
            yield f"    {each.scenario}, step {each.step} ({each.operation}): {each.expected}; {each.observed}"
    yield f"{len(found.implementations) - len(found.uncaught())} of {len(found.implementations)} caught"
    yield from (f"not caught: {name}" for name in found.uncaught())
    if found.complete:
        yield from (f"catches nothing: {name}" for name in found.idle())
    yield from (f"false alarm: {each.cell}, step {each.step}: {each.observed}" for each in found.false_alarms)
    yield from (f"unsteady: {cell}" for cell in found.unsteady)


@dataclass(frozen=True)
class _Place:
    """A cell without its implementation."""

    scenario: s.Scenario
    case: s.Case
    transport: str

    def cell(self, implementation: str) -> Cell:
        return Cell(self.scenario, self.case, self.transport, implementation)


class _Runners:
    """As many runners as threads, each used by one thread at a time."""

    def __init__(self, factory: Callable[[], CellRunner], workers: int) -> None:
        self._factory = factory
        self._local = threading.local()
        self._made: list[CellRunner] = []
        self._pool = ThreadPoolExecutor(workers)

    def __enter__(self) -> _Runners:
        return self

    def __exit__(self, *details: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for runner in self._made:
            runner.close()

    def run(self, cell: Cell) -> Outcome:
        """Runs a cell in the runner of this thread."""
        if not hasattr(self._local, "runner"):
            self._local.runner = self._factory()
            self._made.append(self._local.runner)
        outcome: Outcome = self._local.runner.run(cell)
        return outcome

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """The results for all items, in their order."""
        return self._pool.map(function, items)


def _witnesses(places: Sequence[_Place], runners: _Runners, progress: Progress) -> tuple[list[_Place], list[str]]:
    """The cells that the raw socket passes every time, and those that it passes sometimes."""

    def passes(place: _Place) -> int:
        kinds = (runners.run(place.cell(RAW)).verdict.kind for _ in range(RAW_RUNS))
        return sum(kind == j.PASS for kind in kinds)

    counts = list(runners.map(passes, places))
    steady = [place for place, count in zip(places, counts) if count == RAW_RUNS]
    progress(f"{RAW}: {_counted(len(steady), 'cell')} of {len(places)} pass {RAW_RUNS} times")
    return steady, [place.cell(RAW).id for place, count in zip(places, counts) if 0 < count < RAW_RUNS]


def _each(
    implementations: Sequence[WrongImplementation], places: Sequence[_Place], runners: _Runners, progress: Progress,
    first_only: bool,
) -> list[Catch]:  # fmt: skip
    def catches(implementation: WrongImplementation) -> list[Catch]:
        found = list(_catches(implementation, places, runners, first_only))
        progress(f"{implementation.name}: caught by {_counted(len({each.scenario for each in found}), 'scenario')}")
        return found

    return [each for found in runners.map(catches, implementations) for each in found]


def _catches(
    implementation: WrongImplementation, places: Sequence[_Place], runners: _Runners, first_only: bool
) -> Iterator[Catch]:
    """One catch for each scenario, or the first of all; a failure must repeat, so that chance catches nothing."""
    caught: set[str] = set()
    for place in places:
        if place.scenario.id in caught:
            continue
        cell = place.cell(implementation.reference)
        first = runners.run(cell).verdict
        if first.kind == j.FAIL and _same(first, runners.run(cell).verdict):
            caught.add(place.scenario.id)
            yield _catch(implementation, place, first)
            if first_only:
                return


def _same(one: j.Verdict, two: j.Verdict) -> bool:
    return (one.kind, one.step) == (two.kind, two.step)


def _catch(implementation: WrongImplementation, place: _Place, verdict: j.Verdict) -> Catch:
    step = next(each for each in place.case.steps if each.number == verdict.step)
    return Catch(
        implementation=implementation.name,
        scenario=place.scenario.id,
        cell=place.cell(RAW).id,
        step=step.number,
        line=step.position.line,
        operation=f"{step.actor} {step.operation}",
        expected=verdict.expected,
        observed=verdict.observed,
        reason=verdict.reason,
    )


def _is_about_sockets(scenario: s.Scenario) -> bool:
    """Whether any step uses the implementation: pure struct or path work cannot tell implementations apart."""
    operations = {step.operation for case in scenario.cases for step in case.steps} & set(OPERATIONS)
    kinds = {OPERATIONS[operation].kind for operation in operations}
    return bool(kinds & {"verb", "program"}) and scenario.level != "measure"


def _places(scenario: s.Scenario, transports: Sequence[str]) -> Iterator[_Place]:
    for case, transport in scenario.cells():
        if transport in transports:
            yield _Place(scenario, case, transport)


def _grouped(keys: Sequence[str], pairs: Any) -> dict[str, list[Any]]:
    """Keys in order, each with its distinct values in order."""
    found: dict[str, dict[Any, None]] = {key: {} for key in keys}
    for key, value in pairs:
        found[key][value] = None
    return {key: list(values) for key, values in found.items()}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


__all__ = ["QUICK_LIMIT", "TRANSPORTS", "Catch", "Sensitivity", "lines", "quick_runner", "sensitivity"]
