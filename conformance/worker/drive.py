"""The only loop: joins schedule, actors and clock for one cell, and puts everything away again afterwards."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from conformance.engine.schedule import Await, Begin, Confirm, Finished, Schedule
from conformance.model import observation as o
from conformance.model.errors import HarnessError
from conformance.model.plan import Plan, PlanStep
from conformance.model.values import Join, Pattern, Slice
from conformance.worker import sysctls
from conformance.worker.actors import ThreadActor
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.addresses import Addresses
from conformance.worker.canonical import Recorder
from conformance.worker.fixtures import Fixture
from conformance.worker.harness_operations import HarnessOperations
from conformance.worker.perform import Performer
from conformance.worker.programs import Programs
from conformance.worker.scope import Missing, Scope, Unsupported
from conformance.worker.settling import Settling
from conformance.worker.waiting import Probe, Watch

FIXTURE_LIMIT = 10.0
"""Seconds that a fixture may take, times the host's scale."""

CLEANUP_LIMIT = 0.5
"""Seconds that an actor's thread may take to end once its sockets are shut down, times the host's scale."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.02
"""Seconds between two looks at a thread that may be waiting."""


@dataclass(frozen=True)
class Hosts:
    """Where actors can live: host name to (namespace descriptor or None, IPv4 address, IPv6 address)."""

    places: Mapping[str, tuple[Optional[int], str, str]] = field(default_factory=dict)
    why_not: str = "no hosts were provisioned"


@dataclass(frozen=True)
class Surroundings:
    """What all cells of a worker share."""

    probe: Probe
    scale: float
    folder: str
    hosts: Hosts


Report = Callable[[int, o.Observation], None]
"""Told each step's observation as it is made."""


