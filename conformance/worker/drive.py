"""The only loop: joins schedule, actors and clock for one cell."""

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
from conformance.worker.stage import Hosts, Stage, Surroundings
from conformance.worker.waiting.watch import Watch

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.02
"""Seconds between two looks at a thread that may be waiting."""

Report = Callable[[int, o.Observation, "Sequence[SocketState]"], None]
"""Told each step's observation as it is made, and the evidence of that moment where it was asked for."""


class Cell:
    """One run of one plan."""

    def __init__(self, plan: Plan, adapter: ShapedAdapter, around: Surroundings, number: int) -> None:
        self._stage = Stage(plan, adapter, around, number)
        self._events = self._stage.events
        self._settling = self._stage.settling
        self._schedule = Schedule(plan.steps)
        self._until: dict[int, float] = {}
        """When the limit of a step is over, once it is awaited."""

    def run(self, begins: Callable[[int], None], report: Report) -> None:
        """Runs all steps. HarnessError where the fixture cannot be made."""
        self._stage.set_up()
        reported: set[int] = set()
        while True:
            command = self._schedule.command()
            fresh = sorted(set(self._schedule.observations) - reported)
            reported.update(fresh)
            evidence = self._stage.over(fresh) if fresh else []
            for number in fresh:
                report(number, self._schedule.observations[number], evidence)
            if isinstance(command, Finished):
                self._stage.check_faults()
                return
            if isinstance(command, Begin):
                begins(command.step)
                self._stage.begins(command.step)
                self._begin(self._schedule.steps[command.step])
            elif isinstance(command, Confirm):
                self._confirm(command.calls)
            else:
                self._await(command)

    def tape_report(self) -> dict[str, int]:
        """What was played of the plan's tape."""
        return self._stage.tape_report()

    def captured(self) -> tuple[AnyCapture, tuple[CapturedPacket, ...]]:
        """All packets of the cell so far, where they are asked for."""
        return self._stage.captured()

    def clean_up(self) -> bool:
        """Puts everything away; False where the worker must go, too."""
        return self._stage.clean_up(bool(self._schedule.parked()))

    # steps

    def _begin(self, step: PlanStep) -> None:
        if step.actor == NETWORK:
            self._have_handed_over(step.limit)
        refused = self._stage.start(step)
        if refused is None:
            self._schedule.begun(step.number)
        else:
            self._schedule.impossible(step.number, refused)

    def _have_handed_over(self, limit: float) -> None:
        """What was sent before a fault reaches the other host before it."""
        deadline, pause = time.monotonic() + limit, _FIRST_PAUSE
        while self._settling.handing_over() and time.monotonic() < deadline:
            self._take_event(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _await(self, command: Await) -> None:
        """Waits until one of the steps gets on, or its limit is over."""
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
        if again is None or not self._events.empty():
            return False
        self._schedule.waiting(step.number, again)
        return True

    def _waits(self, watch: Watch) -> bool:
        """Whether the call waits; where its thread ran since the last look, that may have moved bytes."""
        waits = watch.waiting() is not None
        if not waits:
            self._settling.moved()
        return waits

    def _confirm(self, calls: tuple[int, ...]) -> None:
        """Proves parked calls waiting again, or takes in that they came back; gives up on those that do neither."""
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
        try:
            number, observation = self._events.get(timeout=seconds) if seconds > 0 else self._events.get_nowait()
        except queue.Empty:
            return False
        if isinstance(observation, HarnessError):
            raise observation
        self._schedule.ended(number, observation)
        return True

    def _watch(self, step: int) -> Watch:
        call = self._schedule.steps[self._schedule.call_of(step)]
        return self._stage.watch(self._stage.actor(call.actor), ROWS[call.operation].waits)


__all__ = ["Cell", "Hosts", "Surroundings"]
