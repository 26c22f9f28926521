"""Cells: one scenario on one transport under one implementation, run in a worker and judged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.engine import judge as j
from conformance.engine.deviations import Deviation, apply, forbidden
from conformance.engine.differential import Divergence
from conformance.engine.planning import DEFAULT_LIMIT, guard_finding, plan
from conformance.language.deviation_files import ADAPTED, platform_deviations, shipped_deviations
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.model.plan import Plan
from conformance.platforms.base import Interpreter
from conformance.runner.launch import Surroundings
from conformance.runner.process import GRACE, Ended, WorkerProcess
from conformance.tables.selectors import Host

MAX_CELLS_PER_WORKER = 5000

FIXTURE_PATIENCE = 10.0
"""Seconds beyond a step's patience that a worker may be silent before the first step."""


@dataclass(frozen=True)
class Outcome:
    """What became of a cell."""

    cell: Cell
    verdict: j.Verdict
    observations: Mapping[int, o.Observation]
    seconds: float
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    divergence: Divergence | None = None
    """Where it first does something else than the raw socket; None for the raw socket itself, and for nowhere."""
    evidence: Mapping[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """By step, the sockets as they were when it was over, where that was asked for."""
    used: frozenset[str] | None = None
    """The attributes of the implementation that the worker's process used; None where it does not note them."""
    fixture_failed: bool = False
    """Whether a call raised while the fixture was made."""
    played: Mapping[str, int] | None = None
    """Of a cell with a tape: how many ``calls`` reached taped sockets, and how many events were ``played``."""
    capture: Mapping[str, Any] | None = None
    """All packets, as the worker told them, where that was asked for."""


@dataclass
class Told:
    """What a worker told of one cell so far."""

    observations: dict[int, o.Observation] = field(default_factory=dict)
    evidence: dict[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    end: dict[str, Any] | None = None
    ended: Ended | None = None
    stuck: bool = False


class Runner:
    """Runs cells in one worker, which is replaced when a cell breaks it, until it is closed.

    ``limit``: seconds that a step may take where neither it nor its file says so, times the host's scale.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        surroundings: Surroundings,
        deviations: tuple[Deviation, ...] = (),
        limit: float = DEFAULT_LIMIT,
    ) -> None:
        self._interpreter = interpreter
        self._surroundings = surroundings
        self._deviations = deviations
        self._limit = limit
        self._worker: WorkerProcess | None = None
        self._closed = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts of the host, from the worker itself."""
        return self._ready().facts

    def run(self, cell: Cell) -> Outcome:
        """Runs one cell. Whatever happens to the worker, it costs this cell only."""
        began = time.perf_counter()
        try:
            worker = self._ready()
        except HarnessError as error:
            return Outcome(cell, j.Verdict(j.INCONCLUSIVE, str(error)), {}, 0.0, {})
        host = Host.of(worker.facts)
        finding = guard_finding(cell, host)
        if finding:
            return Outcome(cell, j.Verdict(j.UNSUPPORTED, finding), {}, 0.0, worker.facts)
        harmful = forbidden(self._declared(cell, host), cell, host)
        if harmful:
            return Outcome(cell, harmful, {}, 0.0, worker.facts)
        told = self._listen(worker, plan(cell, host, worker.scale, self._limit))
        seconds = (told.end or {}).get("seconds") or round(time.perf_counter() - began, 6)
        self._retire(worker, told)
        observations = _completed(cell.case, told)
        verdict = self._verdict(cell, host, told, observations)
        end = told.end or {}
        used = frozenset(end["used"]) if "used" in end else None
        return Outcome(cell, verdict, observations, seconds, worker.facts, _notes(told), evidence=told.evidence,
                       used=used, fixture_failed=end.get("fixture", False), played=end.get("tape"),
                       capture=end.get("capture"))  # fmt: skip

    def close(self) -> None:
        """Ends the worker; there will be no other."""
        self._closed = True
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _ready(self) -> WorkerProcess:
        if self._worker is None and not self._closed:
            self._worker = WorkerProcess(self._interpreter, self._surroundings)
            if self._closed:
                self.close()  # again: the worker was starting
        worker = self._worker
        if worker is None:
            raise HarnessError("the run was ended")
        return worker

    def _listen(self, worker: WorkerProcess, made: Plan) -> Told:
        """Takes in what the worker tells of a cell, until its end, its death, or too long a silence."""
        told = Told()
        number = worker.send(made)
        patience = max((step.limit for step in made.steps), default=0.0) + GRACE * worker.scale + FIXTURE_PATIENCE
        while told.end is None:
            try:
                message = worker.receive(patience)
            except TimeoutError:
                told.stuck, told.ended = True, worker.kill()
                return told
            if message is None:
                told.ended = worker.wait()
                return told
            _take_in(told, message, number)
            patience = _patience(made, told.begun) + GRACE * worker.scale
        return told

    def _retire(self, worker: WorkerProcess, told: Told) -> None:
        """Replaces a worker that is gone, that a cell made unclean, or that has served long enough."""
        if told.ended is not None:
            self._worker = None
        elif not (told.end or {}).get("clean") or worker.runs >= MAX_CELLS_PER_WORKER:
            worker.kill()
            self._worker = None

    def _verdict(self, cell: Cell, host: Host, told: Told, observations: Mapping[int, o.Observation]) -> j.Verdict:
        end = told.end or {}
        if "unsupported" in end:
            return j.Verdict(j.UNSUPPORTED, end["unsupported"])
        if "inconclusive" in end:
            return j.Verdict(j.INCONCLUSIVE, end["inconclusive"])
        if told.ended is not None and not told.begun:
            return j.Verdict(j.INCONCLUSIVE, f"the worker {_death(told)} before the first step")
        return self.judged(cell, host, observations)

    def judged(
        self, cell: Cell, host: Host, observations: Mapping[int, o.Observation], excused: frozenset[int] = frozenset()
    ) -> j.Verdict:
        """The verdict on what was observed, given what was declared; ``excused`` as in ``judge``."""
        verdict = j.judge(cell, host, observations, excused)
        return apply(self._declared(cell, host), cell, host, verdict, observations)

    def _declared(self, cell: Cell, host: Host) -> tuple[Deviation, ...]:
        """What the user declared goes first, then what is known of the implementation, then of the platform."""
        known = shipped_deviations(ADAPTED, cell.implementation)
        return (*self._deviations, *known, *platform_deviations(host.facts))


def _patience(made: Plan, begun: Sequence[int]) -> float:
    """Seconds that the worker may be silent: for any step that has begun, and for pending ones, which begin nothing."""
    return max([1.0, *(step.limit for step in made.steps if step.number in begun or step.pending)])


def _take_in(told: Told, message: Mapping[str, Any], number: int) -> None:
    if "begin" in message:
        told.begun.append(message["begin"])
    elif "step" in message:
        told.observations[message["step"]] = observation_from(message["observation"])
        if "evidence" in message:
            told.evidence[message["step"]] = message["evidence"]
    elif message.get("end") == number:
        told.end = dict(message)


def observation_from(value: Mapping[str, Any]) -> o.Observation:
    """An observation from its JSON form."""
    wait = value.get("wait")
    known = {key: item for key, item in value.items() if key not in ("is", "wait")}
    if wait:
        wait = o.Wait(**{key: item for key, item in wait.items() if key != "is"})
    return o.Observation(**known, wait=wait)


def _completed(case: s.Case, told: Told) -> dict[int, o.Observation]:
    """What the worker could not tell any more: the step in which it died, those in which it hung, and those after."""
    observations = dict(told.observations)
    if told.ended is None or not told.begun:
        return observations
    last = told.begun[-1]
    for step in case.steps:
        if step.number in observations:
            continue
        if step.number == last and not told.stuck:
            observations[step.number] = o.crashed(told.ended.status)
        elif step.number in told.begun and told.stuck:
            observations[step.number] = o.Observation(o.HUNG, reason="the worker stopped answering; it was killed")
        else:
            reason = f"the worker {_death(told)} in step {last}"
            observations[step.number] = o.Observation(o.NOT_RUN, blame=last, reason=reason)
    return dict(sorted(observations.items()))


def _death(told: Told) -> str:
    if told.stuck:
        return "stopped answering"
    assert told.ended is not None
    return o.crashed(told.ended.status).reason or "died"


def _notes(told: Told) -> tuple[str, ...]:
    if told.ended is None or not told.ended.stderr.strip():
        return ()
    return tuple(told.ended.stderr.strip().splitlines()[-3:])


def cells_of(
    scenarios: tuple[s.Scenario, ...], transports: tuple[str, ...], implementations: tuple[str, ...]
) -> list[Cell]:
    """Every cell of these scenarios; with ``transports`` only those (``none`` counts as any)."""
    return [
        Cell(scenario, case, transport, implementation)
        for implementation in implementations
        for scenario in scenarios
        for case, transport in scenario.cells()
        if not transports or transport in transports
    ]
