"""Cells: one scenario on one transport under one implementation, run in a worker and judged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.engine import judge as j
from conformance.engine.deviations import Deviation, apply, forbidden
from conformance.engine.differential import Divergence
from conformance.engine.planning import DEFAULT_LIMIT, guard_finding, plan
from conformance.language.deviation_files import ADAPTED, platform_deviations, shipped_deviations
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.captures import AnyCapture, CapturedPacket
from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.model.facts import HostFacts
from conformance.model.plan import Plan
from conformance.model.protocol import Answer, CellEnd, Played, StepBegun, StepDone
from conformance.model.socket_state import SocketState
from conformance.platforms.base import Interpreter
from conformance.runner.launch import WorkerOptions
from conformance.runner.output import WorkerStopped
from conformance.runner.process import GRACE, BadLine, Ended, WorkerProcess
from conformance.tables.selectors import Host

MAX_CELLS_PER_WORKER = 5000

FIXTURE_PATIENCE = 10.0
"""Seconds beyond a step's patience that a worker may be silent before the first step, times the host's scale."""


@dataclass(frozen=True)
class CellResult:
    """What became of a cell."""

    cell: Cell
    verdict: j.Verdict
    observations: Mapping[int, o.Observation] = field(default_factory=dict)
    seconds: float = 0.0
    facts: HostFacts | None = None
    """The worker's host; None where no worker started."""
    notes: tuple[str, ...] = ()
    divergence: Divergence | None = None
    """The first step at which the cell differs from the raw socket; None if there is none."""
    evidence: Mapping[int, Sequence[SocketState]] = field(default_factory=dict)
    """By step, the sockets as they were when the step was over, where that was asked for."""
    used: frozenset[str] | None = None
    """The attributes of the implementation that the worker's process used; None where it does not note them."""
    fixture: o.FixtureFailure | None = None
    """The call that raised or hung while the fixture was made."""
    played: Played | None = None
    """Of a cell with a tape: what was played."""
    capture: AnyCapture = None
    packets: tuple[CapturedPacket, ...] = ()
    """All packets, where that was asked for."""
    findings: Mapping[int, j.Finding] | None = None
    """By step, whether it met its expectation; None where the cell was not judged."""


@dataclass
class Transcript:
    """What a worker has reported of one cell so far, and how the worker ended where it did."""

    number: int
    """Of the request."""
    steps: frozenset[int]
    """The numbers of the cell's steps."""
    observations: dict[int, o.Observation] = field(default_factory=dict)
    evidence: dict[int, Sequence[SocketState]] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    end: CellEnd | None = None
    ended: Ended | None = None
    stuck: bool = False
    stopped: bool = False
    """Whether the worker's process was found stopped, as by SIGSTOP. Who stopped it cannot be known."""
    bad_line: str = ""
    """Which line was no message of this cell; empty where there was none."""

    def add(self, answer: Answer) -> None:
        """Takes in a message. BadLine where the message does not belong to this cell."""
        if isinstance(answer, StepBegun) and answer.begin in self.steps:
            self.begun.append(answer.begin)
        elif isinstance(answer, StepDone) and answer.step in self.steps:
            self.observations[answer.step] = answer.observation
            if answer.evidence:
                self.evidence[answer.step] = answer.evidence
        elif isinstance(answer, CellEnd) and answer.end == self.number:
            self.end = answer
        else:
            raise BadLine(f"a message from the worker does not belong to this cell: {answer}")


