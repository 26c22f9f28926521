"""Mutation testing: searches which scenarios kill which mutants. A scenario that kills none proves nothing.

A cell counts only if the raw socket passes it every time and the correct wrappers pass it too. It kills a mutant if it
fails under the mutant twice, at the same step.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.engine import judge as j
from conformance.engine.wording import counted
from conformance.model import scenario as s
from conformance.model.cell import MEASURE, Cell
from conformance.mutants import CORRECT, Mutant
from conformance.report.kills import BOTH, MUTANTS, SCENARIOS, Kill, Sensitivity
from conformance.runner.cells import CellResult, Runner
from conformance.runner.differential_runner import RAW
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.pairing import Pairs, Witness
from conformance.runner.pool import CellRunner, Pool
from conformance.tables.operations import OPERATIONS
from conformance.tables.transports import TRANSPORTS as ALL_TRANSPORTS

TRANSPORTS = ("loopback", "unix", "socketpair", "udp", "unix-dgram")
"""One transport of each kind: the others would repeat the same results. A scenario without any of these is run on all
transports that it has."""

QUICK_LIMIT = 1.5
"""Seconds after which a step counts as hung, times the host's scale; the raw socket has to keep this limit as well."""

Progress = Callable[[str], None]
"""Takes one line of progress at a time."""


def quick_runner(hosts: bool = False) -> Runner:
    """A runner in this Python with short limits; with two hosts if any cell needs them."""
    return Runner(OWN, WorkerOptions(hosts=hosts), limit=QUICK_LIMIT)


@dataclass(frozen=True)
class Settings:
    """How to search.

    ``settle``: stop once this is known; ``every_pair``: do not stop early. ``thorough``: before any mutant, run each
    cell with the raw socket twice and with all correct wrappers; otherwise once each with the raw socket and the noting
    wrapper, and with the raw socket again after a kill; then no ``fails_only_if`` is checked, since it is about sockets
    and not about functions of a module. ``equivalent``: mutants to leave out, with the reasons.
    """

    transports: Sequence[str] = TRANSPORTS
    workers: int = 2
    settle: str = BOTH
    every_pair: bool = False
    thorough: bool = True
    equivalent: Mapping[str, str] = field(default_factory=dict)
    runner_factory: Callable[[bool], CellRunner] = quick_runner


def sensitivity(
    scenarios: Sequence[s.Scenario],
    mutants: Sequence[Mutant],
    settings: Settings = Settings(),
    progress: Progress = lambda line: None,
) -> Sensitivity:
    """Runs scenarios under mutants until what is to be settled is known, or all pairs were run."""
    judged = [each for each in scenarios if each.level != MEASURE]
    places = [place for scenario in judged for place in _places(scenario, settings.transports)]
    hosts = any(ALL_TRANSPORTS[place.transport].hosts for place in places)
    left_out = {each.name: settings.equivalent[each.name] for each in mutants if each.name in settings.equivalent}
    mutants = [each for each in mutants if each.name not in left_out]
    with Pool(lambda: settings.runner_factory(hosts), settings.workers) as runners:
        trials = list(runners.map(lambda place: _trial(place, runners, settings.thorough), places))
        witnesses = [each.witness for each in trials if each.witness]
        wrappers = counted(len(_wrappers(settings.thorough)), "correct wrapper")
        progress(f"{RAW} and {wrappers} pass {counted(len(witnesses), 'cell')} of {len(places)}")
        search = _Search(Pairs(mutants, witnesses), runners, progress, settings.thorough)
        names = tuple(dict.fromkeys(each.scenario.id for each in witnesses))
        search.run(mutants, names, settings)
    return Sensitivity(
        mutants=tuple(each.name for each in mutants),
        scenarios=names,
        cells=len(witnesses),
        settled=settings.settle,
        pairs=len(search.pairs),
        tried=len(search.tried),
        kills=tuple(search.kills),
        false_alarms=tuple(alarm for each in trials for alarm in each.alarms),
        unsteady=tuple(each.place.cell(RAW).id for each in trials if each.unsteady),
        not_here={each.place.scenario.id: each.why_not for each in trials if each.place.scenario.id not in names},
        reasons={each.id: each.fails_only_if for each in judged if each.fails_only_if and settings.thorough},
        equivalent=left_out,
    )


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
    """The result of a cell under the raw socket and the correct wrappers."""

    place: _Place
    witness: Witness | None = None
    alarms: tuple[Kill, ...] = ()
    unsteady: bool = False
    why_not: str = ""


