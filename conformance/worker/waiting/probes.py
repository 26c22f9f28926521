"""Chooses the surest probes that work on this host: for the call of a thread, and for packets on their way."""

from __future__ import annotations

import contextlib
import sys
import threading

from conformance.worker.host.host_facts import emulator, kernel_machine, kernel_word_bits
from conformance.worker.waiting.settling import LinuxTraffic, Traffic, UnknownTraffic
from conformance.worker.waiting.system_calls import SYSTEM_CALLS, abi_of
from conformance.worker.waiting.watch import Probe, ProcProbe, WindowProbe


def best_probe() -> tuple[Probe, Traffic]:
    """The surest probe, tried on a thread of this process, and the traffic report that goes with it."""
    if sys.platform == "linux":
        return _linux_probe(), LinuxTraffic()
    if emulator() == "wine":
        from conformance.worker.waiting.wine_threads import wine_probe
        from conformance.worker.waiting.wine_traffic import WineTraffic

        with contextlib.suppress(OSError, AttributeError):  # this Wine lacks something that the probe needs
            probe = wine_probe()
            if probe is not None:
                return probe, WineTraffic()
    return WindowProbe(), UnknownTraffic()


def _linux_probe() -> Probe:
    calls = SYSTEM_CALLS.get(abi_of(kernel_machine(), kernel_word_bits()))
    probe = ProcProbe(calls) if calls is not None else None
    return probe if probe and probe.sees(threading.get_native_id()) else WindowProbe()
