"""All faults of one cell: a small object for each kind, and one lookup from the name of a fault to its method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from conformance.tables.faults import FAULTS
from conformance.worker.actors.process_actor import ProcessActor
from conformance.worker.calls.perform import Performer, python_name
from conformance.worker.faults.network_faults import NetworkFaults
from conformance.worker.faults.packet_faults import PacketFaults
from conformance.worker.faults.process_faults import ProcessFaults
from conformance.worker.faults.target_hosts import TargetHosts
from conformance.worker.waiting.watch import Watch

KINDS = (NetworkFaults, PacketFaults, ProcessFaults)
"""A fault is a method of one of these, under the name of its row."""


@dataclass(frozen=True)
class Faults:
    """The faults of one cell. ``methods`` has, under the name of each fault of its plan, the method that does it."""

    packets: PacketFaults
    methods: SimpleNamespace


def faults_of(
    performer: Performer, targets: TargetHosts, processes: Mapping[str, ProcessActor],
    watch: Callable[[ProcessActor], Watch],
) -> Faults:  # fmt: skip
    """The faults of a cell. ``processes``: the actors that have processes; ``watch``: watches the call of one."""
    packets, signals = PacketFaults(targets, performer), ProcessFaults(processes, watch)
    kinds = (NetworkFaults(targets, packets, signals), packets, signals)
    steps = (*performer.scope.plan.conditions, *performer.scope.plan.steps)
    names = {python_name(step.operation) for step in steps if step.operation in FAULTS}
    found = ((name, kind) for name in names for kind in kinds if hasattr(kind, name))
    return Faults(packets, SimpleNamespace(**{name: getattr(kind, name) for name, kind in found}))
