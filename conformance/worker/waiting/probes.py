"""The surest ways that work on this host: to see what a thread waits in, and what is under way in the network."""

from __future__ import annotations

import contextlib
import sys
import threading

from conformance.worker.host.host_facts import emulator, kernel_machine
from conformance.worker.waiting.settling import LinuxNetwork, Network, SilentNetwork
from conformance.worker.waiting.watch import SYSTEM_CALLS, Probe, ProcProbe, WindowProbe


def best_probe() -> tuple[Probe, Network]:
    """The surest probe, tried on a thread of this process, and the account of the network that goes with it."""
    if sys.platform == "linux":
        return _linux_probe(), LinuxNetwork()
    if emulator() == "wine":
        from conformance.worker.waiting.wine_network import WineNetwork
        from conformance.worker.waiting.wine_threads import wine_probe

        with contextlib.suppress(OSError, AttributeError):  # what this Wine does not give
            probe = wine_probe()
            if probe is not None:
                return probe, WineNetwork()
    return WindowProbe(), SilentNetwork()


def _linux_probe() -> Probe:
    calls = SYSTEM_CALLS.get(kernel_machine())
    probe = ProcProbe(calls) if calls is not None else None
    return probe if probe and probe.sees(threading.get_native_id()) else WindowProbe()
