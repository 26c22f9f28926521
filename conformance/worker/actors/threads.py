"""Actors, which carry out one call at a time; those in this module are threads, each on its host."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Optional, Protocol, Union

from conformance.model import observation as o
from conformance.model.errors import HarnessError
from conformance.model.plan import PlanStep
from conformance.worker.actors.events import Events
from conformance.worker.calls.perform import Call
from conformance.worker.network.namespaces import join
from conformance.worker.waiting.watch import Probe


class Actor(Protocol):
    """One actor, in this process or another. The observations of its calls come as events."""

    @property
    def name(self) -> str:
        """Its name in the scenario."""

    @property
    def thread(self) -> int:
        """The kernel's id of the thread in which its calls are made."""

    @property
    def probe(self) -> Probe:
        """Sees that thread."""

    def start(self, step: PlanStep) -> Optional[o.Observation]:
        """Begins a step's call. Returns what to record if it cannot begin. Missing if the actor is gone."""

    def leave(self) -> None:
        """Asks the actor to end."""

    def gone(self, seconds: float) -> bool:
        """True if the actor has ended, or does within this many seconds."""


class Caller:
    """A thread that makes calls, one at a time, on one host; it can serve one cell after the other."""

    def __init__(self, host: Optional[int]) -> None:
        self._host = host
        self._begun = self._over = 0
        self._work: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._live, name="actor", daemon=True)
        self.thread.start()

    def begin(self, call: Call, done: Callable[[Union[o.Observation, HarnessError]], None]) -> None:
        """Begins a call; ``done`` gets its observation."""
        self._begun += 1
        self._work.put(partial(self._make, call, done))

    def free(self, seconds: float) -> bool:
        """True if the thread is in no call, or its call returns within this many seconds."""
        if self._begun != self._over:
            over = threading.Event()
            self._work.put(over.set)
            over.wait(seconds)
        return self._begun == self._over

    def end(self) -> None:
        """Ends the thread after its current call."""
        self._work.put(None)

    def _make(self, call: Call, done: Callable[[Union[o.Observation, HarnessError]], None]) -> None:
        try:
            result: Union[o.Observation, HarnessError] = call()
        except HarnessError as error:
            result = error
        self._over += 1
        done(result)

    def _live(self) -> None:
        if self._host is not None:
            join(self._host)
        while True:
            work = self._work.get()
            if work is None:
                return
            work()
            del work  # it holds the objects of a cell


class Callers:
    """The threads of a worker that are free, by host. ``probe`` sees them."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._free: dict[Optional[int], list[Caller]] = {}

    def take(self, host: Optional[int]) -> Caller:
        """A free thread on a host, or else a new one."""
        free = self._free.get(host)
        return free.pop() if free else Caller(host)

    def give_back(self, host: Optional[int], caller: Caller) -> None:
        """Keeps a free thread for a later cell."""
        self._free.setdefault(host, []).append(caller)


class ThreadActor:
    """An actor whose calls a thread of the worker makes. The schedule gives it one call at a time.

    ``lasting``: the thread serves other cells, too. It may if its host outlives the cell, and if the calls are those of
    the plain socket module: these change nothing of a thread.
    """

    def __init__(
        self, name: str, events: Events, host: Optional[int], callers: Callers,
        call_of: Callable[[PlanStep], Union[Call, o.Observation]], lasting: bool,
    ) -> None:  # fmt: skip
        self.name = name
        self.probe = callers.probe
        self._events = events
        self._host = host
        self._callers = callers
        self._call_of = call_of
        self._lasting = lasting
        self._caller: Optional[Caller] = callers.take(host) if lasting else Caller(host)
        self._thread = self._caller.thread

    @property
    def thread(self) -> int:
        """The kernel's id of the thread."""
        return int(self._thread.native_id or 0)

    @property
    def identity(self) -> int:
        """Python's id of the thread."""
        return int(self._thread.ident or 0)

    def start(self, step: PlanStep) -> Optional[o.Observation]:
        """Begins a step's call. Returns what to record if there is no call to make."""
        call = self._call_of(step)
        if not callable(call):
            return call
        self.begin(step.number, call)
        return None

    def begin(self, step: int, call: Call) -> None:
        """Begins a call; its observation comes as an event."""
        assert self._caller is not None
        self._caller.begin(call, partial(self._report, step))

    def _report(self, step: int, result: Union[o.Observation, HarnessError]) -> None:
        self._events.put((step, result))

    def leave(self) -> None:
        """Asks the thread to end after its current call, unless it serves other cells."""
        if self._caller is not None and not self._lasting:
            self._caller.end()

    def gone(self, seconds: float) -> bool:
        """True if the actor makes no calls any more, or within this many seconds."""
        if self._caller is None:
            return True
        if self._lasting and self._caller.free(seconds):
            self._callers.give_back(self._host, self._caller)
            self._caller = None
        elif not self._lasting:
            self._thread.join(seconds)
        return self._caller is None or not self._thread.is_alive()
