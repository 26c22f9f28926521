"""Faults of actors' processes: they are killed, stopped, resumed, or get a signal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from conformance.model.errors import Missing
from conformance.worker.actors.process_actor import OtherProcess, ProcessActor
from conformance.worker.actors.process_main import signal_number
from conformance.worker.waiting.watch import Watch

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01

_IGNORED_BY_DEFAULT = ("SIGCHLD", "SIGURG", "SIGWINCH", "SIGCONT")
_STOPPING = ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
_HANDLED, _IGNORED = ("count", "raise"), "ignore"
PYTHON_IGNORES = ("SIGPIPE", "SIGXFSZ")
"""The signals that Python ignores from its start on."""


class ProcessFaults:
    """The faults of the processes of one cell. They wait without a timeout; the limit of the step bounds them."""

    def __init__(self, actors: Mapping[str, ProcessActor], watch: Callable[[ProcessActor], Watch]) -> None:
        self._actors = actors
        self._watch = watch

    def kill(self, actor: str) -> None:
        """Kills the actor's process; over when it is gone."""
        process = self._actor(actor).process
        process.kill()
        _end(process)

    def signal(self, to: str, signal: str) -> None:
        """Over when the handler has run and the actor waits again or has returned, or when the process is gone."""
        actor = self._actor(to)
        number = signal_number(signal)
        action = actor.process.dispositions.get(signal, _by_default(signal))
        actor.process.signal(number)
        if action in _HANDLED:
            _until(actor.process, lambda: actor.process.handled(_LONGEST_PAUSE))
            watch = self._watch(actor)
            _until(actor.process, lambda: not actor.busy or watch.waiting() is not None)
        elif action == "default" and signal not in _STOPPING:
            _end(actor.process)
        elif action == "default" or signal == "SIGCONT":
            _until(actor.process, lambda: actor.process.stopped() == (signal in _STOPPING))

    def stop(self, actor: str) -> None:
        """Stops the process; over when the kernel shows it as stopped."""
        self.signal(actor, "SIGSTOP")

    def resume(self, actor: str) -> None:
        """Resumes the process; over when it runs again."""
        self.signal(actor, "SIGCONT")

    def end(self, name: str) -> None:
        """Kills an actor's process, if the actor has one."""
        if name in self._actors:
            self.kill(name)

    def _actor(self, name: str) -> ProcessActor:
        if name not in self._actors:
            raise Missing(f"{name} has no process of its own")
        return self._actors[name]


def _end(process: OtherProcess) -> None:
    """Waits until a process is gone."""
    while not process.wait(1.0):
        pass


def _until(process: OtherProcess, over: Callable[[], bool]) -> None:
    """Waits until ``over`` returns True, or the process is gone."""
    pause = _FIRST_PAUSE
    while not over() and not process.wait(0):
        time.sleep(pause)  # no event of another process could wake us
        pause = min(2 * pause, _LONGEST_PAUSE)


def _by_default(signal: str) -> str:
    return _IGNORED if signal in (*_IGNORED_BY_DEFAULT, *PYTHON_IGNORES) else "default"
