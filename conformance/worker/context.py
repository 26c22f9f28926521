"""The state that all cells of a worker share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from conformance.worker.actors.fork_server import ForkServer
from conformance.worker.actors.threads import Callers
from conformance.worker.network.networks import SharedHosts
from conformance.worker.waiting.settling import Traffic
from conformance.worker.watchdog import Watchdog


@dataclass(frozen=True)
class WorkerContext:
    """``scale``: how much slower than an ordinary machine this one is, at least 1."""

    callers: Callers
    traffic: Traffic
    scale: float
    folder: str
    hosts: SharedHosts
    fork_server: Optional[ForkServer] = None
    evidence: bool = False
    """True if the state of each socket is recorded after each step."""
    capture: bool = False
    """True if all packets are recorded."""
    watchdog: Optional[Watchdog] = None

    def watch_over(self, hosts: list[int]) -> None:
        """Tells the watchdog which hosts the current cell has of its own."""
        if self.watchdog is not None:
            self.watchdog.watch_over(hosts)
