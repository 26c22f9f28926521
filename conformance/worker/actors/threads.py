"""Actors, which carry out one call at a time; those in this module are threads, each on its host."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Optional, Protocol, Union

from conformance.model import observation as o
from conformance.model.errors import HarnessError
from conformance.model.plan import PlanStep
from conformance.worker.calls.perform import Call
from conformance.worker.network.namespaces import join
from conformance.worker.waiting.watch import Probe

Events = queue.Queue[tuple[int, Union[o.Observation, HarnessError]]]
"""Step number and observation of each call that has returned; a HarnessError if the harness itself failed.

Not a SimpleQueue: its get() with a timeout can wait for ever (CPython 3.11, Modules/_queuemodule.c: if it is woken
without an item just after the time is over, it continues with a negative timeout, which the lock takes for none)."""


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


class ThreadActor:
    """A thread that makes calls. The schedule gives it one call at a time."""

    def __init__(
        self, name: str, events: Events, host: Optional[int], probe: Probe,
        call_of: Callable[[PlanStep], Union[Call, o.Observation]],
    ) -> None:  # fmt: skip
        self.name = name
        self.probe = probe
        self._events = events
        self._host = host
        self._call_of = call_of
        self._work: queue.SimpleQueue[Optional[tuple[int, Call]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, name=f"actor {name}", daemon=True)
        self._thread.start()

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
        self._work.put((step, call))

    def leave(self) -> None:
        """Asks the thread to end after its current call."""
        self._work.put(None)

    def gone(self, seconds: float) -> bool:
        """True if the thread has ended, or does within this many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _live(self) -> None:
        if self._host is not None:
            join(self._host)
        while True:
            work = self._work.get()
            if work is None:
                return
            step, call = work
            del work
            try:
                result: Union[o.Observation, HarnessError] = call()
            except HarnessError as error:
                result = error
            del call
            self._events.put((step, result))
