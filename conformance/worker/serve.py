"""The worker: takes plans as JSON lines on standard input, runs one after the other, tells what happened as it does.

Requests: ``{"run": number, "plan": …}``. Answers: ``{"hello": facts}`` once; then per cell ``{"begin": step}``,
``{"step": number, "observation": …}``, with ``evidence`` where that was asked for, and ``{"end": number, …}``.
A request ``{"probe": number}`` is answered by ``{"probed": number, "findings": …}``: by kind (transports,
capabilities, faults) and name what is lacking, or null. A request ``{"examine": name}`` is answered by one or more
``{"examined": findings}``, the last without ``doing``.
Standard output belongs to the protocol alone: what an implementation prints goes to standard error.
"""

from __future__ import annotations

import json
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
from conformance.model.codec import Vocabulary
from conformance.model.errors import FixtureFailed, HarnessError, Unsupported
from conformance.model.observation import Observation
from conformance.model.plan import WIRE, Plan
from conformance.tables.faults import FAULTS, NETWORK
from conformance.tables.transports import TRANSPORTS
from conformance.worker.actors.fork_server import Nursery
from conformance.worker.actors.fork_server import start as start_nursery
from conformance.worker.actors.process_main import live
from conformance.worker.adapters import NoSuchImplementation, ShapedAdapter, adapter_for
from conformance.worker.adapters.examination import examine
from conformance.worker.capability_probes import findings, lacking, transport_lacking
from conformance.worker.drive import Cell, Hosts, Surroundings
from conformance.worker.guard import Guard
from conformance.worker.guard import start as start_guard
from conformance.worker.host.host_facts import host_facts
from conformance.worker.observing.evidence import Found
from conformance.worker.waiting.probes import best_probe

PROTOCOL = 1

_REFERENCE_SECONDS = 0.002
"""What the yardstick loop takes on an ordinary machine."""

_OBSERVATIONS = Vocabulary()


def scale_of_host() -> float:
    """How much slower than an ordinary machine this one is, at least 1: time limits are multiplied by it."""
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

    def __init__(
        self, requests: BinaryIO, answers: BinaryIO, hosts: Hosts, folder: str, nursery: Optional[Nursery],
        guard: Optional[Guard] = None, evidence: bool = False, capture: bool = False,
    ) -> None:  # fmt: skip
        self._requests = requests
        self._answers = answers
        self._around = Surroundings(*best_probe(), scale_of_host(), folder, hosts, nursery, evidence, capture, guard)
        self._adapters: dict[str, ShapedAdapter] = {}

    def serve(self) -> None:
        """Runs cells until there are no more."""
        probe = self._around.probe
        self._tell(
            {
                "hello": host_facts(),
                "protocol": PROTOCOL,
                "probe": probe.name,
                "certainty": probe.certainty,
                "scale": round(self._around.scale, 2),
                "pid": os.getpid(),
            }
        )
        for line in self._requests:
            request = json.loads(line)
            if "probe" in request:
                self._tell({"probed": request["probe"], "findings": findings(self._around.hosts)})
            elif "examine" in request:
                for found in examine(request["examine"]):
                    self._tell({"examined": _OBSERVATIONS.encode(found)})
            elif not self._run(request["run"], WIRE.decode(request["plan"])):
                return

    def _tell(self, message: dict[str, Any]) -> None:
        self._answers.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self._answers.flush()

    def _run(self, number: int, plan: Plan) -> bool:
        """Runs one cell; False where the worker must be replaced."""
        began = time.perf_counter()
        end: dict[str, Any] = {"end": number, "clean": True}
        cell: Optional[Cell] = None
        try:
            self._check_needs(plan)
            adapter = self._adapter(plan.implementation)
            used = _noted(adapter)
            if used is not None:
                used.clear()
            cell = Cell(plan, adapter, self._around, number)
            cell.run(lambda step: self._tell({"begin": step}), self._report)
            if used is not None:
                end["used"] = sorted(used)
        except (Unsupported, NoSuchImplementation) as error:
            end["unsupported"] = str(error)
        except HarnessError as error:
            end["inconclusive"] = str(error)
            end["fixture"] = isinstance(error, FixtureFailed)
        if cell is not None:
            end["capture"] = _captured(cell)
            end["clean"] = cell.clean_up()
            if plan.tape is not None:
                end["tape"] = cell.tape_report()
        end["seconds"] = round(time.perf_counter() - began, 6)
        self._tell(end)
        return bool(end["clean"])

    def _check_needs(self, plan: Plan) -> None:
        hosts = self._around.hosts
        missing = transport_lacking(plan.transport, bool(hosts.places))
        if missing:
            raise Unsupported(f"{plan.transport}: {hosts.why_not if 'no hosts' in missing else missing}")
        for actor, placement in plan.actors.items():
            if placement.byteorder not in (None, sys.byteorder):
                raise Unsupported(
                    f"{actor} needs a {placement.byteorder}-endian host; this one is {sys.byteorder}-endian"
                )
            if (placement.own_process or placement.unprivileged) and self._around.nursery is None:
                raise Unsupported("an actor can have a process of its own only where there is os.fork()")
        for capability in dict.fromkeys((*plan.needs, *_needs_of_faults(plan))):
            finding = lacking(capability, hosts)
            if finding:
                raise Unsupported(f"needs {capability}: {finding}")

    def _adapter(self, implementation: str) -> ShapedAdapter:
        if implementation not in self._adapters:
            self._adapters[implementation] = adapter_for(implementation)
        return self._adapters[implementation]

    def _report(self, step: int, observation: Observation, evidence: Sequence[Found]) -> None:
        seen = {"evidence": evidence} if evidence else {}
        self._tell({"step": step, "observation": _OBSERVATIONS.encode(observation), **seen})


