"""Faults as steps: what each does to the network or to an actor's process, and how all are undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from conformance.model.errors import Missing, Unsupported
from conformance.worker.actors.process_actor import OtherProcess, ProcessActor
from conformance.worker.actors.process_main import signal_number
from conformance.worker.adapters.shaped import ShapedAdapter
from conformance.worker.calls.scope import Scope
from conformance.worker.faults.packet_faults import PacketFaults
from conformance.worker.network import forged_segments
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.networks import Network
from conformance.worker.waiting.watch import Watch

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.01

_IGNORED_BY_DEFAULT = ("SIGCHLD", "SIGURG", "SIGWINCH", "SIGCONT")
_STOPPING = ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
_HANDLED, _IGNORED = ("count", "raise"), "ignore"
PYTHON_IGNORES = ("SIGPIPE", "SIGXFSZ")
"""What Python ignores from its start on."""


class Faults(PacketFaults):
    """The operations of kind ``fault`` of one cell."""

    def __init__(
        self, scope: Scope, adapter: ShapedAdapter, host_of: Mapping[str, str], network: Network,
        processes: Mapping[str, ProcessActor], watch: Callable[[ProcessActor], Watch],
    ) -> None:  # fmt: skip
        super().__init__(scope.transport, host_of, network)
        self._scope = scope
        self._adapter = adapter
        self._processes = processes
        self._watch = watch

    # the system: what is waited for takes as long as it takes, which the limit of the step bounds

    def kill(self, actor: str) -> None:
        """Over when the process is gone."""
        process = self._actor(actor).process
        process.kill()
        _end(process)

    def signal(self, to: str, signal: str) -> None:
        """Over when the handler has run and the actor waits again or has returned, or the process is gone."""
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
        """Over when the process is seen stopped."""
        self.signal(actor, "SIGSTOP")

    def resume(self, actor: str) -> None:
        """Over when it runs again."""
        self.signal(actor, "SIGCONT")

    def _end_processes(self, actors: list[str]) -> None:
        for name in actors:
            if name in self._processes:
                self.kill(name)

    def _actor(self, name: str) -> ProcessActor:
        if name not in self._processes:
            raise Missing(f"{name} has no process of its own")
        return self._processes[name]

    # the network

    def inject(self, segment: str, from_: str, to: str, sequence: str) -> None:
        """Forges a segment from one actor's host for another actor's socket."""
        host = self._places[self._host(from_)][0]
        source, target = self._address_of(from_), self._address_of(to)
        expected = forged_segments.expected_numbers(self._adapter.descriptor(self._scope.object(to)))
        assert host is not None
        try:
            on_host(host, lambda: forged_segments.send_segment(segment, sequence, expected, source, target))
        except PermissionError:
            raise Unsupported("raw sockets need CAP_NET_RAW") from None

    def _address_of(self, name: str) -> Any:
        if name not in self._scope.addresses:
            raise Missing(f'"{name}" has no address')
        return self._scope.addresses[name]


def _end(process: OtherProcess) -> None:
    """Waits until a process is gone."""
    while not process.wait(1.0):
        pass


def _until(process: OtherProcess, over: Callable[[], bool]) -> None:
    """Waits until something of a process is over, or the process is."""
    pause = _FIRST_PAUSE
    while not over() and not process.wait(0):
        time.sleep(pause)  # between two looks at another process; there is nothing that could wake us
        pause = min(2 * pause, _LONGEST_PAUSE)


def _by_default(signal: str) -> str:
    return _IGNORED if signal in (*_IGNORED_BY_DEFAULT, *PYTHON_IGNORES) else "default"
