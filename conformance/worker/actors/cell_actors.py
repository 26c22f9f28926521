"""All actors of one cell: threads of the worker, and processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Optional

from conformance.model import observation as o
from conformance.model.errors import HarnessError, Missing
from conformance.model.plan import PlanStep
from conformance.worker.actors.events import Events
from conformance.worker.actors.fork_server import ForkServer
from conformance.worker.actors.processes import Processes
from conformance.worker.actors.residence import started_by_fork
from conformance.worker.actors.threads import Actor, Callers, ThreadActor
from conformance.worker.adapters.stdlib import PLAIN
from conformance.worker.calls.perform import Performer, Vantage
from conformance.worker.network.networks import CellHosts
from conformance.worker.waiting.watch import Watch


class CellActors:
    """The actors of one cell. ``events``: the observations of their calls."""

    def __init__(
        self, performer: Performer, hosts: CellHosts, vantage: Vantage, fork_server: Optional[ForkServer],
        callers: Callers, scale: float,
    ) -> None:  # fmt: skip
        self.events = Events()
        self.processes = Processes(performer, vantage, fork_server, self.events, callers.probe, scale)
        self.process_missing = False
        """True once a requested process failed to start; the worker must be replaced."""
        self._performer = performer
        self._hosts = hosts
        self._callers = callers
        self._scale = scale
        plan = performer.scope.plan
        self._lasting = plan.implementation == PLAIN and plan.tape is None and not hosts.network.held
        self._threads: dict[str, ThreadActor] = {}
        self._started_by_fork = started_by_fork(plan)

    def actor(self, name: str) -> Actor:
        """The actor of this name. Missing if a fork should have made it and did not happen."""
        if name in self.processes.actors:
            return self.processes.actors[name]
        if name in self._started_by_fork:
            raise Missing(f"{name} was not forked")
        return self.thread(name)

    def thread(self, name: str) -> ThreadActor:
        """The thread of this worker for an actor; it starts when it is first needed."""
        if name not in self._threads:
            namespace = self._hosts.namespace_of(name)
            self._threads[name] = ThreadActor(
                name, self.events, namespace, self._callers, self._performer.call_of, self._lasting
            )
        return self._threads[name]

    def start(self, step: PlanStep) -> Optional[o.Observation]:
        """Begins a step's call. Returns what to record if it cannot begin."""
        try:
            return self.actor(step.actor).start(step)
        except Missing as error:
            return o.Observation(o.NOT_RUN, reason=str(error))

    def watch(self, actor: Actor, also: frozenset[str] = frozenset()) -> Watch:
        """Watches an actor's call, which may wait in the system calls of the adapter and in ``also``."""
        waits = self._performer.adapter_of(actor.name).waits
        return Watch(actor.probe, actor.thread, waits | also, self._scale)

    def move_out(self, owner: str, close: Callable[[str, Any], None]) -> None:
        """Starts an actor's process. Its sockets move there; ``close`` closes each here, in the thread of an actor."""
        plan, objects = self._performer.scope.plan, self._performer.scope.objects
        members = self.processes.members[owner]
        unprivileged = any(plan.actors[name].unprivileged for name in members)
        host = self._hosts.host_of.get(owner) if self._hosts.namespace_of(owner) is not None else None
        try:
            self.processes.start(owner, host, unprivileged)
        except HarnessError:
            self.process_missing = True
            raise
        for name in self.processes.belongings(members):
            close("server" if name == "listener" else name, objects.pop(name))
        for name in members:
            if name in self._threads:
                thread = self._threads.pop(name)
                thread.leave()
                thread.gone(0.0)

    def join(self, seconds: float) -> bool:
        """Asks all threads to end; True if they do within this many seconds, times the host's scale."""
        deadline = time.monotonic() + seconds * self._scale
        for actor in self._threads.values():
            actor.leave()
        gone = [actor.gone(max(0.0, deadline - time.monotonic())) for actor in self._threads.values()]
        return all(gone)
