"""Prepares a cell before its first step: settings of its hosts, conditions, the fixture, actors' processes."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

import conformance
from conformance.engine.wrong_types import described, in_words
from conformance.model import observation as o
from conformance.model.errors import FixtureFailed, HarnessError, Unsupported, WrongType
from conformance.model.plan import PlanStep
from conformance.tables.faults import faults_among
from conformance.worker.actors.threads import ThreadActor
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.calls.canonical import text_of
from conformance.worker.calls.fixtures import Fixture
from conformance.worker.network import sysctls
from conformance.worker.stage import Stage
from conformance.worker.waiting.watch import PROVEN

FIXTURE_LIMIT = 10.0
"""Seconds that a part of a fixture may take, times the host's scale."""

_OURS = os.path.dirname(conformance.__file__) + os.sep
_MOST_LINES = 20


def set_up(stage: Stage) -> None:
    """Makes a cell ready for its first step.

    Unsupported if something is lacking, FixtureFailed if a call of the implementation raises or hangs, HarnessError if
    anything else fails.
    """
    for name, settings in stage.plan.sysctls.items():
        sysctls.change(stage.hosts.namespace_of(name), settings)
    _take_the_packets(stage)
    for condition in stage.plan.conditions:
        _impose(stage, condition)
    calls = _FixtureCalls(stage)
    calls.make_fixture()
    stage.side_records.learn_names()
    for owner in stage.actors.processes.members:
        stage.actors.move_out(owner, calls.close)


def _take_the_packets(stage: Stage) -> None:
    """Puts a forwarder between the hosts for packet rules, and for a cut in a captured cell.

    Without it, a queue of the kernel drops the packets of the cut before they can be captured.
    """
    faults = faults_among(step.operation for step in (*stage.plan.conditions, *stage.plan.steps))
    if any(fault.of_packets for fault in faults):
        stage.faults.packets.take_the_packets()
    elif stage.side_records.capture and any(each.hides for each in faults) and not any(each.of_link for each in faults):
        with contextlib.suppress(Unsupported):
            stage.faults.packets.take_the_packets()


def _impose(stage: Stage, condition: PlanStep) -> None:
    """Makes a fault that a host has from the start."""
    seen = stage.performer.carry_out(condition)
    if seen.kind == o.UNSUPPORTED:
        raise Unsupported(seen.reason)
    if seen.kind != o.RETURNED:
        raise HarnessError(f"the condition {condition.operation} cannot be made: {seen.reason or seen.canonical}")


class _FixtureCalls:
    """Makes the calls of the fixture in the threads of the actors."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._call = ""
        """The call that the fixture made last."""

    def _adapter_of(self, actor: str) -> ShapedAdapter:
        return cast(ShapedAdapter, _NotingAdapter(self._stage.performer.adapter_of(actor), self._note))

    def _note(self, call: str) -> None:
        self._call = call

    def make_fixture(self) -> None:
        """Makes the objects of the plan's fixture."""
        performer = self._stage.performer
        fixture = Fixture(self._stage.plan.given, self._adapter_of, performer.scope, performer.addresses, performer.raw)
        for actor, parts in groupby(fixture.parts(), key=itemgetter(0)):
            self._run(actor, partial(_one_after_another, [part for _, part in parts]))

    def close(self, actor: str, thing: Any) -> None:
        """Closes an object that has moved to another process."""
        self._run(actor, partial(self._adapter_of(actor).close, thing))

    def _run(self, actor: str, part: Callable[[], None]) -> None:
        """Runs a part of the fixture in an actor's thread, and waits for it."""
        thread = self._stage.actors.thread(actor)
        raised: list[BaseException] = []
        self._note("preparing a call")
        thread.begin(0, lambda: _caught(part, raised))
        if self._stage.actors.events.take(FIXTURE_LIMIT * self._stage.context.scale) is None:
            raise self._hung(f"{self._call} of {actor}", thread)
        for error in raised:
            if isinstance(error, (HarnessError, Unsupported)):
                raise error
            raise _raised(f"{self._call} of {actor}", error) from None

    def _hung(self, call: str, thread: ThreadActor) -> FixtureFailed:
        wait = self._stage.actors.watch(thread).whereabouts()
        where = f" in {wait.call}" if wait and wait.certainty == PROVEN else ""
        stack = traceback.extract_stack(sys._current_frames().get(thread.identity))
        return FixtureFailed(f"the fixture failed: {call} hung{where}", call, True, foreign_frames(stack))


def _raised(call: str, error: BaseException) -> FixtureFailed:
    if isinstance(error, WrongType):
        did = f"returned {in_words(described(error.value, error.wanted))}"
    else:
        did = f"raised {type(error).__name__}: {text_of(error)}"
    return FixtureFailed(
        f"the fixture failed: {call} {did}", call, False, foreign_frames(traceback.extract_tb(error.__traceback__))
    )


class _NotingAdapter:
    """An adapter that notes the name of each method that is called."""

    def __init__(self, adapter: ShapedAdapter, note: Callable[[str], None]) -> None:
        self._adapter = adapter
        self._note = note

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._adapter, name)

        def noted(*arguments: Any) -> Any:
            self._note(f"{name}()")
            return method(*arguments)

        return noted


def _one_after_another(parts: list[Callable[[], None]]) -> None:
    for part in parts:
        part()


def _caught(part: Callable[[], None], raised: list[BaseException]) -> o.Observation:
    """Calls a part of the fixture, and puts the exception that it raises into ``raised``."""
    try:
        part()
    except BaseException as error:  # noqa: BLE001 (an implementation may raise anything)
        raised.append(error)
    return o.Observation(o.RETURNED)


def foreign_frames(stack: list[traceback.FrameSummary]) -> str:
    """The implementation's frames in a stack that begins in this package, as in a traceback; the last lines of many."""
    ours = [frame.filename.startswith(_OURS) for frame in stack]
    first = ours.index(True) if True in ours else 0
    frames = [frame for frame, own in zip(stack[first:], ours[first:]) if not own]
    return "\n".join("".join(traceback.format_list(frames)).splitlines()[-_MOST_LINES:])