class Cell:
    """One run of one plan."""

    def __init__(self, plan: Plan, adapter: ShapedAdapter, around: Surroundings, number: int) -> None:
        self._plan = plan
        self._around = around
        self._events: queue.SimpleQueue[tuple[int, o.Observation]] = queue.SimpleQueue()
        self._actors: dict[str, ThreadActor] = {}
        self._settings: list[tuple[Optional[int], dict[str, str]]] = []
        self._host_of = hosts_of_actors(plan)
        folder = os.path.join(around.folder, f"c{number}")
        os.mkdir(folder, 0o755)
        self._scope = Scope(plan, folder, self._host_addresses())
        addresses = Addresses(self._scope, self._host_of)
        recorder = Recorder(self._scope, tuple(sorted({0, *_seeds(plan.steps)})))
        self._performer = Performer(
            adapter, self._scope, addresses, recorder, Programs(adapter, self._scope),
            HarnessOperations(adapter, self._scope),
        )  # fmt: skip
        self._adapter = adapter
        self._settling = Settling(self._tcp_descriptors, around.scale)
        self._schedule = Schedule(plan.steps)
        self._fixture = Fixture(plan.given, adapter, self._scope, addresses)

    def run(self, begins: Callable[[int], None], report: Report) -> None:
        """Runs all steps. HarnessError where the fixture cannot be made."""
        self._change_settings()
        self._make_fixture()
        reported: set[int] = set()
        while True:
            command = self._schedule.command()
            for number in sorted(set(self._schedule.observations) - reported):
                reported.add(number)
                report(number, self._schedule.observations[number])
            if isinstance(command, Finished):
                return
            if isinstance(command, Begin):
                begins(command.step)
                self._begin(self._schedule.steps[command.step])
            elif isinstance(command, Confirm):
                self._confirm(command.calls)
            else:
                self._await(command)

    # the fixture

    def _change_settings(self) -> None:
        for name, settings in self._plan.sysctls.items():
            host = self._around.hosts.places.get(self._host_of.get(name, name), (None, "", ""))[0]
            self._settings.append((host, sysctls.change(host, settings)))

    def _make_fixture(self) -> None:
        for number, (actor, part) in enumerate(self._fixture.parts(), 1):
            self._actor(actor).begin(-number, _guarded(part))
            try:
                _, observation = self._events.get(timeout=FIXTURE_LIMIT * self._around.scale)
            except queue.Empty:
                raise HarnessError(f"the fixture hangs in the part of {actor}") from None
            if observation.kind == o.UNSUPPORTED:
                raise Unsupported(observation.reason)
            if observation.kind != o.RETURNED:
                raise HarnessError(f"the fixture failed in the part of {actor}: {observation.reason}")

    # steps

    def _begin(self, step: PlanStep) -> None:
        try:
            call = self._performer.prepare(step)
        except Unsupported as error:
            self._schedule.impossible(step.number, o.Observation(o.UNSUPPORTED, reason=str(error)))
        except Missing as error:
            self._schedule.impossible(step.number, o.Observation(o.NOT_RUN, reason=str(error)))
        except (TypeError, KeyError, ValueError) as error:
            reason = f"an argument cannot be made: {error}"
            self._schedule.impossible(step.number, o.Observation(o.NOT_RUN, reason=reason))
        else:
            self._schedule.begun(step.number)
            self._actor(step.actor).begin(step.number, call)

    def _await(self, command: Await) -> None:
        """Waits until one of the steps gets on, or the first limit is over."""
        steps = [self._schedule.steps[number] for number in command.steps]
        watches = {step.number: self._watch(step.number) for step in steps}
        deadline = time.monotonic() + min(step.limit for step in steps)
        pause = _FIRST_PAUSE
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                for step in steps:
                    self._schedule.expired(step.number, watches[step.number].whereabouts())
                return
            if self._take_event(min(pause, left) if command.may_block else left):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
            proved = [step for step in steps if step.number in command.may_block and self._proves(step, watches)]
            if proved:
                return

    def _proves(self, step: PlanStep, watches: Mapping[int, Watch]) -> bool:
        watch = watches[step.number]
        wait = watch.waiting()
        if wait is None or watch.elapsed() < step.for_at_least or not self._settling.settled():
            return False
        again = watch.waiting()
        if again is None or not self._events.empty():
            return False
        self._schedule.waiting(step.number, again)
        return True

    def _confirm(self, calls: tuple[int, ...]) -> None:
        """Proves parked calls waiting again, or takes in that they came back; gives up on those that do neither."""
        watches = {number: self._watch(number) for number in calls}
        deadline = time.monotonic() + min(self._schedule.steps[number].limit for number in calls)
        pause = _FIRST_PAUSE
        left = set(calls)
        while left and time.monotonic() < deadline:
            left &= set(self._schedule.parked())
            left -= {number for number in left if watches[number].waiting() and self._settling.settled()}
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
        self._schedule.ended(number, observation)
        return True

    def _watch(self, step: int) -> Watch:
        call = self._schedule.call_of(step) if step in self._schedule.steps else step
        actor = self._schedule.steps[call].actor
        around = self._around
        return Watch(around.probe, self._actors[actor].thread, self._adapter.waits, around.scale)

    def _actor(self, name: str) -> ThreadActor:
        if name not in self._actors:
            place = self._around.hosts.places.get(self._host_of[name]) if self._scope.transport.hosts else None
            self._actors[name] = ThreadActor(name, self._events, place[0] if place else None)
        return self._actors[name]

    def _host_addresses(self) -> dict[str, str]:
        row = self._plan_transport
        places = self._around.hosts.places
        if not row.hosts:
            return {}
        return {name: ip6 if row.ip6 else ip4 for name, (_, ip4, ip6) in places.items()}

    @property
    def _plan_transport(self) -> Any:
        from conformance.tables.transports import TRANSPORTS

        return TRANSPORTS[self._plan.transport]

    def _tcp_descriptors(self) -> Iterator[int]:
        if "tcp" not in self._scope.transport.groups:
            return
        for _, thing in self._scope.sockets():
            number = self._adapter.descriptor(thing)
            if number >= 0 and getattr(thing, "type", None) == socket.SOCK_STREAM:
                yield number

    # afterwards

    def clean_up(self) -> bool:
        """Releases what waits, closes what is open; False where a thread stays, so that the worker must go."""
        things = [*self._scope.objects.values(), *self._scope.abandoned, *self._scope.reserved]
        for thing in things:
            self._shut_down(thing)
        idle = self._join(self._actors.values(), 0.02 if self._schedule.parked() else CLEANUP_LIMIT)
        for thing in things:
            with contextlib.suppress(Exception):
                self._adapter.close(thing)
        gone = idle or self._join(self._actors.values(), CLEANUP_LIMIT)
        for host, before in self._settings:
            sysctls.restore(host, before)
        shutil.rmtree(self._scope.folder, ignore_errors=True)
        return gone

    @staticmethod
    def _shut_down(thing: Any) -> None:
        if hasattr(thing, "shutdown"):
            with contextlib.suppress(Exception):
                thing.shutdown(socket.SHUT_RDWR)

    def _join(self, actors: Any, seconds: float) -> bool:
        deadline = time.monotonic() + seconds * self._around.scale
        for actor in actors:
            actor.leave()
        gone = [actor.gone(max(0.0, deadline - time.monotonic())) for actor in actors]
        return all(gone)


def _guarded(part: Callable[[], None]) -> Callable[[], o.Observation]:
    """A part of a fixture as a call that never raises."""

    def call() -> o.Observation:
        try:
            part()
        except Unsupported as error:
            return o.Observation(o.UNSUPPORTED, reason=str(error))
        except BaseException as error:  # noqa: BLE001 (whatever an implementation raises)
            return o.Observation(o.RAISED, reason=f"{type(error).__name__}: {error}")
        return o.Observation(o.RETURNED)

    return call


def hosts_of_actors(plan: Plan) -> dict[str, str]:
    """The host on which each actor lives: beside another, where its socket was made, else the client's."""
    found = {"client": "client", "server": "server"}
    actors = [step.actor for step in plan.steps] + list(plan.actors)
    for step in plan.steps:
        if isinstance(step.names, str) and step.names in actors:
            found.setdefault(step.names, found.get(step.actor, "server"))
    for name in actors:
        beside = plan.actors[name].beside if name in plan.actors else None
        if beside:
            found[name] = found.get(beside, beside if beside in ("client", "server") else "client")
        found.setdefault(name, "client")
    return found


def _seeds(node: Any) -> Iterator[int]:
    """The seeds of every pattern in a plan."""
    if isinstance(node, Pattern):
        yield node.seed
    elif isinstance(node, PlanStep):
        yield from _seeds([value for _, value in node.arguments])
    elif isinstance(node, Join):
        yield from _seeds(node.parts)
    elif isinstance(node, Slice):
        yield from _seeds(node.data)
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from _seeds(each)
