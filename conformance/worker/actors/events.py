"""The events of a cell: what the calls of its actors did, in the order in which they came back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Optional, Union

from conformance.model.errors import HarnessError
from conformance.model.observation import Observation

Event = tuple[int, Union[Observation, HarnessError]]
"""Step number and observation of a call that has returned; a HarnessError if the harness itself failed."""


class Events:
    """Any thread puts events in, and one takes them out.

    A queue of the standard library does too much for each event, or too little: Queue wakes its reader through a
    condition variable, and get() of SimpleQueue with a timeout can wait for ever (CPython 3.11,
    Modules/_queuemodule.c: if it is woken without an item just after the time is over, it continues with a negative
    timeout, which the lock takes for none).
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._news = threading.Lock()
        """Held while there is nothing new; whoever puts an event in releases it."""
        self._news.acquire()

    def put(self, event: Event) -> None:
        """Adds an event."""
        self._events.append(event)
        with contextlib.suppress(RuntimeError):  # the event before this one has released it already
            self._news.release()

    def take(self, seconds: float = 0.0) -> Optional[Event]:
        """The next event; None if none comes within this many seconds."""
        until = time.monotonic() + seconds
        while not self._events and seconds > 0 and self._news.acquire(timeout=seconds):
            seconds = until - time.monotonic()  # the lock may be that of an event which was taken already
        return self._events.popleft() if self._events else None

    def empty(self) -> bool:
        """True if no event is there now."""
        return not self._events
