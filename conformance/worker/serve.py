"""The worker: reads requests from standard input, runs one cell after the other, and reports each step as it happens.

The messages are those of ``conformance.model.protocol``. Standard output belongs to them alone: what an implementation
prints goes to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Optional

from conformance import tape
from conformance.model import protocol as p
from conformance.model.captures import AnyCapture, CapturedPacket, NoCapture
from conformance.model.errors import FixtureFailed, HarnessError, Unsupported
from conformance.model.facts import HostFacts
from conformance.model.observation import FixtureFailure, Observation
from conformance.model.plan import Plan
from conformance.model.socket_state import SocketState
from conformance.tables.faults import FAULTS, NETWORK
from conformance.tables.transports import TRANSPORTS
from conformance.worker.actors.fork_server import start as start_fork_server
from conformance.worker.actors.process_main import live, prepare
from conformance.worker.actors.processes import NO_FORK
from conformance.worker.actors.threads import Callers
from conformance.worker.adapters import NoSuchImplementation, ShapedAdapter, adapter_for
from conformance.worker.adapters.examination import examine
from conformance.worker.capability_checks import findings, lacking, transport_lacking
from conformance.worker.context import WorkerContext
from conformance.worker.drive import CellRun
from conformance.worker.host.host_facts import host_facts
from conformance.worker.network.networks import Host, SharedHosts
from conformance.worker.waiting.probes import best_probe
from conformance.worker.watchdog import Watchdog
from conformance.worker.watchdog import start as start_watchdog

_REFERENCE_SECONDS = 0.002
"""Seconds of the yardstick loop on an ordinary machine."""


def scale_of_host() -> float:
    """The factor for time limits: how much slower this machine is than an ordinary one, at least 1."""
    best = min(_yardstick() for _ in range(3))
    return max(1.0, min(20.0, best / _REFERENCE_SECONDS))


def _yardstick() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(30_000):
        total += number
    return time.perf_counter() - began


class Worker:
    """Serves one controller until its standard input ends."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO, context: WorkerContext) -> None:
        self._requests, self._answers, self._context = requests, answers, context
        self._adapters: dict[str, ShapedAdapter] = {}

    def serve(self) -> None:
        """Runs cells until there are no more."""
        probe, scale = self._context.callers.probe, round(self._context.scale, 2)
        facts = HostFacts(**host_facts())
        self._send(p.Hello(p.PROTOCOL, facts, probe.name, probe.certainty, scale, os.getpid()))
        for line in self._requests:
            request = p.REQUESTS.of_line(line)
            if isinstance(request, p.ProbeRequest):
                self._send(p.Findings(request.probe, findings(self._context.hosts)))
            elif isinstance(request, p.ExamineRequest):
                for found in examine(request.examine):
                    self._send(p.Examination(found))
            elif not self._run(request.run, request.plan):
                return

    def _send(self, message: p.Answer) -> None:
        self._answers.write(p.ANSWERS.to_line(message))
        self._answers.flush()

    def begins(self, step: int) -> None:
        """Sends all that was kept back, and that a step begins."""
        self._send(p.StepBegun(step))

    def over(self, step: int, observation: Observation, evidence: Sequence[SocketState]) -> None:
        """Keeps back what a step did: most often the next one begins at once."""
        self._answers.write(p.ANSWERS.to_line(p.StepDone(step, observation, tuple(evidence))))

    def pause(self) -> None:
        """Sends all that was kept back."""
        self._answers.flush()

    def _run(self, number: int, plan: Plan) -> bool:
        """Runs one cell; False if the worker must be replaced."""
        began = time.perf_counter()
        end: dict[str, Any] = {"clean": True}
        cell: Optional[CellRun] = None
        try:
            self._check_needs(plan)
            adapter = self._adapter(plan.implementation)
            used = _noted(adapter)
            if used is not None:
                used.clear()
            cell = CellRun(plan, adapter, self._context, number)
            cell.run(self)
            if used is not None:
                end["used"] = tuple(sorted(used))
        except (Unsupported, NoSuchImplementation) as error:
            end["unsupported"] = str(error)
        except HarnessError as error:
            end["inconclusive"] = str(error)
            if isinstance(error, FixtureFailed):
                end["fixture"] = FixtureFailure(error.call, error.hung, error.traceback)
        if cell is not None:
            end["capture"], end["packets"] = _captured(cell)
            end["clean"] = cell.clean_up()
            if plan.tape is not None:
                end["tape"] = p.Played(**cell.tape_report())
        self._send(p.CellEnd(number, round(time.perf_counter() - began, 6), **end))
        return bool(end["clean"])

    def _check_needs(self, plan: Plan) -> None:
        hosts = self._context.hosts
        missing = transport_lacking(plan.transport, bool(hosts.by_name))
        if missing:
            raise Unsupported(f"{plan.transport}: {hosts.why_not if 'no hosts' in missing else missing}")
        for actor, placement in plan.actors.items():
            if placement.byteorder not in (None, sys.byteorder):
                raise Unsupported(
                    f"{actor} needs a {placement.byteorder}-endian host; this one is {sys.byteorder}-endian"
                )
            if placement.has_process and self._context.fork_server is None:
                raise Unsupported(NO_FORK)
        for capability in dict.fromkeys((*plan.needs, *_needs_of_faults(plan))):
            finding = lacking(capability, hosts)
            if finding:
                raise Unsupported(f"needs {capability}: {finding}")

    def _adapter(self, implementation: str) -> ShapedAdapter:
        if implementation not in self._adapters:
            self._adapters[implementation] = adapter_for(implementation)
        return self._adapters[implementation]


