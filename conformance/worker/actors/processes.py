"""The other processes of one cell: who lives in one, what moves there, and which are born while the cell runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.model.plan import Plan
from conformance.tables.faults import ROWS
from conformance.worker.actors.channel import Channel, adopted, pair
from conformance.worker.actors.fork_server import Nursery
from conformance.worker.actors.process_actor import OtherProcess, ProcessActor
from conformance.worker.actors.process_main import Errand
from conformance.worker.actors.shared_names import Shared
from conformance.worker.actors.threads import Events
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.calls.perform import Vantage
from conformance.worker.calls.scope import Scope
from conformance.worker.waiting.watch import Probe

START_LIMIT = 10.0
"""Seconds that a new process may take to say that it is there, times the host's scale."""


def housemates(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The actors that have a process of their own, each with those who live beside it, itself first."""
    owners = [name for name, place in plan.actors.items() if place.has_process]
    found = {name: [name] for name in owners}
    for name in plan.actors:
        owner = _owner(plan, name)
        if owner in found and owner != name:
            found[owner].append(name)
    return {name: tuple(names) for name, names in found.items()}


def _owner(plan: Plan, name: str) -> str:
    """Whom an actor lives beside, in the end."""
    seen: set[str] = set()
    while name in plan.actors and name not in seen and plan.actors[name].beside:
        seen.add(name)
        name = str(plan.actors[name].beside)
    return name


def unborn(plan: Plan) -> frozenset[str]:
    """The actors that come into being when a process forks."""
    return frozenset(name for step in plan.steps for name in ROWS[step.operation].new_actors(step.arguments))


class Processes:
    """Starts, finds and ends the processes of a cell."""

    def __init__(  # noqa: PLR0913 (what a process of a cell is made of, handed over once)
        self, plan: Plan, nursery: Optional[Nursery], vantage: Vantage, adapter: ShapedAdapter, scope: Scope,
        events: Events, probe_of: Callable[[int, int], Probe], scale: float,
    ) -> None:  # fmt: skip
        self.actors: dict[str, ProcessActor] = {}
        self.households = housemates(plan)
        self._plan = plan
        self._nursery = nursery
        self._vantage = vantage
        self._adapter = adapter
        self._scope = scope
        self._events = events
        self._probe_of = probe_of
        self._limit = START_LIMIT * scale
        self._all: list[OtherProcess] = []

    def belongings(self, household: tuple[str, ...]) -> dict[str, Any]:
        """The objects of the fixture that move into a process with these actors."""
        names = [*household, *(["listener"] if "server" in household else [])]
        return {name: self._scope.objects[name] for name in names if name in self._scope.objects}

    def start(self, owner: str, host: Optional[str], unprivileged: bool) -> None:
        """Starts the process of an actor; copies of its belongings move there."""
        if self._nursery is None:
            raise Unsupported("an actor can have a process of its own only where there is os.fork()")
        household = self.households[owner]
        moving = self.belongings(household)
        ours, theirs = zip(*(pair() for _ in household))
        status, notices = os.pipe(), os.pipe()
        vantage = replace(self._vantage, tag=f"{owner}-")
        errand = Errand(self._plan, vantage, household, tuple(moving), host, unprivileged)
        numbers = [status[1], notices[1], *(end.fileno() for end in theirs)]
        hosts = [number for number in vantage.namespaces.values() if number is not None]
        self._nursery.fork(errand, [*numbers, *hosts, *(self._adapter.descriptor(each) for each in moving.values())])
        for number in (status[1], notices[1]):
            os.close(number)
        for end in theirs:
            end.close()
        self._inhabit(household, ours, OtherProcess(status[0], notices[0]))

    def _inhabit(self, household: tuple[str, ...], channels: tuple[Channel, ...], process: OtherProcess) -> None:
        self._all.append(process)
        made = []
        for name, channel in zip(household, channels):
            made.append(ProcessActor(name, process, channel, Shared(self._scope), self._events, self._born))
            self.actors[name] = made[-1]
        for actor in made:
            actor.greet(self._limit, self._probe_of)

    def _born(self, name: str, descriptors: list[int], dispositions: dict[str, str]) -> None:
        """A process has forked; called by the thread that reads what its parent says, before the fork's result."""
        channel, status, notices = descriptors
        process = OtherProcess(status, notices)
        process.dispositions.update(dispositions)
        self._inhabit((name,), (adopted(channel),), process)

    def unsent(self) -> Mapping[str, int]:
        """Bytes that TCP held back in other processes, by actor, when their last calls came back."""
        return {name: actor.unsent for name, actor in list(self.actors.items())}

    def close(self) -> None:
        """Closes what the worker holds of processes that are gone."""
        for actor in self.actors.values():
            actor.close()
        for process in self._all:
            with contextlib.suppress(OSError):
                process.close()
