"""Sensitivity: which scenarios catch which deliberately wrong implementation. What catches nothing proves nothing.

Measured against the raw socket of the same session: a cell counts only if it passes there, every time, and under the
correct wrappers too; a wrong implementation is caught where such a cell fails, twice at the same step.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from conformance.engine import judge as j
from conformance.engine.wording import counted
from conformance.model import scenario as s
from conformance.model.cell import MEASURE, Cell
from conformance.mutants import CORRECT, WrongImplementation
from conformance.runner.cells import CellResult, Runner
from conformance.runner.differential_runner import RAW
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.pairing import Pairs, Witness
from conformance.runner.pool import CellRunner, Pool
from conformance.tables.operations import OPERATIONS
from conformance.tables.transports import TRANSPORTS as ALL_TRANSPORTS

TRANSPORTS = ("loopback", "unix", "socketpair", "udp", "unix-dgram")
"""One transport of each kind: the others repeat what these show, at a cost. A scenario that has none of these is run on
all that it has."""

QUICK_LIMIT = 1.5
"""Seconds after which a step counts as hung here, times the host's scale: the raw socket keeps to it as well."""

RAW_RUNS = 2
"""How often the raw socket must pass a cell: one that does not always pass is no witness."""

IMPLEMENTATIONS, SCENARIOS, BOTH = "implementations", "scenarios", "both"
"""What is to be settled: whether each wrong implementation is caught, whether each scenario catches one, or both."""


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
    """What was found.

    ``scenarios`` are those with a cell that may count; ``pairs`` how many pairs of scenario and wrong implementation
    have a cell that uses what the implementation changes, and ``tried`` how many of them were run.
    """

    implementations: tuple[str, ...]
    scenarios: tuple[str, ...]
    cells: int
    settled: str
    """What the run was to settle: implementations, scenarios or both."""
    pairs: int
    tried: int
    catches: tuple[Catch, ...]
    false_alarms: tuple[Catch, ...]
    unsteady: tuple[str, ...]
    """Cells that the raw socket does not pass every time; they are no witnesses."""
    not_here: dict[str, str]
    """Scenarios of which no cell passes here, and why."""
    reasons: dict[str, str]
    """Scenarios that say what it would take to fail them."""

    def catching(self) -> dict[str, list[str]]:
        """Implementation to the scenarios that are known to catch it."""
        return _grouped(self.implementations, ((each.implementation, each.scenario) for each in self.catches))

    def caught_by(self) -> dict[str, list[str]]:
        """Scenario to the implementations that it is known to catch."""
        return _grouped(self.scenarios, ((each.scenario, each.implementation) for each in self.catches))

    def uncaught(self) -> list[str]:
        """Implementations that no scenario catches; none where they were not to be settled."""
        return [name for name, found in self.catching().items() if not found and self.settled != SCENARIOS]

    def idle(self) -> dict[str, str]:
        """Scenarios that catch nothing, with what they say it would take; "" where they do not say it.

        None where scenarios were not to be settled.
        """
        if self.settled == IMPLEMENTATIONS:
            return {}
        return {name: self.reasons.get(name, "") for name, found in self.caught_by().items() if not found}

    def unexplained(self) -> list[str]:
        """Scenarios that catch nothing and do not say what it would take."""
        return [name for name, reason in self.idle().items() if not reason]

    def wrongly_explained(self) -> dict[str, list[str]]:
        """Scenarios that say that it would take something else, and what they catch all the same."""
        return {name: found for name, found in self.caught_by().items() if found and name in self.reasons}

    def as_json(self) -> dict[str, Any]:
        """Everything, and what follows from it, as JSON values."""
        return {
            **asdict(self),
            "complete": self.tried == self.pairs,
            "catching": self.catching(),
            "caught_by": self.caught_by(),
            "uncaught": self.uncaught(),
            "idle": self.idle(),
            "unexplained": self.unexplained(),
            "wrongly_explained": self.wrongly_explained(),
        }


Progress = Callable[[str], None]
"""Told one line now and then."""


def quick_runner(hosts: bool = False) -> Runner:
    """A runner for sensitivity runs: this Python, short limits, two hosts if any cell needs them."""
    return Runner(OWN, WorkerOptions(hosts=hosts), limit=QUICK_LIMIT)


