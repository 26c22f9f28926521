"""What one cell is acted out on: its folder, names and actors, what its fixture makes, and putting it all away."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Optional

from conformance.model import observation as o
from conformance.model.errors import FixtureFailed, HarnessError, Missing, Unsupported
from conformance.model.plan import Plan, PlanStep
from conformance.tables.faults import ACTORS as FAULT_ACTORS
from conformance.tables.faults import LINK_FAULTS, PACKET_RULES
from conformance.tables.transports import TRANSPORTS
from conformance.worker.actors.fork_server import Nursery
from conformance.worker.actors.process_actor import ProcessActor
from conformance.worker.actors.processes import Processes, unborn
from conformance.worker.actors.threads import Actor, Events, ThreadActor
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.adapters.shaped import Poller
from conformance.worker.calls.fixtures import Fixture
from conformance.worker.calls.perform import Vantage, performer_on
from conformance.worker.faults.process_faults import Faults
from conformance.worker.guard import Guard
from conformance.worker.network import sysctls
from conformance.worker.network.networks import Place, network_for
from conformance.worker.observing.capture import Capture
from conformance.worker.observing.evidence import Evidence, Found
from conformance.worker.waiting.settling import Network, Settling
from conformance.worker.waiting.watch import Probe, Watch, probe_of_process

FIXTURE_LIMIT = 10.0
"""Seconds that a part of a fixture may take, times the host's scale."""

CLEANUP_LIMIT = 0.5
"""Seconds that an actor may take to end once its sockets are shut down, times the host's scale."""

GONE_LIMIT = 5.0
"""Seconds that a killed process may take to be gone, times the host's scale."""


@dataclass(frozen=True)
class Hosts:
    """Where actors can live: host name to (namespace descriptor or None, IPv4 address, IPv6 address)."""

    places: Mapping[str, Place] = field(default_factory=dict)
    why_not: str = "no hosts were provisioned"


@dataclass(frozen=True)
class Surroundings:
    """What all cells of a worker share."""

    probe: Probe
    network: Network
    scale: float
    folder: str
    hosts: Hosts
    nursery: Optional[Nursery] = None
    evidence: bool = False
    """Whether the state of each socket is to be told after each step."""
    capture: bool = False
    """Whether all packets are to be told."""
    guard: Optional[Guard] = None


