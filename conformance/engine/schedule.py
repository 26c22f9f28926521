"""The schedule of a cell: a state machine without a clock, which decides what happens next.

The driver asks :meth:`Schedule.command` what to do, does it, and reports what happened. Steps come in groups, most of
them of one step. A group passes through these states; each command leads to the next line once it is obeyed:

    state of the group   command    until the driver reports
    about to begin       Confirm    that each call left waiting still waits, or has come back (``confirmed``)
    beginning            Begin      that a step's call was made (``begun``) or cannot be (``impossible``), step by step
    awaited              Await      that a call is back (``ended``), waits (``waiting``) or took too long (``expired``)
    over                 the next group, or Finished

Confirm is left out where no call waits, and in a group that only asks after calls (``pending``), for these begin
nothing. Without Confirm nobody could say which step released a call: the latest that had begun when it came back.

A call is under way, then it waits (it is *parked*) or has come back:

    under way   -> waiting(step)    -> parked       the step is over if it may block
    under way   -> ended(call)      -> come back    the step is over, with this result
    under way   -> expired(step)    -> parked       the step hung; a later ``pending`` step may still get the result
    parked      -> ended(call)      -> come back    the result belongs to the next ``pending`` step of this call

A group is over when each of its steps is. ``exactly_one`` is over when one call came back and each of the others was
seen waiting after that. A step whose actor is still in a call is not run. After a step that is not supported here the
remaining groups are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

from conformance.model.observation import BLOCKED, HUNG, NOT_APPLICABLE, NOT_RUN, UNSUPPORTED, Observation, Wait
from conformance.model.plan import PlanStep

EXACTLY_ONE = "exactly_one"
"""The kind of a group in which one step comes to its outcome while the others wait."""


@dataclass(frozen=True)
class Confirm:
    """Prove that these parked calls still wait, or see them come back, before anything else begins."""

    calls: tuple[int, ...]


@dataclass(frozen=True)
class Begin:
    """Start this step's call."""

    step: int


@dataclass(frozen=True)
class Await:
    """Wait until the call of one of these steps comes back or, where it may block, is proved waiting."""

    steps: tuple[int, ...]
    may_block: frozenset[int]


@dataclass(frozen=True)
class Finished:
    """Nothing is left to do."""


Command = Union[Confirm, Begin, Await, Finished]


@dataclass
class _Call:
    """A call that was begun.

    ``wait`` is the last proof that it waited, ``result`` what it did when it came back, ``reported`` the step under
    which that result was reported.
    """

    step: PlanStep
    wait: Optional[Wait] = None
    parked: bool = False
    result: Optional[Observation] = None
    reported: Optional[int] = None