def _needs_of_faults(plan: Plan) -> Iterator[str]:
    """What the faults of a plan need; those of a network only where its transport has one."""
    steps = (step for step in (*plan.conditions, *plan.steps) if step.applicable and step.operation in FAULTS)
    for fault in (FAULTS[step.operation] for step in steps):
        if fault.by != NETWORK or TRANSPORTS[plan.transport].hosts:
            yield fault.needs


def _noted(adapter: ShapedAdapter) -> Optional[set[str]]:
    """The set in which an implementation notes what is used of it; None where it does not."""
    noted = getattr(adapter.factory, "attributes_used", None)
    return noted if isinstance(noted, set) else None


def _captured(cell: Cell) -> Optional[dict[str, Any]]:
    try:
        return cell.captured()
    except (HarnessError, OSError) as error:
        return {"lacking": f"the capture failed: {error}"}


def _own_output() -> BinaryIO:
    """A private copy of standard output; file descriptor 1 becomes standard error."""
    copy = os.dup(1)
    os.dup2(2, 1)
    os.set_inheritable(copy, False)
    return os.fdopen(copy, "wb")


def main(settings: dict[str, Any]) -> None:
    """The worker's life. ``settings``: ``hosts`` (name to [descriptor, IPv4, IPv6]), ``why_not``, ``path``,
    ``evidence``, ``capture``, ``taped``.
    """
    warnings.simplefilter("ignore")
    if settings.get("taped"):
        tape.install()  # before any implementation is imported, and before the nursery is forked
    for entry in reversed(settings.get("path", [])):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    answers = _own_output()
    requests = os.fdopen(os.dup(0), "rb")
    folder = tempfile.mkdtemp(prefix="cf-")
    os.chmod(folder, 0o755)
    guard = _guard(folder)
    places = {name: (place[0], place[1], place[2]) for name, place in settings.get("hosts", {}).items()}
    nursery = start_nursery(live)
    threading.stack_size(512 * 1024)
    try:
        hosts = Hosts(places, settings.get("why_not", ""))
        asked_for = (bool(settings.get(name)) for name in ("evidence", "capture"))
        Worker(requests, answers, hosts, folder, nursery, guard, *asked_for).serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    answers.flush()
    os._exit(0)


def _guard(folder: str) -> Optional[Guard]:
    """Starts the guard where processes can be forked: it outlives this process and puts away what that left."""
    return start_guard(folder) if hasattr(os, "fork") else None