class Runner:
    """Runs cells in one worker, which is replaced when a cell breaks it, until it is closed.

    ``limit``: seconds that a step may take where neither it nor its file says so, times the host's scale.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        options: WorkerOptions,
        deviations: tuple[Deviation, ...] = (),
        limit: float = DEFAULT_LIMIT,
    ) -> None:
        self._interpreter = interpreter
        self._options = options
        self._deviations = deviations
        self._limit = limit
        self._worker: WorkerProcess | None = None
        self._closed = False

    @property
    def facts(self) -> HostFacts:
        """The facts of the host, from the worker itself."""
        return self._ready().hello.facts

    def run(self, cell: Cell) -> CellResult:
        """Runs one cell. Whatever happens to the worker costs this cell only."""
        began = time.perf_counter()
        try:
            worker = self._ready()
        except HarnessError as error:
            return CellResult(cell, j.Verdict(j.INCONCLUSIVE, str(error)))
        hello = worker.hello
        host = Host.of(vars(hello.facts))
        finding = guard_finding(cell, host)
        refused = j.Verdict(j.UNSUPPORTED, finding) if finding else forbidden(self._declared(cell, host), cell, host)
        if refused:
            return CellResult(cell, refused, facts=hello.facts)
        transcript = self._listen(worker, plan(cell, host, hello.scale, self._limit))
        end = transcript.end or CellEnd(0, round(time.perf_counter() - began, 6), clean=False)
        self._retire(worker, transcript.ended, end)
        observations = _completed(cell.case, transcript)
        verdict, findings = _unjudged(transcript, end), None
        if verdict is None:
            verdict, findings = j.judge_and_find(cell, host, observations)
            verdict = apply(self._declared(cell, host), cell, host, verdict, observations)
        return CellResult(
            cell, verdict, observations, end.seconds, hello.facts, _notes(transcript), evidence=transcript.evidence,
            used=None if end.used is None else frozenset(end.used),
            fixture=_fixture(transcript, end), played=end.tape, capture=end.capture, packets=end.packets,
            findings=findings,
        )  # fmt: skip

    def interrupt(self) -> None:
        """Kills the worker, from any thread, and lets no other start; the cell that it runs ends at once."""
        self._closed = True
        if (worker := self._worker) is not None:
            worker.interrupt()

    def close(self) -> None:
        """Ends the worker; there will be no other."""
        self._closed = True
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _ready(self) -> WorkerProcess:
        if self._worker is None and not self._closed:
            self._worker = WorkerProcess(self._interpreter, self._options)
            if self._closed:
                self.close()  # again: the worker was starting
        worker = self._worker
        if worker is None:
            raise HarnessError("the run was ended")
        return worker

    def _listen(self, worker: WorkerProcess, made: Plan) -> Transcript:
        """What the worker reports of a cell until the cell's end, the worker's death, or too long a silence."""
        transcript = Transcript(worker.send(made), frozenset(step.number for step in made.steps))
        grace = GRACE * worker.hello.scale
        patience = max((step.limit for step in made.steps), default=0.0) + grace
        patience += FIXTURE_PATIENCE * worker.hello.scale
        try:
            while transcript.end is None:
                answer = worker.receive(patience)
                if answer is None:
                    transcript.ended = worker.wait()
                    break
                transcript.add(answer)
                if isinstance(answer, StepBegun):
                    patience = _patience(made, transcript.begun) + grace
        except TimeoutError:
            transcript.stuck, transcript.ended = True, worker.kill()
        except WorkerStopped:
            transcript.stopped, transcript.ended = True, worker.kill()
        except BadLine as error:
            transcript.bad_line, transcript.ended = str(error), worker.kill()
        return transcript

    def _retire(self, worker: WorkerProcess, ended: Ended | None, end: CellEnd) -> None:
        """Replaces a worker that is gone, that a cell made unclean, or that has served long enough."""
        if ended is None and end.clean and worker.runs < MAX_CELLS_PER_WORKER:
            return
        if ended is None:
            worker.kill()
        self._worker = None

    def blamed(self, result: CellResult) -> j.Verdict:
        """The verdict on a fixture that failed and that the raw socket can make, known deviations included."""
        assert result.fixture is not None
        cell, call = result.cell, result.fixture.call
        host = Host.of(vars(result.facts)) if result.facts else Host.of({})
        did = result.verdict.reason.removeprefix(f"the fixture failed: {call} ")
        verdict = j.Verdict(j.FAIL, f"{result.verdict.reason}; with the raw socket it does not", None, "returns", did)
        return apply(self._declared(cell, host), cell, host, verdict, {}, call)

    def judged(
        self, cell: Cell, host: Host, observations: Mapping[int, o.Observation], excused: frozenset[int] = frozenset()
    ) -> j.Verdict:
        """The verdict on the observations, known deviations included; ``excused`` as in ``judge``."""
        verdict = j.judge(cell, host, observations, excused)
        return apply(self._declared(cell, host), cell, host, verdict, observations)

    def _declared(self, cell: Cell, host: Host) -> tuple[Deviation, ...]:
        """The known deviations: first the user's, then those of the implementation, then those of the platform."""
        known = shipped_deviations(ADAPTED, cell.implementation)
        return (*self._deviations, *known, *platform_deviations(host.facts))


