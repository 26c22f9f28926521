"""Drives one cell: the only loop, which joins schedule, actors and clock.

:class:`~conformance.engine.schedule.Schedule` is a state machine without I/O. It says what comes next, and the driver
does it and reports back, until the schedule says :class:`Finished`:

- :class:`Begin`: begin a step. The call goes to the actor's thread or process and runs there; the driver never makes a
  call itself. A step of the network first waits until the packets sent before it have been handed over.
- :class:`Await`: wait until the call of one of these steps returns (an *event*), is proved to wait if the plan says
  that it may block, or exceeds its limit: then the step has *hung*.
- :class:`Confirm`: prove again that parked calls wait. A call that an earlier step has freed may end only after the
  next step has begun, so nothing begins before each parked call is proved waiting once more, or has returned.

All events come through one queue, and the driver waits on that queue alone. Between two waits it looks at the threads
of steps that may block, after 0.2 ms at first and after twice as long each time, up to 5 ms; from the start again once
a thread is in a call in which it may wait. Where nothing can be proved before a certain time, it looks then. The proof
has four parts, in this order: the thread waits (see :mod:`watch`); it has waited as long as the step requires; the
network has settled (see :mod:`settling`); the thread still waits, and no event has come in the meantime. An expectation
changes how long the driver waits, never what it records.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from conformance.engine.schedule import Await, Begin, Confirm, Finished, Schedule
from conformance.model import observation as o
from conformance.model.captures import AnyCapture, CapturedPacket
from conformance.model.errors import HarnessError
from conformance.model.plan import Plan, PlanStep
from conformance.model.socket_state import SocketState
from conformance.tables.faults import NETWORK, ROWS
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.clean_up import clean_up
from conformance.worker.context import WorkerContext
from conformance.worker.set_up import set_up
from conformance.worker.stage import stage_for
from conformance.worker.waiting.watch import PROVEN, Watch

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.005
"""Seconds between two looks at a thread that may be waiting."""

_AT_ONCE = 0.01
"""Seconds within which nearly every call returns that does not wait; a thread is watched only after that."""


class Reports(Protocol):
    """Where the driver reports to. Observations may be kept back until :meth:`begins` or :meth:`pause`."""

    def begins(self, step: int) -> None:
        """A step begins: its call is made after this."""

    def over(self, step: int, observation: o.Observation, evidence: Sequence[SocketState]) -> None:
        """A step is over; ``evidence`` of this moment, if it was asked for."""

    def pause(self) -> None:
        """The driver waits before the next step, or the cell is over."""


class CellRun:
    """One run of one plan."""

    def __init__(self, plan: Plan, adapter: ShapedAdapter, context: WorkerContext, number: int) -> None:
        self._stage = stage_for(plan, adapter, context, number)
        self._actors = self._stage.actors
        self._settling = self._stage.settling
        self._schedule = Schedule(plan.steps)
        self._until: dict[int, float] = {}
        """When the limit of a step is over, once it is awaited."""
        self._proved: dict[int, Watch] = {}
        """By the step that began a call, the watch that proved it waiting."""

    def run(self, reports: Reports) -> None:
        """Sets the cell up and runs all steps. HarnessError if the cell cannot be set up."""
        set_up(self._stage)
        reported: set[int] = set()
        while True:
            command = self._schedule.command()
            fresh = sorted(set(self._schedule.observations) - reported)
            reported.update(fresh)
            evidence = self._stage.side_records.over(fresh) if fresh else []
            for number in fresh:
                reports.over(number, self._schedule.observations[number], evidence)
            if isinstance(command, Begin):
                reports.begins(command.step)
                self._stage.side_records.begins(command.step)
                self._begin(self._schedule.steps[command.step])
                continue
            if fresh:
                reports.pause()
            if isinstance(command, Finished):
                self._stage.faults.packets.carried()  # HarnessError if the forwarder broke
                return
            if isinstance(command, Confirm):
                self._confirm(command.calls)
            else:
                self._await(command)

    def tape_report(self) -> dict[str, int]:
        """How much of the plan's tape was played to actors that are threads of this process."""
        return self._stage.performer.players.report()

    def captured(self) -> tuple[AnyCapture, tuple[CapturedPacket, ...]]:
        """All packets of the cell so far; None if they were not asked for."""
        return self._stage.side_records.captured(self._settling.settled, self._stage.context.scale)

    def clean_up(self) -> bool:
        """Cleans up; False if the worker must be replaced."""
        return clean_up(self._stage, bool(self._schedule.parked()))

    # steps

    def _begin(self, step: PlanStep) -> None:
        if step.actor == NETWORK:
            self._wait_for_handover(step.limit)
        refused = self._actors.start(step)
        if refused is None:
            self._schedule.begun(step.number)
        else:
            self._schedule.impossible(step.number, refused)

    def _wait_for_handover(self, limit: float) -> None:
        """Waits until everything sent before a fault has arrived."""
        deadline, pause = time.monotonic() + limit, _FIRST_PAUSE
        while self._settling.handing_over() and time.monotonic() < deadline:
            self._take_event(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _await(self, command: Await) -> None:
        """Waits until the call of one step returns or is proved waiting, or the limit is over."""
        steps = [self._schedule.steps[number] for number in command.steps]
        now = time.monotonic()
        until = {step.number: self._until.setdefault(step.number, now + step.limit) for step in steps}
        patience = _FIRST_PAUSE if command.may_block else _AT_ONCE
        if self._take_event(min(patience, min(until.values()) - now)):
            return
        watches = {step.number: self._watch(step.number) for step in steps}
        candidates = [step for step in steps if step.number in command.may_block]
        pause = _FIRST_PAUSE
        while not [step for step in candidates if self._proves(step, watches[step.number])]:
            now = time.monotonic()
            left = min(until.values()) - now
            if left <= 0:
                for number in [each for each in until if until[each] <= now]:
                    self._schedule.expired(number, watches[number].whereabouts())
                return
            pause = _FIRST_PAUSE if [each for each in watches.values() if each.came_closer()] else pause
            earliest = self._earliest([(watches[step.number], step) for step in candidates])
            if self._take_event(min(max(pause, earliest), left) if candidates else left):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _earliest(self, watched: Sequence[tuple[Watch, PlanStep]]) -> float:
        """Seconds before which no call can be proved waiting; 0 if unknown."""
        return min(
            [max(self._settling.left(), step.for_at_least - watch.elapsed()) for watch, step in watched] or [0.0]
        )

    def _proves(self, step: PlanStep, watch: Watch) -> bool:
        if not self._waits(watch) or watch.elapsed() < step.for_at_least or not self._settling.settled():
            return False
        again = watch.waiting()
        if again is None or not self._actors.events.empty():
            return False
        self._schedule.waiting(step.number, again)
        self._proved[self._schedule.call_of(step.number)] = watch
        return True

    def _waits(self, watch: Watch) -> bool:
        """True if the call waits; if not, its thread may have moved bytes."""
        waits = watch.waiting() is not None
        if not waits:
            self._settling.moved()
        return waits

    def _confirm(self, calls: tuple[int, ...]) -> None:
        """Waits until each parked call is proved waiting again or has returned, or the shortest limit is over."""
        watches = {number: self._watch_again(number) for number in calls}
        deadline = time.monotonic() + min(self._schedule.steps[number].limit for number in calls)
        pause = _FIRST_PAUSE
        left = set(calls)
        while left and time.monotonic() < deadline:
            left &= set(self._schedule.parked())
            left -= {number for number in left if self._waits(watches[number]) and self._settling.settled()}
            if left and self._take_event(pause):
                continue
            pause = min(pause * 2, _LONGEST_PAUSE)
        while self._take_event():
            pass
        self._schedule.confirmed()

    def _watch_again(self, call: int) -> Watch:
        """Watches a parked call: if its thread has not run since the proof, one look shows that it still waits."""
        proved = self._proved.get(call)
        return proved if proved is not None and proved.certainty == PROVEN else self._watch(call)

    def _take_event(self, seconds: float = 0.0) -> bool:
        event = self._actors.events.take(seconds)
        if event is None:
            return False
        number, observation = event
        if isinstance(observation, HarnessError):
            raise observation
        self._schedule.ended(number, observation)
        return True

    def _watch(self, step: int) -> Watch:
        call = self._schedule.steps[self._schedule.call_of(step)]
        return self._actors.watch(self._actors.actor(call.actor), ROWS[call.operation].waits)
