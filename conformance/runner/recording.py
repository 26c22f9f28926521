"""Outcomes as cells of a record."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.engine.choose import outcome_for
from conformance.engine.differential import Divergence
from conformance.engine.exact import is_free
from conformance.engine.judge import INCONCLUSIVE, terms_for
from conformance.engine.wording import expected_words, observed_words, step_words
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.codec import Vocabulary
from conformance.model.errors import RecordInUse
from conformance.model.examined import Examined
from conformance.platforms.locks import Lock
from conformance.report import markdown
from conformance.report.records import CellRecord, Header, RecordWriter, file_name, now, platform_name, read, written
from conformance.runner.cells import Cell, Outcome
from conformance.tables.faults import ROWS
from conformance.tables.measures import unit_of
from conformance.tables.transports import TRANSPORTS

HOST = "local"
"""The name of the host on which all actors live, as records call it."""

_WIRE = Vocabulary()


def cell_record(outcome: Outcome) -> CellRecord:
    """What a record holds of a cell. Of a capture that is all but the packets, which are a file of their own."""
    cell, verdict = outcome.cell, outcome.verdict
    steps = tuple(_step(cell, step, outcome) for step in cell.case.steps if step.number in outcome.observations)
    actors = dict.fromkeys(step.actor for step in cell.case.steps)
    measures = _measures(cell, outcome.observations)
    return CellRecord(
        id=cell.id,
        scenario=cell.scenario.id,
        case=cell.case.name,
        transport=cell.transport,
        implementation=cell.implementation,
        level=cell.scenario.level,
        hosts=dict.fromkeys(actors, HOST),
        verdict=verdict.kind,
        steps=steps,
        seconds=outcome.seconds,
        file=shown_path(str(cell.scenario.path)),
        digest=cell.scenario.digest,
        reason=verdict.reason,
        step=verdict.step,
        expected=verdict.expected,
        observed=verdict.observed,
        measures={name: number for name, (number, _) in measures.items()},
        units={name: unit for name, (_, unit) in measures.items()},
        notes=outcome.notes if verdict.kind in ("fail", INCONCLUSIVE) else (),
        differential=_differential(outcome.divergence),
        capture=_capture(outcome.capture),
    )


def _capture(capture: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if capture is None:
        return None
    packets = {"packets": len(capture["packets"])} if "packets" in capture else {}
    return {**capture, **packets}


def pcapng_of(cell: CellRecord, capture: Mapping[str, Any] | None) -> bytes:
    """The packets of a cell as the content of a pcapng file; empty where nothing could be captured.

    The first packet of each step says which step that is.
    """
    if not capture or "packets" not in capture:
        return b""
    from conformance.report import pcapng  # only here: most runs capture nothing

    begins = sorted((began, number) for number, began, _ in capture["steps"] if began is not None)
    says = {step["number"]: f"step {step['number']}: {step['actor']} {step['says']}" for step in cell.steps}
    packets = sorted(capture["packets"], key=lambda packet: int(packet[2]))
    comments: dict[int, str] = {}
    for number, packet in enumerate(packets):
        while begins and begins[0][0] <= packet[2]:
            comments[number] = says.get(begins.pop(0)[1], "")
    return pcapng.written(packets, cell.id, comments)


def _differential(divergence: Divergence | None) -> dict[str, Any] | None:
    if divergence is None:
        return None
    words = {name: _words(getattr(divergence, name)) for name in ("reference", "other")}
    return {
        "step": divergence.step,
        "says": f"{divergence.actor} {divergence.operation}",
        "depth": divergence.depth,
        "raw": words["reference"],
        "here": words["other"],
    }


def _words(seen: Mapping[str, Any]) -> str:
    if "seconds" in seen:
        return f"{seen['seconds']} s"
    return observed_words(o.Observation(seen["kind"], seen.get("value")))


def shown_path(path: str) -> str:
    """A path as people know it: from the current folder, where it is below that."""
    relative = os.path.relpath(path) if os.path.splitdrive(path)[0] == os.path.splitdrive(os.getcwd())[0] else path
    return path if relative.startswith("..") else relative


def _step(cell: Cell, step: s.Step, outcome: Outcome) -> dict[str, Any]:
    seen, facts = outcome.observations[step.number], outcome.facts
    expected = outcome_for(step, terms_for(cell.case, cell.transport, facts), facts) if facts else step.outcome
    encoded = _WIRE.encode(seen)
    encoded.pop("is")
    if encoded.get("wait"):
        encoded["wait"].pop("is")
    shown: dict[str, Any] = {
        "number": step.number,
        "line": step.position.line,
        "actor": step.actor,
        "operation": step.operation,
        "says": step_words(step),
        "did": observed_words(seen),
        "expected": expected_words(expected),
        "observation": encoded,
    }
    if step.pending:
        shown["pending"] = True
    if is_free(step, expected, seen):
        shown["free"] = True
    if step.group_kind != "single":
        shown.update(group=step.group, group_kind=step.group_kind)
    if (step.level or cell.scenario.level) == "measure":
        shown["measured"] = True
    if step.number in outcome.evidence:
        shown["evidence"] = outcome.evidence[step.number]
    return shown


def _measures(cell: Cell, observations: Mapping[int, o.Observation]) -> dict[str, tuple[float, str]]:
    """What the scenario measures, with its unit: the result where it is a number, else how long the call took."""
    found = {}
    for step in cell.case.steps:
        seen = observations.get(step.number)
        if step.measures and seen and seen.kind == o.RETURNED:
            if isinstance(seen.canonical, (int, float)) and not isinstance(seen.canonical, bool):
                option = getattr(dict(step.arguments).get("option"), "name", None)
                unit = unit_of(ROWS[step.operation], option, TRANSPORTS[cell.transport])
                found[step.measures] = seen.canonical, unit
            elif seen.seconds is not None:
                found[step.measures] = seen.seconds, "s"
    return found


def _captures(record: Path) -> Path:
    """The folder of a record's captures."""
    return record.parent / "captures" / record.stem