class Stage:
    """Everything that one cell has, and its actors."""

    def __init__(self, plan: Plan, adapter: ShapedAdapter, around: Surroundings, number: int) -> None:
        self.events: Events = queue.Queue()
        self._plan, self._adapter, self._around = plan, adapter, around
        self._transport = TRANSPORTS[plan.transport]
        self._threads: dict[str, ThreadActor] = {}
        self._host_of = hosts_of_actors(plan)
        self._unborn = unborn(plan)
        self._barren = False
        """Whether a process did not come that was asked for; then the worker can have no others either."""
        self._network = network_for(plan, around.hosts.places)
        if self._network.held:
            self._guard(self._network.held)
        namespaces = {name: place[0] for name, place in self._network.places.items()}
        vantage = Vantage(self._folder(number), self._host_addresses(), self._host_of, namespaces)
        self._performer = performer_on(plan, adapter, vantage, {})
        self._scope = self._performer.scope
        self._processes = Processes(
            plan, around.nursery, vantage, adapter, self._scope, self.events,
            lambda pid, thread: probe_of_process(around.probe, pid, thread), around.scale,
        )  # fmt: skip
        self._faults = self._performer.owners["fault"] = Faults(
            self._scope, adapter, self._host_of, self._network, self._processes.actors,
            lambda actor: self.watch(actor, frozenset()),
        )  # fmt: skip
        self.settling = Settling(around.network, self._unsent, self._faults.carried, around.scale)
        self.evidence: Optional[Evidence] = None
        self.capture: Optional[Capture] = None
        addresses = self._scope.addresses
        if around.evidence or around.capture:
            self.evidence = Evidence(self._transport, namespaces, self._descriptors, addresses)
        if around.capture and self.evidence:
            strangers = self.evidence.strangers
            self.capture = Capture(self._transport, self._network.places, addresses, self._host_of, strangers)

    def _folder(self, number: int) -> str:
        folder = os.path.join(self._around.folder, f"c{number}")
        os.mkdir(folder, 0o755)
        return folder

    def _guard(self, hosts: list[int]) -> None:
        """Tells the guard what hosts there are to put away, should this process be killed."""
        if self._around.guard is not None:
            self._around.guard.watch_over(hosts)

    # the fixture

    def set_up(self) -> None:
        """Changes settings, makes the fixture, starts processes. HarnessError or Unsupported where that fails."""
        for name, settings in self._plan.sysctls.items():
            place = self._network.places.get(self._host_of.get(name, name)) if self._transport.hosts else None
            sysctls.change(place[0] if place else None, settings)
        used = {step.operation for step in (*self._plan.conditions, *self._plan.steps)}
        if used & PACKET_RULES:
            self._faults.take_the_packets()
        elif self.capture and "cut" in used and not used & LINK_FAULTS:
            with contextlib.suppress(Unsupported):  # what a queue drops is lost before it can be captured
                self._faults.take_the_packets()
        for condition in self._plan.conditions:
            self._impose(condition)
        for actor, part in Fixture(self._plan.given, self._adapter, self._scope, self._performer.addresses).parts():
            self._have_done(actor, part)
        if self.evidence:
            self.evidence.look()  # names are learnt while there are descriptors
        for owner in self._processes.households:
            self._move_out(owner)

    def _impose(self, condition: PlanStep) -> None:
        """Has a fault done that a host has from the start."""
        seen = self._performer.carry_out(condition)
        if seen.kind == o.UNSUPPORTED:
            raise Unsupported(seen.reason)
        if seen.kind != o.RETURNED:
            raise HarnessError(f"the condition {condition.operation} cannot be made: {seen.reason or seen.canonical}")

    def _have_done(self, actor: str, part: Callable[[], None]) -> None:
        """Has a part of the fixture done by an actor's thread."""
        self._thread(actor).begin(0, _guarded(part))
        try:
            _, observation = self.events.get(timeout=FIXTURE_LIMIT * self._around.scale)
        except queue.Empty:
            raise HarnessError(f"the fixture hangs in the part of {actor}") from None
        if isinstance(observation, HarnessError):
            raise observation
        if observation.kind == o.UNSUPPORTED:
            raise Unsupported(observation.reason)
        if observation.kind != o.RETURNED:
            raise FixtureFailed(f"the fixture failed in the part of {actor}: {observation.reason}")

    def _move_out(self, owner: str) -> None:
        """Starts an actor's process; what moves there is closed here, by the threads that made it."""
        household = self._processes.households[owner]
        unprivileged = any(self._plan.actors[name].unprivileged for name in household)
        host = self._host_of.get(owner) if self._namespace(owner) is not None else None
        try:
            self._processes.start(owner, host, unprivileged)
        except HarnessError:
            self._barren = True
            raise
        for name, thing in self._processes.belongings(household).items():
            del self._scope.objects[name]
            self._have_done("server" if name == "listener" else name, partial(self._adapter.close, thing))
        for name in household:
            if name in self._threads:
                self._threads.pop(name).leave()

    # actors

    def actor(self, name: str) -> Actor:
        """The actor of this name. Missing where it was to be born by a fork that did not happen."""
        if name in self._processes.actors:
            return self._processes.actors[name]
        if name in self._unborn:
            raise Missing(f"{name} was not forked")
        return self._thread(name)

    def start(self, step: PlanStep) -> Optional[o.Observation]:
        """Begins a step's call; where it cannot be begun, what to record instead."""
        try:
            return self.actor(step.actor).start(step)
        except Missing as error:
            return o.Observation(o.NOT_RUN, reason=str(error))

    def watch(self, actor: Actor, also: frozenset[str]) -> Watch:
        """Watches an actor's call; ``also`` are system calls that it may wait in beside those of the adapter."""
        return Watch(actor.probe, actor.thread, self._adapter.waits | also, self._around.scale)

    def _thread(self, name: str) -> ThreadActor:
        if name not in self._threads:
            probe = self._around.probe
            self._threads[name] = ThreadActor(name, self.events, self._namespace(name), probe, self._performer.call_of)
        return self._threads[name]

    def _namespace(self, name: str) -> Optional[int]:
        """The namespace of the host where an actor lives, where the transport has hosts of our own."""
        place = self._network.places.get(self._host_of.get(name, ""))
        return place[0] if place and self._transport.hosts else None

    def _host_addresses(self) -> dict[str, str]:
        if not self._transport.hosts:
            return {}
        places = self._network.places
        return {name: ip6 if self._transport.ip6 else ip4 for name, (_, ip4, ip6) in places.items()}

    def _descriptors(self) -> Iterator[tuple[str, int]]:
        """The sockets in this process, by name and descriptor."""
        for name, thing in self._scope.sockets():
            number = self._adapter.descriptor(thing)
            if number >= 0 and hasattr(thing, "getsockname"):
                yield name, number

    def _unsent(self) -> Iterator[tuple[str, int]]:
        yield from self._around.network.unsent(self._streams())
        yield from self._processes.unsent().items()

    def _streams(self) -> Iterator[tuple[str, int]]:
        for name, number in self._descriptors():
            if getattr(self._scope.objects.get(name), "type", None) == socket.SOCK_STREAM:
                yield name, number

    def check_faults(self) -> None:
        """HarnessError where what makes the faults broke, so that the cell proves nothing."""
        self._faults.carried()

    # what is seen beside the observations

    def begins(self, step: int) -> None:
        """A step is about to begin."""
        if self.capture:
            self.capture.begins(step)

    def over(self, steps: list[int]) -> list[Found]:
        """Steps are over; the evidence of this moment, where it is asked for."""
        if self.capture:
            self.capture.over(steps)
        return self.evidence.look() if self.evidence else []

    def captured(self) -> Optional[dict[str, Any]]:
        """All packets of the cell, where they are asked for, once the network has come to rest."""
        if self.capture is None or self.evidence is None:
            return None
        return self.capture.finish(self.settling.settled, self.evidence.answered, self._around.scale)

    # afterwards

    def tape_report(self) -> dict[str, int]:
        """What was played of the plan's tape to the actors that are threads here."""
        return self._performer.players.report()

    def clean_up(self, parked: bool) -> bool:
        """Releases what waits, closes what is open, ends a network of its own; False where the worker must go."""
        if self.evidence:
            self.evidence.close()
        if self.capture:
            self.capture.close()
        self._faults.undo()
        self._network.abandon()
        things = [*self._scope.objects.values(), *self._scope.abandoned, *self._scope.reserved]
        for thing in things:
            _release(thing)
        idle = self._join(0.02 if parked else CLEANUP_LIMIT)
        for thing in things:
            with contextlib.suppress(Exception):
                self._adapter.close(thing)
        gone = idle or self._join(CLEANUP_LIMIT)
        ended = self._end_processes()
        if any(step.operation == "setdefaulttimeout" for step in self._plan.steps):
            with contextlib.suppress(Exception):  # an implementation that has no such thing has nothing to put back
                self._adapter.setdefaulttimeout(None)
        shutil.rmtree(self._scope.folder, ignore_errors=True)
        if self._network.held:
            self._network.close()
            self._guard([])
        return gone and ended and not self._barren

    def _join(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds * self._around.scale
        for actor in self._threads.values():
            actor.leave()
        gone = [actor.gone(max(0.0, deadline - time.monotonic())) for actor in self._threads.values()]
        return all(gone)

    def _end_processes(self) -> bool:
        actors: list[ProcessActor] = list(self._processes.actors.values())
        for actor in actors:
            actor.leave()
        ended = [actor.gone(GONE_LIMIT * self._around.scale) for actor in actors]
        self._processes.close()
        return all(ended)


def _release(thing: Any) -> None:
    """Ends the waits for an object, as far as it can."""
    with contextlib.suppress(Exception):
        if isinstance(thing, Poller):
            thing.release()
        elif hasattr(thing, "shutdown"):
            thing.shutdown(socket.SHUT_RDWR)


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
    actors = [name for name in (*(step.actor for step in plan.steps), *plan.actors) if name not in FAULT_ACTORS]
    for step in plan.steps:
        given = [getattr(value, "value", "") for _, value in step.arguments] if step.operation == "fork" else []
        for name in (*given, *([step.names] if isinstance(step.names, str) and step.names in actors else [])):
            found.setdefault(name, found.get(step.actor, "server"))
    for name in actors:
        beside = plan.actors[name].beside if name in plan.actors else None
        if name in plan.actors and plan.actors[name].own_host:
            found[name] = name
        if beside:
            found[name] = found.get(beside, beside if beside in ("client", "server") else "client")
        found.setdefault(name, "client")
    return found
