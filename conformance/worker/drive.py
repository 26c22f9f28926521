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
of steps that may block, after 0.2 ms at first and after twice as long each time, up to 20 ms. The proof has four parts,
in this order: the thread waits (see :mod:`watch`); it has waited as long as the step requires; the network has settled
(see :mod:`settling`); the thread still waits, and no event has come in the meantime. An expectation changes how long
the driver waits, never what it records.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence

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
from conformance.worker.waiting.watch import Watch

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.02
"""Seconds between two looks at a thread that may be waiting."""

Report = Callable[[int, o.Observation, "Sequence[SocketState]"], None]
"""Called with each step's observation as it is made, and the evidence of that moment, if it was asked for."""


class CellRun:
    """One run of one plan."""

    def __init__(self, plan: Plan, adapter: ShapedAdapter, context: WorkerContext, number: int) -> None:
        self._stage = stage_for(plan, adapter, context, number)
        self._actors = self._stage.actors
        self._settling = self._stage.settling
        self._schedule = Schedule(plan.steps)
        self._until: dict[int, float] = {}
        """When the limit of a step is over, once it is awaited."""

    def run(self, begins: Callable[[int], None], report: Report) -> None:
        """Sets the cell up and runs all steps. HarnessError if the cell cannot be set up."""
        set_up(self._stage)
        reported: set[int] = set()
        while True:
            command = self._schedule.command()
            fresh = sorted(set(self._schedule.observations) - reported)
            reported.update(fresh)
            evidence = self._stage.side_records.over(fresh) if fresh else []
            for number in fresh:
                report(number, self._schedule.observations[number], evidence)
            if isinstance(command, Finished):
                self._stage.faults.packets.carried()  # HarnessError if the forwarder broke
                return
            if isinstance(command, Begin):
                begins(command.step)
                self._stage.side_records.begins(command.step)
                self._begin(self._schedule.steps[command.step])
            elif isinstance(command, Confirm):
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
        watches = {step.number: self._watch(step.number) for step in steps}
        began, pause = time.monotonic(), _FIRST_PAUSE
        until = {step.number: self._until.setdefault(step.number, began + step.limit) for step in steps}
        while True:
            now = time.monotonic()
            left = min(until.values()) - now
            if left <= 0:
                for number in [each for each in until if until[each] <= now]:
                    self._schedule.expired(number, watches[number].whereabouts())
                return
            if self._take_event(min(pause, left) if command.may_block else left):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
            proved = [step for step in steps if step.number in command.may_block and self._proves(step, watches)]
            if proved:
                return

    def _proves(self, step: PlanStep, watches: Mapping[int, Watch]) -> bool:
        watch = watches[step.number]
        if not self._waits(watch) or watch.elapsed() < step.for_at_least or not self._settling.settled():
            return False
        again = watch.waiting()
        if again is None or not self._actors.events.empty():
            return False
        self._schedule.waiting(step.number, again)
        return True

    def _waits(self, watch: Watch) -> bool:
        """True if the call waits; if not, its thread may have moved bytes."""
        waits = watch.waiting() is not None
        if not waits:
            self._settling.moved()
        return waits

    def _confirm(self, calls: tuple[int, ...]) -> None:
        """Waits until each parked call is proved waiting again or has returned, or the shortest limit is over."""
        watches = {number: self._watch(number) for number in calls}
        deadline = time.monotonic() + min(self._schedule.steps[number].limit for number in calls)
        pause = _FIRST_PAUSE
        left = set(calls)
        while left and time.monotonic() < deadline:
            left &= set(self._schedule.parked())
            left -= {number for number in left if self._waits(watches[number]) and self._settling.settled()}
            if left and self._take_event(pause):
                continue
            pause = min(pause * 2, _LONGEST_PAUSE)
        while self._take_event(0):
            pass
        self._schedule.confirmed()

    def _take_event(self, seconds: float) -> bool:
        events = self._actors.events
        try:
            number, observation = events.get(timeout=seconds) if seconds > 0 else events.get_nowait()
        except queue.Empty:
            return False
        if isinstance(observation, HarnessError):
            raise observation
        self._schedule.ended(number, observation)
        return True

    def _watch(self, step: int) -> Watch:
        call = self._schedule.steps[self._schedule.call_of(step)]
        return self._actors.watch(self._actors.actor(call.actor), ROWS[call.operation].waits)