def _forget_captures(record: Path) -> None:
    """Removes the captures of the record that was here before, for no record speaks of them any more."""
    with written(_captures(record)):
        for path in _captures(record).glob("*.pcapng"):
            path.unlink()


def _locked(record: Path) -> Lock:
    """The lock on a record, held until the run ends. RecordInUse where another run holds it."""
    with written(record):
        record.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(record)
    if not lock.try_seize():
        lock.close()
        raise RecordInUse(f"{record}: another run is writing this record; let it end, or name another --reports folder")
    return lock


class RunRecorder:
    """Writes one record per platform and implementation as cells arrive, and a report per platform at the end."""

    def __init__(self, folder: Path, examined: Mapping[str, Examined] | None = None) -> None:
        self._folder = folder
        self._examined = examined or {}
        self._locks: list[Lock] = []
        self._writers: dict[tuple[str, str], RecordWriter] = {}
        self._facts: Mapping[str, Any] = {}

    @property
    def paths(self) -> list[Path]:
        """The records, in the order in which they were begun."""
        return [writer.path for writer in self._writers.values()]

    @property
    def reports(self) -> list[Path]:
        """The reports that :meth:`close` writes, one beside the records of each platform."""
        return sorted({path.parent / "report.md" for path in self.paths})

    def add(self, reported: Mapping[str, Any]) -> None:
        """Appends what a report carries of a cell; HarnessError where it cannot be written."""
        self._facts = reported["hosts"].get(HOST) or self._facts
        cell = CellRecord(**reported["cell"])
        key = (platform_name(self._facts), cell.implementation)
        if key not in self._writers:
            header = Header(cell.implementation, {HOST: self._facts}, reported["suite"], now(), *self._origin(cell))
            path = self._path(*key)
            self._locks.append(_locked(path))
            self._writers[key] = RecordWriter(path, header)
            _forget_captures(self._writers[key].path)
        self._writers[key].cell(self._with_capture(cell, reported.get("capture"), key))

    def _origin(self, cell: CellRecord) -> tuple[str | None, str | None]:
        """The version and the file of the implementation, as a worker imported it."""
        found = self._examined.get(cell.implementation)
        return (found.version, found.path and shown_path(found.path)) if found else (None, None)

    def _with_capture(self, cell: CellRecord, capture: Mapping[str, Any] | None, key: tuple[str, str]) -> CellRecord:
        """Writes what was captured beside the record, where it then says that it is."""
        content = pcapng_of(cell, capture)
        if not content:
            return cell
        from conformance.report import pcapng

        record = self._writers[key].path
        path = _captures(record) / f"{file_name(cell.id)}.pcapng"
        with written(path):
            pcapng.put(path, content)
        return replace(cell, capture={**(cell.capture or {}), "file": path.relative_to(record.parent).as_posix()})

    def close(self, complete: bool) -> None:
        """Ends all records, and writes the reports by reading them again."""
        with contextlib.ExitStack() as all_of_them:
            for lock in self._locks:
                all_of_them.callback(lock.close)
            for writer in self._writers.values():
                all_of_them.callback(writer.close if complete else writer.abandon)
        for report in self.reports:
            folder = report.parent
            records = [read(path) for path in self.paths if path.parent == folder]
            with written(report):
                report.write_text(markdown.report(records), "utf-8")

    def _path(self, platform: str, implementation: str) -> Path:
        """Where a record goes: a file of its own, also where file systems ignore case."""
        name = file_name(implementation)
        taken = {str(path).casefold() for path in self.paths}
        names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        paths = (self._folder / platform / f"{each}.jsonl" for each in names)
        return next(path for path in paths if str(path).casefold() not in taken)
