"""The processes of one cell beside the worker: starts them, moves sockets of the fixture there, ends them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.worker.actors.channel import Channel, adopted, pair
from conformance.worker.actors.events import Events
from conformance.worker.actors.fork_server import ForkServer
from conformance.worker.actors.process_actor import OtherProcess, ProcessActor
from conformance.worker.actors.process_main import SpawnRequest
from conformance.worker.actors.residence import process_members
from conformance.worker.actors.shared_names import Shared
from conformance.worker.calls.perform import Performer, Vantage
from conformance.worker.waiting.watch import Probe, probe_of_process

START_LIMIT = 10.0
"""Seconds within which a new process must start, times the host's scale."""

NO_FORK = "an actor can have a process of its own only where there is os.fork()"


class Processes:
    """Starts, finds and ends the processes of a cell."""

    def __init__(
        self, performer: Performer, vantage: Vantage, fork_server: Optional[ForkServer], events: Events, probe: Probe,
        scale: float,
    ) -> None:  # fmt: skip
        self.actors: dict[str, ProcessActor] = {}
        self.members = process_members(performer.scope.plan)
        """For each actor that owns a process, the actors in that process."""
        self._performer = performer
        self._vantage = vantage
        self._fork_server = fork_server
        self._events = events
        self._probe = probe
        self._limit = START_LIMIT * scale
        self._all: list[OtherProcess] = []

    def belongings(self, members: tuple[str, ...]) -> dict[str, Any]:
        """The objects of the fixture that move into a process with these actors."""
        objects = self._performer.scope.objects
        names = [*members, *(["listener"] if "server" in members else [])]
        return {name: objects[name] for name in names if name in objects}

    def start(self, owner: str, host: Optional[str], unprivileged: bool) -> None:
        """Starts the process of an actor; copies of its belongings move there."""
        if self._fork_server is None:
            raise Unsupported(NO_FORK)
        members, plan = self.members[owner], self._performer.scope.plan
        moving = self.belongings(members)
        ours, theirs = zip(*(pair() for _ in members))
        status, notices = os.pipe(), os.pipe()
        vantage = replace(self._vantage, tag=f"{owner}-")
        request = SpawnRequest(plan, vantage, members, tuple(moving), host, unprivileged)
        hosts = [number for number in vantage.namespaces.values() if number is not None]
        sockets = [self._performer.adapter.descriptor(each) for each in moving.values()]
        self._fork_server.fork(request, [status[1], notices[1], *(end.fileno() for end in theirs), *hosts, *sockets])
        for number in (status[1], notices[1]):
            os.close(number)
        for end in theirs:
            end.close()
        self._greet(members, ours, OtherProcess(status[0], notices[0]))

    def _greet(self, members: tuple[str, ...], channels: tuple[Channel, ...], process: OtherProcess) -> None:
        self._all.append(process)
        started = []
        for name, channel in zip(members, channels):
            shared = Shared(self._performer.scope)
            started.append(ProcessActor(name, process, channel, shared, self._events, self._on_fork))
            self.actors[name] = started[-1]
        for actor in started:
            actor.greet(self._limit, partial(probe_of_process, self._probe))

    def _on_fork(self, name: str, descriptors: list[int], dispositions: dict[str, str]) -> None:
        """A process has forked. Called by the thread that reads its messages, before the result of the fork."""
        channel, status, notices = descriptors
        process = OtherProcess(status, notices)
        process.dispositions.update(dispositions)
        self._greet((name,), (adopted(channel),), process)

    def unsent(self) -> Mapping[str, int]:
        """Bytes that TCP held back in other processes when their last calls returned, by actor."""
        return {name: actor.unsent for name, actor in list(self.actors.items())}

    def end(self, seconds: float) -> bool:
        """Kills all processes; True if each is gone within this many seconds."""
        actors = list(self.actors.values())
        for actor in actors:
            actor.leave()
        gone = [actor.gone(seconds) for actor in actors]
        for actor in self.actors.values():
            actor.close()
        for process in self._all:
            with contextlib.suppress(OSError):
                process.close()
        return all(gone)
