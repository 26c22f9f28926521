"""Actors in processes of their own, as the worker sees them: it sends steps, and receives observations."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Optional

from conformance.model import observation as o
from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.model.plan import PlanStep
from conformance.tables.faults import ROWS
from conformance.worker.actors.channel import Channel
from conformance.worker.actors.events import Events
from conformance.worker.actors.fork_server import SOFTWARE_FAILURE, STATUS
from conformance.worker.actors.process_main import BEGUN, ENDED, FORKED, REFUSED
from conformance.worker.actors.shared_names import Shared
from conformance.worker.waiting.watch import Look, Probe

OnFork = Callable[[str, "list[int]", "dict[str, str]"], None]
"""Called with a child that a process forked: its name, its descriptors (channel, status, notices), and what happens
when signals come."""


class OtherProcess:
    """A process: its id, the signs that its signal handlers give, and how it ended."""

    def __init__(self, status: int, notices: int) -> None:
        self.pid = 0
        self.status: Optional[int] = None
        """Its exit status, or the negative number of the signal that ended it; None while it lives, or if unknown."""
        self.dispositions: dict[str, str] = {}
        """The action that ``on_signal`` set, by the name of the signal."""
        self._ends = (status, notices)
        self._gone = False
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> bool:
        """True if the process is gone, or ends within this many seconds."""
        if not self._gone and _readable(self._ends[0], seconds):
            with self._lock:
                if not self._gone:
                    report = os.read(self._ends[0], STATUS.size)
                    self.status = STATUS.unpack(report)[0] if report else None
                    self._gone = True
        return self._gone

    def signal(self, number: int) -> None:
        """Sends a signal. Missing if the process is gone."""
        if self.wait(0):
            raise Missing("the process is gone already")
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills the process if it still lives."""
        if self.pid:
            with contextlib.suppress(Missing):
                self.signal(signal.SIGKILL)

    def stopped(self) -> bool:
        """True if the process is stopped, as by SIGSTOP; always False if the system does not show it."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:
                return file.read().rpartition(b") ")[2][:1] in (b"T", b"t")
        except OSError:
            return False

    def handled(self, seconds: float) -> bool:
        """True if a signal handler ran; each run is reported once."""
        return _readable(self._ends[1], seconds) and bool(os.read(self._ends[1], 1))

    def close(self) -> None:
        """Closes the worker's ends of the pipes."""
        for number in self._ends:
            os.close(number)


def _readable(number: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(number, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


class InCall:
    """Sees a thread of another process, but only during a call: waiting for the next step does not count."""

    def __init__(self, real: Probe) -> None:
        self.name, self.certainty = real.name, real.certainty
        self._real = real
        self.calling = False

    def look(self, thread: int) -> Optional[Look]:
        """The call that the thread waits in; None between calls."""
        return self._real.look(thread) if self.calling else None

    def cpu_seconds(self, thread: int) -> Optional[float]:
        """Processor time that the thread has used, in seconds."""
        return self._real.cpu_seconds(thread)


class ProcessActor:
    """An actor in another process. The schedule gives it one call at a time, as for a thread."""

    def __init__(
        self, name: str, process: OtherProcess, channel: Channel, shared: Shared,
        events: Events, on_fork: OnFork,
    ) -> None:  # fmt: skip
        self.name = name
        self.process = process
        self.thread = 0
        self.unsent = 0
        """Bytes that TCP held back on the sockets of its process when its last call returned."""
        self._channel = channel
        self._shared = shared
        self._events = events
        self._on_fork = on_fork
        self._step: Optional[PlanStep] = None
        self._reader = threading.Thread(target=self._read, name=f"reader of {name}", daemon=True)

    def greet(self, seconds: float, probe_of: Callable[[int, int], Probe]) -> None:
        """Waits until the process has started. Unsupported if it cannot be as requested."""
        if not _readable(self._channel.fileno(), seconds):
            raise HarnessError(f"the process of {self.name} did not start")
        try:
            message, _ = self._channel.receive()
        except (EOFError, OSError):
            raise HarnessError(f"the process of {self.name} ended as it started") from None
        if message[0] == REFUSED:
            raise Unsupported(message[1])
        _, self.process.pid, self.thread = message
        self._probe = InCall(probe_of(self.process.pid, self.thread))
        self._reader.start()

    @property
    def probe(self) -> Probe:
        """Sees this actor's thread."""
        return self._probe

    @property
    def busy(self) -> bool:
        """True during a call."""
        return self._step is not None

    def start(self, step: PlanStep) -> Optional[o.Observation]:
        """Sends a step; its observation comes as an event. Missing if the process is gone."""
        if self.process.wait(0):
            raise Missing(f"the process of {self.name} is gone")
        self._step = step
        with contextlib.suppress(OSError):
            self._channel.send((step, self._shared.news()))
        return None

    def leave(self) -> None:
        """Ends the process."""
        self.process.kill()

    def gone(self, seconds: float) -> bool:
        """True if the process has ended, or does within this many seconds, and all its messages were read."""
        deadline = time.monotonic() + seconds
        if self.process.pid and not self.process.wait(seconds):
            return False
        if self._reader.ident is not None:
            self._reader.join(max(0.1, deadline - time.monotonic()))
        return not self._reader.is_alive()

    def close(self) -> None:
        """Closes the worker's end of the channel."""
        self._channel.close()

    # messages of the process

    def _read(self) -> None:
        try:
            while True:
                self._take(*self._channel.receive())
        except (EOFError, OSError):
            self._died()
        except (HarnessError, Unsupported) as error:  # a child that it forked did not start
            step, self._step = self._step, None
            if step is not None:
                self._events.put((step.number, HarnessError(str(error))))

    def _take(self, message: tuple[Any, ...], descriptors: list[int]) -> None:
        if message[0] == FORKED:
            self._on_fork(str(message[1]), descriptors, self.process.dispositions)
        elif message[0] == BEGUN:
            self._probe.calling = True
        elif message[0] == ENDED:
            _, number, observation, news, self.unsent = message
            self._probe.calling = False
            self._shared.take(news)
            self._note_disposition(observation)
            self._step = None
            self._events.put((number, observation))

    def _note_disposition(self, observation: o.Observation) -> None:
        step = self._step
        if step is not None and ROWS[step.operation].sets_signal and observation.kind == o.RETURNED:
            given = {name: getattr(value, "value", "") for name, value in step.arguments}
            self.process.dispositions[str(given["signal"])] = str(given["action"])

    def _died(self) -> None:
        """The channel has ended: the process is gone, or ends now."""
        while not self.process.wait(1.0):
            pass
        step, self._step = self._step, None
        self._probe.calling = False
        if step is not None:
            failed = self.process.status in (None, SOFTWARE_FAILURE)
            error = HarnessError(f"the harness failed in the process of {self.name}, step {step.number}")
            self._events.put((step.number, error if failed else ended(step, self.process.status or 0)))


def ended(step: PlanStep, status: int) -> o.Observation:
    """The observation of a step during which the actor's process ended."""
    return o.Observation(o.RETURNED) if status >= 0 and ROWS[step.operation].ends_process else o.crashed(status)