class _Search:
    """Tries pairs and keeps the kills; all threads of the runners use it at once."""

    def __init__(self, pairs: Pairs, runners: Pool, progress: Progress, thorough: bool) -> None:
        self.pairs, self._runners, self._progress, self._thorough = pairs, runners, progress, thorough
        self.tried: Counter[tuple[str, str]] = Counter()
        """How many cells of each pair were run."""
        self.kills: list[Kill] = []
        self._killed: set[str] = set()
        self._killing: set[str] = set()
        self._hits: Counter[str] = Counter()
        self._seconds: dict[str, float] = defaultdict(float)
        self._kin: dict[str, Counter[str]] = defaultdict(Counter)
        """By operator and by call of generated mutants: how many each scenario killed."""

    def run(self, mutants: Sequence[Mutant], scenarios: Sequence[str], settings: Settings) -> None:
        """Tries as many pairs as it takes."""
        if settings.every_pair:
            self._each(self._matrix, mutants)
            return
        if settings.settle != SCENARIOS:
            self._each(self._mutant, mutants)
            self._progress(f"{len(self._killed)} of {counted(len(mutants), 'mutant')} killed")
        if settings.settle != MUTANTS:
            self._each(self._scenario, [each for each in scenarios if each not in self._killing])

    def _each(self, function: Callable[[Any], None], items: Iterable[Any]) -> None:
        for _ in self._runners.map(function, items):
            pass

    def _mutant(self, row: Mutant) -> None:
        """Tries scenarios until one kills the mutant, in two rounds: one cell of each scenario, then all cells."""
        for number in _ROUNDS:
            left = self.pairs.scenarios(row.name)
            while left and row.name not in self._killed:
                found = self._next(row, left)
                left.remove(found)
                self._pair(row, found, number)
        if row.kin and row.name not in self._killed:
            self._progress(f"{row.name}: survived")

    def _next(self, row: Mutant, left: Sequence[str]) -> str:
        """The scenario that killed most kin; else a likely one that has killed nothing yet; else the likeliest."""
        kin: Counter[str] = sum((self._kin[each] for each in row.kin), Counter())
        if row.kin:
            return max([*left[:_AHEAD], *sorted(set(left) & set(kin))], key=lambda each: kin[each])
        return next((each for each in left[:_AHEAD] if each not in self._killing), left[0])

    def _scenario(self, name: str) -> None:
        """Tries mutants until the scenario kills one; likely ones first, and those that are killed soon."""
        for number in _ROUNDS:
            left = self.pairs.mutants(name)
            while left and name not in self._killing:
                found = max(left, key=lambda row: self.pairs.likelihood(row.name, name) * self._rate(row.name))
                left.remove(found)
                self._pair(found, name, number)

    def _rate(self, mutant: str) -> float:
        """Kills of a mutant per second spent on it: one that hangs takes long."""
        return (self._hits[mutant] + 1) / (self._seconds[mutant] + 1)

    def _matrix(self, row: Mutant) -> None:
        for name in self.pairs.scenarios(row.name):
            self._pair(row, name, None)
        self._progress(f"{row.name}: killed by {self._hits[row.name]}")

    def _pair(self, row: Mutant, scenario: str, number: int | None) -> None:
        """Runs the first ``number`` cells of a scenario, or all, but for those that were run, until one fails."""
        done = self.tried[row.name, scenario]
        cells = self.pairs.cells(row.name, scenario)[done:number]
        self.tried[row.name, scenario] = done + len(cells)
        for witness in cells:
            place = _Place(witness.scenario, witness.case, witness.transport)
            outcome, found = _run(row, place, self._runners)
            self._seconds[row.name] += outcome.seconds * (2 if found else 1)
            if found and (self._thorough or self._runners.run(place.cell(RAW)).verdict.kind == j.PASS):
                self._keep(row, found)
                return

    def _keep(self, row: Mutant, kill: Kill) -> None:
        self.kills.append(kill)
        self._hits[row.name] += 1
        self._killed.add(row.name)
        self._killing.add(kill.scenario)
        for each in row.kin:
            self._kin[each][kill.scenario] += 1
        if row.kin:
            self._progress(f"{row.name}: killed by {kill.scenario}, step {kill.step}")


_AHEAD = 12
"""A scenario that has killed nothing yet goes first if it is among this many likeliest."""

_ROUNDS = (1, None)
"""How many cells of a pair each round runs: first the quickest of every pair, then all."""


def _wrappers(thorough: bool) -> Mapping[str, Mutant]:
    return CORRECT if thorough else {"noting": CORRECT["noting"]}


def _trial(place: _Place, runners: Pool, thorough: bool) -> _Trial:
    verdicts = [runners.run(place.cell(RAW)).verdict for _ in range(2 if thorough else 1)]
    bad = [verdict for verdict in verdicts if verdict.kind != j.PASS]
    if bad:
        why_not = f"{bad[0].kind}: {bad[0].reason or bad[0].observed}"
        return _Trial(place, unsteady=len(bad) < len(verdicts), why_not=why_not)
    found = {name: _run(row, place, runners) for name, row in _wrappers(thorough).items()}
    alarms = tuple(alarm for _, alarm in found.values() if alarm)
    if alarms:
        return _Trial(place, alarms=alarms, why_not="a correct wrapper fails")
    noting, _ = found["noting"]
    used = None if _has_processes(place) else noting.used
    return _Trial(place, Witness(place.scenario, place.case, place.transport, noting.seconds, used))


def _run(row: Mutant, place: _Place, runners: Pool) -> tuple[CellResult, Kill | None]:
    """The outcome of a cell under a mutant; the kill, if it fails twice at the same step."""
    first = runners.run(place.cell(row.reference))
    if first.verdict.kind != j.FAIL:
        return first, None
    again = runners.run(place.cell(row.reference)).verdict
    same = (again.kind, again.step) == (first.verdict.kind, first.verdict.step)
    return first, _kill(row, place, first.verdict) if same else None


def _kill(row: Mutant, place: _Place, verdict: j.Verdict) -> Kill:
    step = next(each for each in place.case.steps if each.number == verdict.step)
    return Kill(
        mutant=row.name,
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