def _needs_of_faults(plan: Plan) -> Iterator[str]:
    """The capabilities that a plan's faults need; network faults count only if the transport has hosts."""
    steps = (step for step in (*plan.conditions, *plan.steps) if step.applicable and step.operation in FAULTS)
    for fault in (FAULTS[step.operation] for step in steps):
        if fault.by != NETWORK or TRANSPORTS[plan.transport].hosts:
            yield fault.needs


def _noted(adapter: ShapedAdapter) -> Optional[set[str]]:
    """The set in which an implementation notes its used attributes; None if it does not."""
    noted = getattr(adapter.factory, "attributes_used", None)
    return noted if isinstance(noted, set) else None


def _captured(cell: CellRun) -> tuple[AnyCapture, tuple[CapturedPacket, ...]]:
    try:
        return cell.captured()
    except (HarnessError, OSError) as error:
        return NoCapture(f"the capture failed: {error}"), ()


def _own_output() -> BinaryIO:
    """A private copy of standard output; file descriptor 1 then leads to standard error."""
    copy = os.dup(1)
    os.dup2(2, 1)
    os.set_inheritable(copy, False)
    return os.fdopen(copy, "wb")


def main(settings: dict[str, Any]) -> None:
    """Runs a worker from start to end. ``settings``: ``hosts`` (name to [descriptor, IPv4, IPv6]), ``why_not``,
    ``path``, ``evidence``, ``capture``, ``taped``.
    """
    warnings.simplefilter("ignore")
    if settings.get("taped"):
        tape.install()  # before any implementation is imported, and before the fork server starts
    for entry in reversed(settings.get("path", [])):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    answers = _own_output()
    requests = os.fdopen(os.dup(0), "rb")
    folder = tempfile.mkdtemp(prefix="cf-")
    os.chmod(folder, 0o755)
    watchdog = _watchdog(folder)
    by_name = {name: Host(*host) for name, host in settings.get("hosts", {}).items()}
    fork_server = start_fork_server(live, prepare)
    threading.stack_size(512 * 1024)
    try:
        hosts = SharedHosts(by_name, settings.get("why_not", ""))
        evidence, capture = (bool(settings.get(name)) for name in ("evidence", "capture"))
        probe, traffic = best_probe()
        context = WorkerContext(
            Callers(probe), traffic, scale_of_host(), folder, hosts, fork_server, evidence, capture, watchdog
        )
        Worker(requests, answers, context).serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    answers.flush()
    os._exit(0)


def _watchdog(folder: str) -> Optional[Watchdog]:
    """Starts the watchdog if processes can be forked: it outlives this process and removes what this leaves."""
    return start_watchdog(folder) if hasattr(os, "fork") else None
