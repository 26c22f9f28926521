"""The parts of one cell: hosts, names, actors, faults and records, built before its first step."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model.plan import Plan
from conformance.tables.transports import TRANSPORTS
from conformance.worker.actors.cell_actors import CellActors
from conformance.worker.actors.residence import hosts_of_actors
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.calls.perform import Performer, Vantage, performer_on
from conformance.worker.context import WorkerContext
from conformance.worker.faults.fault_kinds import Faults, faults_of
from conformance.worker.faults.target_hosts import TargetHosts
from conformance.worker.network.networks import CellHosts, network_for
from conformance.worker.observing.capture import Capture
from conformance.worker.observing.evidence import Evidence
from conformance.worker.side_records import SideRecords
from conformance.worker.waiting.settling import Settling


@dataclass(frozen=True)
class Stage:
    """All parts of one cell, one for each job; none of them uses the stage."""

    plan: Plan
    context: WorkerContext
    hosts: CellHosts
    performer: Performer
    actors: CellActors
    faults: Faults
    settling: Settling
    side_records: SideRecords


def stage_for(plan: Plan, adapter: ShapedAdapter, context: WorkerContext, number: int) -> Stage:
    """The stage of a cell. ``number`` is part of its folder's name. Unsupported if a network cannot be made."""
    network = network_for(plan, context.hosts)
    if network.held:
        context.watch_over(network.held)
    hosts = CellHosts(TRANSPORTS[plan.transport], hosts_of_actors(plan), network)
    folder = os.path.join(context.folder, f"c{number}")
    vantage = Vantage(folder, hosts.addresses, hosts.host_of, hosts.namespaces)
    performer = performer_on(plan, adapter, vantage, {})
    actors = CellActors(performer, hosts, vantage, context.fork_server, context.callers, context.scale)
    if actors.processes.members:
        performer.scope.path()  # a process without privileges could not make it
    faults = faults_of(performer, TargetHosts(hosts), actors.processes.actors, actors.watch)
    performer.owners["fault"] = faults.methods

    def unsent() -> Iterator[tuple[str, int]]:
        yield from context.traffic.unsent(_streams(performer))
        yield from actors.processes.unsent().items()

    settling = Settling(context.traffic, unsent, faults.packets.carried, context.scale)
    return Stage(plan, context, hosts, performer, actors, faults, settling, _side_records(context, hosts, performer))


def _side_records(context: WorkerContext, hosts: CellHosts, performer: Performer) -> SideRecords:
    if not (context.evidence or context.capture):
        return SideRecords()
    addresses = performer.scope.addresses
    evidence = Evidence(hosts.transport, hosts.namespaces, lambda: _descriptors(performer), addresses)
    if not context.capture:
        return SideRecords(evidence)
    return SideRecords(
        evidence, Capture(hosts.transport, hosts.network.hosts, addresses, hosts.host_of, evidence.strangers)
    )


def _descriptors(performer: Performer) -> Iterator[tuple[str, int]]:
    """Name and descriptor of each socket in this process."""
    for name, thing in performer.scope.sockets():
        number = performer.adapter.descriptor(thing)
        if number >= 0 and hasattr(thing, "getsockname"):
            yield name, number


def _streams(performer: Performer) -> Iterator[tuple[str, int]]:
    for name, number in _descriptors(performer):
        if getattr(performer.scope.objects.get(name), "type", None) == socket.SOCK_STREAM:
            yield name, number