def sensitivity(  # noqa: PLR0913 (one parameter for each option of the command)
    scenarios: Sequence[s.Scenario],
    implementations: Sequence[WrongImplementation],
    runner_factory: Callable[[bool], CellRunner] = quick_runner,
    progress: Progress = lambda line: None,
    *,
    transports: Sequence[str] = TRANSPORTS,
    workers: int = 2,
    settle: str = BOTH,
    every_pair: bool = False,
) -> Sensitivity:
    """Runs scenarios under wrong implementations until that is settled, or all pairs, and says who catches whom."""
    judged = [each for each in scenarios if each.level != MEASURE]
    places = [place for scenario in judged for place in _places(scenario, transports)]
    hosts = any(ALL_TRANSPORTS[place.transport].hosts for place in places)
    with Pool(lambda: runner_factory(hosts), workers) as runners:
        trials = list(runners.map(lambda place: _trial(place, runners), places))
        witnesses = [each.witness for each in trials if each.witness]
        alarms = [alarm for each in trials for alarm in each.alarms]
        progress(f"{RAW} and {len(CORRECT)} correct wrappers pass {counted(len(witnesses), 'cell')} of {len(places)}")
        search = _Search(Pairs(implementations, witnesses), runners, progress)
        names = tuple(dict.fromkeys(each.scenario.id for each in witnesses))
        search.run(implementations, names, settle, every_pair)
    return Sensitivity(
        implementations=tuple(each.name for each in implementations),
        scenarios=names,
        cells=len(witnesses),
        settled=settle,
        pairs=len(search.pairs),
        tried=len(search.tried),
        catches=tuple(search.catches),
        false_alarms=tuple(alarms),
        unsteady=tuple(each.place.cell(RAW).id for each in trials if each.unsteady),
        not_here={each.place.scenario.id: each.why_not for each in trials if each.place.scenario.id not in names},
        reasons={each.id: each.fails_only_if for each in judged if each.fails_only_if},
    )


def lines(found: Sensitivity) -> Iterator[str]:
    """The result for people: who is caught by which step, and who is not."""
    for name, catches in _grouped(found.implementations, ((c.implementation, c) for c in found.catches)).items():
        if catches:
            yield f"{name}: {counted(len(catches), 'scenario')}"
        for each in sorted(catches, key=lambda each: each.scenario):
            yield f"    {each.scenario}, step {each.step} ({each.operation}): {each.expected}; {each.observed}"
    yield from _summary(found)
    yield from (f"not caught: {name}" for name in found.uncaught())
    yield from (f'catches nothing, and has no "fails_only_if": {name}' for name in found.unexplained())
    for name, caught in found.wrongly_explained().items():
        yield f'catches {", ".join(caught)}, in spite of its "fails_only_if": {name}'
    yield from (f"false alarm of {each.implementation}: {each.cell}, step {each.step}: {each.observed}"
                for each in found.false_alarms)  # fmt: skip
    yield from (f"unsteady: {cell}" for cell in found.unsteady)


def _summary(found: Sensitivity) -> Iterator[str]:
    caught, catching = ({getattr(each, name) for each in found.catches} for name in ("implementation", "scenario"))
    idle = found.idle()
    explained = sum(1 for reason in idle.values() if reason)
    yield f"{len(caught)} of {counted(len(found.implementations), 'wrong implementation')} caught"
    yield f"{len(catching)} of {counted(len(found.scenarios), 'scenario')} catch one, {explained} say why they do not"
    yield f"{found.tried} of {counted(found.pairs, 'pair')} that can differ were run"
    if found.not_here:
        yield f"{counted(len(found.not_here), 'scenario')} beside these: not to be had on this host"


@dataclass(frozen=True)
class _Place:
    """A cell without its implementation."""

    scenario: s.Scenario
    case: s.Case
    transport: str

    def cell(self, implementation: str) -> Cell:
        return Cell(self.scenario, self.case, self.transport, implementation)


@dataclass(frozen=True)
class _Trial:
    """What became of a cell under the raw socket and the correct wrappers."""

    place: _Place
    witness: Witness | None = None
    alarms: tuple[Catch, ...] = ()
    unsteady: bool = False
    why_not: str = ""


