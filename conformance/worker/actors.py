"""Actors as threads: each carries out one call at a time, on the host where it lives."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Optional

from conformance.model import observation as o
from conformance.worker.namespaces import join

Events = queue.SimpleQueue
"""Where actors put (step number, observation) as their calls come back."""


class ThreadActor:
    """A thread that makes calls. One call at a time; the schedule sees to that."""

    def __init__(self, name: str, events: queue.SimpleQueue[tuple[int, o.Observation]], host: Optional[int]) -> None:
        self.name = name
        self._events = events
        self._host = host
        self._work: queue.SimpleQueue[Optional[tuple[int, Callable[[], o.Observation]]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, name=f"actor {name}", daemon=True)
        self._thread.start()

    @property
    def thread(self) -> int:
        """The kernel's id of the thread."""
        return int(self._thread.native_id or 0)

    def begin(self, step: int, call: Callable[[], o.Observation]) -> None:
        """Hands a call over; its observation comes as an event."""
        self._work.put((step, call))

    def leave(self) -> None:
        """Asks the thread to end after its current call."""
        self._work.put(None)

    def gone(self, seconds: float) -> bool:
        """Whether the thread has ended, or does within so many seconds."""
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
            observation = call()
            del call
            self._events.put((step, observation))