def _unjudged(transcript: Transcript, end: CellEnd) -> j.Verdict | None:
    """The verdict on a cell that cannot be judged; None if it can."""
    if transcript.bad_line:
        return j.Verdict(j.INCONCLUSIVE, transcript.bad_line)
    if transcript.stopped:
        where = f"in step {transcript.begun[-1]}" if transcript.begun else "before the first step"
        return j.Verdict(j.INCONCLUSIVE, f"the worker's process was stopped by a signal {where}; it was killed")
    if end.unsupported is not None:
        return j.Verdict(j.UNSUPPORTED, end.unsupported)
    if end.inconclusive is not None:
        return j.Verdict(j.INCONCLUSIVE, end.inconclusive)
    if transcript.ended is not None and not transcript.begun:
        return j.Verdict(j.INCONCLUSIVE, f"the worker {_death(transcript)} before the first step")
    return None


def _patience(made: Plan, begun: Sequence[int]) -> float:
    """Seconds that the worker may be silent: the longest limit of a step that has begun or is pending."""
    return max([1.0, *(step.limit for step in made.steps if step.number in begun or step.pending)])


def _completed(case: s.Case, transcript: Transcript) -> dict[int, o.Observation]:
    """The observations, and where the worker ended early, those of the steps that it could not report."""
    observations, ended = dict(transcript.observations), transcript.ended
    if ended is None or not transcript.begun or transcript.bad_line or transcript.stopped:
        return observations
    last = transcript.begun[-1]
    for step in case.steps:
        if step.number in observations:
            continue
        if step.number == last and not transcript.stuck:
            observations[step.number] = o.crashed(ended.status)
        elif step.number in transcript.begun and transcript.stuck:
            observations[step.number] = o.Observation(o.HUNG, reason="the worker stopped answering; it was killed")
        else:
            reason = f"the worker {_death(transcript)} in step {last}"
            observations[step.number] = o.Observation(o.NOT_RUN, blame=last, reason=reason)
    return dict(sorted(observations.items()))


def _fixture(transcript: Transcript, end: CellEnd) -> o.FixtureFailure | None:
    """What failed of the fixture: also where the worker stopped answering in it."""
    if end.fixture is None and transcript.stuck and not transcript.begun:
        return o.FixtureFailure("the fixture", hung=True)
    return end.fixture


def _death(transcript: Transcript) -> str:
    if transcript.stuck:
        return "stopped answering"
    assert transcript.ended is not None
    return o.crashed(transcript.ended.status).reason or "died"


def _notes(transcript: Transcript) -> tuple[str, ...]:
    """The last words of a worker that ended."""
    return tuple(transcript.ended.stderr.strip().splitlines()[-3:]) if transcript.ended else ()


def cells_of(
    scenarios: tuple[s.Scenario, ...], transports: tuple[str, ...], implementations: tuple[str, ...]
) -> list[Cell]:
    """Every cell of these scenarios; with ``transports`` only the cells over these."""
    return [
        Cell(scenario, case, transport, implementation)
        for implementation in implementations
        for scenario in scenarios
        for case, transport in scenario.cells()
        if not transports or transport in transports
    ]