class _Search:
    """Tries pairs, and keeps who caught whom; used by all threads of the runners at once."""

    def __init__(self, pairs: Pairs, runners: Pool, progress: Progress) -> None:
        self.pairs, self._runners, self._progress = pairs, runners, progress
        self.tried: Counter[tuple[str, str]] = Counter()
        """Pairs to how many of their cells were run."""
        self.catches: list[Catch] = []
        self._caught: set[str] = set()
        self._catching: set[str] = set()
        self._hits: Counter[str] = Counter()
        self._seconds: dict[str, float] = defaultdict(float)

    def run(
        self, implementations: Sequence[WrongImplementation], scenarios: Sequence[str], settle: str, every_pair: bool
    ) -> None:
        """Tries as many pairs as it takes."""
        if every_pair:
            self._each(self._matrix, implementations)
            return
        if settle != SCENARIOS:
            self._each(self._implementation, implementations)
            self._progress(f"{len(self._caught)} of {len(implementations)} wrong implementations caught")
        if settle != IMPLEMENTATIONS:
            self._each(self._scenario, [each for each in scenarios if each not in self._catching])

    def _each(self, function: Callable[[Any], None], items: Iterable[Any]) -> None:
        for _ in self._runners.map(function, items):
            pass

    def _implementation(self, row: WrongImplementation) -> None:
        """Tries scenarios until one catches it: likely ones first, before others those that have caught nothing yet."""
        for number in _ROUNDS:
            left = self.pairs.scenarios(row.name)
            while left and row.name not in self._caught:
                found = next((each for each in left[:_AHEAD] if each not in self._catching), left[0])
                left.remove(found)
                self._pair(row, found, number)

    def _scenario(self, name: str) -> None:
        """Tries implementations until it catches one: likely ones first, above all those that are caught soon."""
        for number in _ROUNDS:
            left = self.pairs.implementations(name)
            while left and name not in self._catching:
                found = max(left, key=lambda row: self.pairs.likelihood(row.name, name) * self._rate(row.name))
                left.remove(found)
                self._pair(found, name, number)

    def _rate(self, implementation: str) -> float:
        """How often it was caught so far, for the time that was spent on it: one that hangs takes long."""
        return (self._hits[implementation] + 1) / (self._seconds[implementation] + 1)

    def _matrix(self, row: WrongImplementation) -> None:
        for name in self.pairs.scenarios(row.name):
            self._pair(row, name, None)
        self._progress(f"{row.name}: caught by {self._hits[row.name]}")

    def _pair(self, row: WrongImplementation, scenario: str, number: int | None) -> None:
        """Runs the first so many cells of a scenario, or all, as far as they were not run, until one fails."""
        done = self.tried[row.name, scenario]
        cells = self.pairs.cells(row.name, scenario)[done:number]
        self.tried[row.name, scenario] = done + len(cells)
        for witness in cells:
            place = _Place(witness.scenario, witness.case, witness.transport)
            outcome, found = _run(row, place, self._runners)
            self._seconds[row.name] += outcome.seconds * (2 if found else 1)
            if found:
                self.catches.append(found)
                self._hits[row.name] += 1
                self._caught.add(row.name)
                self._catching.add(scenario)
                return


_AHEAD = 12
"""Of so many likely scenarios, one that has caught nothing yet goes before the likeliest."""

_ROUNDS = (1, None)
"""How many cells of a pair each round runs: first the quickest of every pair, then all."""


def _trial(place: _Place, runners: Pool) -> _Trial:
    verdicts = [runners.run(place.cell(RAW)).verdict for _ in range(RAW_RUNS)]
    passed = sum(verdict.kind == j.PASS for verdict in verdicts)
    if passed < RAW_RUNS:
        worst = next(verdict for verdict in verdicts if verdict.kind != j.PASS)
        return _Trial(place, unsteady=passed > 0, why_not=f"{worst.kind}: {worst.reason or worst.observed}")
    found = {name: _run(row, place, runners) for name, row in CORRECT.items()}
    alarms = tuple(alarm for _, alarm in found.values() if alarm)
    if alarms:
        return _Trial(place, alarms=alarms, why_not="a correct wrapper fails")
    noting, _ = found["noting"]
    used = None if _has_processes(place) else noting.used
    return _Trial(place, Witness(place.scenario, place.case, place.transport, noting.seconds, used))


def _run(row: WrongImplementation, place: _Place, runners: Pool) -> tuple[CellResult, Catch | None]:
    """A cell under an implementation; a failure must repeat at the same step, so that chance catches nothing."""
    first = runners.run(place.cell(row.reference))
    if first.verdict.kind != j.FAIL:
        return first, None
    again = runners.run(place.cell(row.reference)).verdict
    same = (again.kind, again.step) == (first.verdict.kind, first.verdict.step)
    return first, _catch(row, place, first.verdict) if same else None


def _catch(row: WrongImplementation, place: _Place, verdict: j.Verdict) -> Catch:
    step = next(each for each in place.case.steps if each.number == verdict.step)
    return Catch(
        implementation=row.name,
        scenario=place.scenario.id,
        cell=place.cell(RAW).id,
        step=step.number,
        line=step.position.line,
        operation=f"{step.actor} {step.operation}",
        expected=verdict.expected,
        observed=verdict.observed,
        reason=verdict.reason,
    )


def _has_processes(place: _Place) -> bool:
    """Whether anything is done in another process than the worker's."""
    if any(each.has_process for each in place.scenario.actors.values()):
        return True
    operations = {step.operation for step in place.case.steps} & set(OPERATIONS)
    return any(OPERATIONS[operation].kind == "process" for operation in operations)


def _places(scenario: s.Scenario, transports: Sequence[str]) -> Iterator[_Place]:
    chosen = [each for each in scenario.transports if each in transports] or scenario.transports
    for case, transport in scenario.cells():
        if transport in chosen:
            yield _Place(scenario, case, transport)


def _grouped(keys: Sequence[str], pairs: Any) -> dict[str, list[Any]]:
    """Keys in order, each with its distinct values in order."""
    found: dict[str, dict[Any, None]] = {key: {} for key in keys}
    for key, value in pairs:
        found[key][value] = None
    return {key: list(values) for key, values in found.items()}


__all__ = ["BOTH", "IMPLEMENTATIONS", "QUICK_LIMIT", "SCENARIOS", "TRANSPORTS", "Catch", "Sensitivity",
           "lines", "quick_runner", "sensitivity"]  # fmt: skip