class Schedule:
    """Runs through the steps of one plan; :attr:`observations` fills up as steps end."""

    def __init__(self, steps: Sequence[PlanStep]) -> None:
        self.steps = {step.number: step for step in steps}
        self.observations: dict[int, Observation] = {}
        self._groups = [list(group) for _, group in itertools.groupby(steps, key=lambda step: step.group)]
        self._calls: dict[int, _Call] = {}
        self._subject: dict[int, _Call] = {}
        self._seen: set[int] = set()
        self._latest: Optional[int] = None
        self._members: list[PlanStep] = []
        self._starting: list[PlanStep] = []
        self._confirming = False

    def command(self) -> Command:
        """What the driver must do now."""
        while True:
            if self._confirming:
                return Confirm(self.parked())
            while self._starting:
                if not self._refused(self._starting[0]):
                    return Begin(self._starting[0].number)
                self._starting.pop(0)
            awaited = self._await()
            if awaited is not None:
                return awaited
            self._end_if_unsupported()
            if not self._groups:
                return Finished()
            self._open(self._groups.pop(0))

    def parked(self) -> tuple[int, ...]:
        """The steps whose calls were left waiting and have not come back."""
        return tuple(number for number, call in self._calls.items() if call.parked and call.result is None)

    def call_of(self, step: int) -> int:
        """The step that began the call of ``step``: itself or, for a ``pending`` one, an earlier step."""
        return self._subject[step].step.number

    # what the driver reports

    def confirmed(self) -> None:
        """Every parked call was proved waiting again, or has come back and was reported."""
        self._confirming = False

    def begun(self, step: int) -> None:
        """The call of this step was handed to its actor."""
        self._calls[step] = self._subject[step] = _Call(self._starting.pop(0))
        self._latest = step

    def impossible(self, step: int, observation: Observation) -> None:
        """The step could not be started: its object is missing, or the platform lacks the operation."""
        self._starting.pop(0)
        self.observations[step] = observation

    def ended(self, call: int, result: Observation) -> None:
        """The call that step ``call`` began has come back."""
        found = self._calls[call]
        found.result = replace(result, released_by=self._latest) if found.parked else result

    def waiting(self, step: int, wait: Wait) -> None:
        """The call of ``step`` was proved waiting after every step before it was over."""
        call = self._subject[step]
        call.wait, call.parked = wait, True
        self._seen.add(step)

    def expired(self, step: int, wait: Optional[Wait]) -> None:
        """The time limit of a step is over and its call has not come back. From now on the call counts as parked."""
        self._subject[step].parked = True
        self.observations[step] = Observation(HUNG, wait=wait)

    # the states of a group

    def _end_if_unsupported(self) -> None:
        """Leaves out the groups after a step that is not supported here: the verdict is known."""
        if not self._groups:
            return
        blame = next((number for number, each in self.observations.items() if each.kind == UNSUPPORTED), None)
        if blame is None:
            return
        for step in itertools.chain.from_iterable(self._groups):
            left_out = Observation(NOT_RUN, blame=blame, reason=f"step {blame} is not supported here")
            self.observations[step.number] = left_out if step.applicable else Observation(NOT_APPLICABLE)
        self._groups.clear()

    def _open(self, members: list[PlanStep]) -> None:
        for step in members:
            if not step.applicable:
                self.observations[step.number] = Observation(NOT_APPLICABLE)
            elif step.pending:
                self._claim(step)
        self._members = [step for step in members if step.applicable]
        self._starting = [step for step in self._members if not step.pending]
        self._confirming = bool(self._starting and self.parked())

    def _claim(self, step: PlanStep) -> None:
        """Finds the call of a ``pending`` step, or reports why there is none."""
        wanted = (step.actor, step.operation)
        calls = [call for call in self._calls.values() if (call.step.actor, call.step.operation) == wanted]
        left = [call for call in calls if call.reported is None]
        if left:
            self._subject[step.number] = left[-1]
        elif calls:
            reported = calls[-1].reported
            reason = f"{step.operation} was already over at step {reported}"
            self.observations[step.number] = Observation(NOT_RUN, blame=reported, reason=reason)
        else:
            reason = f"no {step.operation} of {step.actor} was left waiting"
            self.observations[step.number] = Observation(NOT_RUN, reason=reason)

    def _refused(self, step: PlanStep) -> bool:
        """Whether the actor of a step is still in another call; then the step is reported as not run."""
        busy = next(
            (call for call in self._calls.values() if call.step.actor == step.actor and call.result is None), None
        )
        if busy is not None:
            number = busy.step.number
            reason = f"{step.actor} is still in {busy.step.operation} of step {number}"
            self.observations[step.number] = Observation(NOT_RUN, blame=number, reason=reason)
        return busy is not None

    def _await(self) -> Optional[Await]:
        """The steps of the current group that are not over; None when all are."""
        open_steps = [step for step in self._members if step.number not in self.observations]
        if open_steps and open_steps[0].group_kind == EXACTLY_ONE:
            return self._await_exactly_one(open_steps)
        for step in open_steps:
            if self._returned(step) or (step.may_block and step.number in self._seen):
                self._settle(step)
        left = [step for step in open_steps if step.number not in self.observations]
        blocking = frozenset(step.number for step in left if step.may_block)
        return Await(tuple(step.number for step in left), blocking) if left else None

    def _await_exactly_one(self, open_steps: list[PlanStep]) -> Optional[Await]:
        """Over when one call has come back and each of the others was seen waiting since."""
        still = [step for step in open_steps if not self._returned(step)]
        if len(still) == len(open_steps):
            return Await(tuple(step.number for step in still), frozenset())
        unseen = tuple(step.number for step in still if step.number not in self._seen)
        if unseen:
            return Await(unseen, frozenset(unseen))
        for step in open_steps:
            self._settle(step)
        return None

    def _returned(self, step: PlanStep) -> bool:
        return self._subject[step.number].result is not None

    def _settle(self, step: PlanStep) -> None:
        call = self._subject[step.number]
        if call.result is not None:
            call.reported = step.number
        self.observations[step.number] = call.result or Observation(BLOCKED, wait=call.wait)
