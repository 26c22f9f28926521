"""Results as cells of a record, and the files of a run: records, captures and reports."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from conformance.engine import choose
from conformance.engine.differential import Divergence
from conformance.engine.exact import is_free
from conformance.engine.judge import KNOWN, UNEXPECTED, Finding, findings
from conformance.engine.wording import expected_words, observed_words, step_words
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.captures import CapturedPacket, CaptureRecord
from conformance.model.cell import Cell
from conformance.model.errors import RecordInUse
from conformance.model.examined import Examined
from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord, Differential, Header, Selection, StepRecord
from conformance.platforms.locks import Lock
from conformance.report import markdown
from conformance.report.records import Record, RecordWriter, cell_line, file_name, now, platform_name, written
from conformance.report.run_files import captures_folder, record_path, report_path
from conformance.runner.cells import CellResult
from conformance.tables.faults import ROWS
from conformance.tables.selectors import Host
from conformance.tables.transports import TRANSPORTS

HOST = "local"
"""The name of the host on which all actors live, as records call it."""


@dataclass(frozen=True)
class Reported:
    """All that a record needs of a cell."""

    cell: CellRecord
    suite: str
    """The digest of the scenarios of the run."""
    facts: HostFacts | None = None
    """The host; None where no worker started."""
    packets: tuple[CapturedPacket, ...] = ()
    selection: Selection | None = None
    """All cells of the run with this cell's implementation."""


def cell_record(result: CellResult) -> CellRecord:
    """The record of a cell. Of a capture it holds all but the packets, which are a file of their own."""
    cell, verdict = result.cell, result.verdict
    host = Host.of(vars(result.facts)) if result.facts else None
    found = result.findings
    if found is None:
        found = findings(cell, host, result.observations) if host else {}
    steps = tuple(
        _step(result, step, host, found.get(step.number))
        for step in cell.case.steps
        if step.number in result.observations
    )
    actors = dict.fromkeys(step.actor for step in cell.case.steps)
    measures = _measures(cell, result.observations)
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
        seconds=result.seconds,
        file=shown_path(str(cell.scenario.path)),
        digest=cell.scenario.digest,
        reason=verdict.reason,
        step=verdict.step,
        expected=verdict.expected,
        observed=verdict.observed,
        measures={name: number for name, (number, _) in measures.items()},
        units={name: unit for name, (_, unit) in measures.items()},
        notes=result.notes if verdict.kind in UNEXPECTED else (),
        differential=_differential(result.divergence),
        capture=result.capture,
        fixture=result.fixture,
        given=cell.case.given.fixture,
        sources=cell.scenario.sources,
    )


def summed_up(cell: CellRecord) -> CellRecord:
    """A cell without the steps that only its own record needs: a run of any size must fit into memory."""
    if cell.verdict in (*UNEXPECTED, KNOWN):
        return cell
    return replace(cell, steps=tuple(step for step in cell.steps if step.basis not in (None, s.OBSERVED)))


def pcapng_of(cell: CellRecord, packets: Sequence[CapturedPacket]) -> bytes:
    """The packets of a cell as the content of a pcapng file; empty where nothing could be captured.

    The first packet of each step has a comment that names the step.
    """
    if not isinstance(cell.capture, CaptureRecord):
        return b""
    from conformance.report import pcapng  # only here: most runs capture nothing

    begins = sorted((each.began, each.step) for each in cell.capture.steps if each.began is not None)
    says = {step.number: f"step {step.number}: {step.actor} {step.says}" for step in cell.steps}
    ordered = sorted(packets, key=lambda packet: packet.nanoseconds)
    comments: dict[int, str] = {}
    for number, packet in enumerate(ordered):
        while begins and begins[0][0] <= packet.nanoseconds:
            comments[number] = says.get(begins.pop(0)[1], "")
    return pcapng.written(ordered, cell.id, comments)


def _differential(divergence: Divergence | None) -> Differential | None:
    if divergence is None:
        return None
    says = f"{divergence.actor} {divergence.operation}"
    return Differential(divergence.step, says, divergence.depth, *divergence.words)


def shown_path(path: str) -> str:
    """A path as people know it: relative where it is below the current folder."""
    return _shown(path, os.getcwd())


@lru_cache(maxsize=1000)
def _shown(path: str, current: str) -> str:
    relative = os.path.relpath(path) if os.path.splitdrive(path)[0] == os.path.splitdrive(current)[0] else path
    return path if relative.startswith("..") else relative


def _step(result: CellResult, step: s.Step, host: Host | None, finding: Finding | None) -> StepRecord:
    cell, seen = result.cell, result.observations[step.number]
    chosen = choose.alternative_for(step, choose.here(cell, host)) if host else None
    expected = chosen.outcome if chosen else step.outcome
    grouped = step.group_kind != "single"
    return StepRecord(
        number=step.number,
        line=step.position.line,
        actor=step.actor,
        operation=step.operation,
        says=step_words(step),
        did=observed_words(seen),
        expected=expected_words(expected),
        observation=seen,
        pending=step.pending,
        free=is_free(step, expected, seen),
        group=step.group if grouped else None,
        group_kind=step.group_kind if grouped else None,
        measured=cell.measures(step),
        met=finding.met if finding else None,
        sides=finding.sides if finding else None,
        source=expected.source,
        basis=expected.basis,
        where=tuple(sorted(chosen.selector)) if chosen else None,
        on=step.using or step.actor,
        made=tuple(_names(step.names)),
        evidence=tuple(result.evidence[step.number]) if step.number in result.evidence else None,
    )


def _names(names: Any) -> Iterator[str]:
    """The names in an ``as``."""
    if isinstance(names, str):
        yield names
    elif names:
        for each in names.values() if isinstance(names, Mapping) else names:
            yield from _names(each)


def _measures(cell: Cell, observations: Mapping[int, o.Observation]) -> dict[str, tuple[float, str]]:
    """By name, what the scenario measures and the unit: the result if it is a number, else how long the call took."""
    found = {}
    for step in cell.case.steps:
        seen = observations.get(step.number)
        if step.measures and seen and seen.kind == o.RETURNED:
            if isinstance(seen.canonical, (int, float)) and not isinstance(seen.canonical, bool):
                option = getattr(dict(step.arguments).get("option"), "name", None)
                row = ROWS[step.operation]
                unit = "calls" if step.repeat else row.unit_on(TRANSPORTS[cell.transport], option)
                found[step.measures] = seen.canonical, unit
            elif seen.seconds is not None:
                found[step.measures] = seen.seconds, "s"
    return found


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
    """Writes one record per platform and implementation as cells finish, and a report of each at the end.

    Any thread may add cells.
    """

    def __init__(self, folder: Path, examined: Mapping[str, Examined] | None = None) -> None:
        self._folder = folder
        self._examined = examined or {}
        self._started = now()
        self._locks: list[Lock] = []
        self._writers: dict[tuple[str, str], RecordWriter] = {}
        self._facts: HostFacts | None = None
        self._cells: list[tuple[int, Path, CellRecord]] = []
        """Of each cell: its number, its record, and what a summary needs."""
        self._homeless: list[tuple[int, Reported]] = []
        """Cells whose worker did not start: they wait for another to say on which platform they are."""
        self._writing = threading.Lock()

    @property
    def paths(self) -> list[Path]:
        """The records, in the order of their first cells."""
        firsts: dict[Path, int] = {}
        for number, path, _ in self._cells:
            firsts[path] = min(number, firsts.get(path, number))
        return sorted(firsts, key=firsts.__getitem__)

    @property
    def reports(self) -> list[Path]:
        """The reports that :meth:`close` writes, one beside each record."""
        return [report_path(path) for path in self.paths]

    def resume(self, path: Path, header: Header, cells: Mapping[int, CellRecord]) -> None:
        """Completes an interrupted record, of which these cells are kept."""
        lines = [(number, cell.verdict, cell_line(cell)) for number, cell in cells.items()]
        self._locks.append(_locked(path))
        facts = next(iter(header.hosts.values()), None)
        self._writers[platform_name(facts), header.implementation] = RecordWriter(path, header, lines)
        self._locks.append(_locked(path))  # again: the file was replaced
        self._cells += [(number, path, summed_up(cell)) for number, cell in cells.items()]

    def add(self, number: int, reported: Reported) -> None:
        """Appends a cell, by its place among all cells of the run; HarnessError where it cannot be written."""
        line = b"" if isinstance(reported.cell.capture, CaptureRecord) else cell_line(reported.cell)
        with self._writing:
            self._facts = self._facts or reported.facts
            if self._facts is None:
                self._homeless.append((number, reported))
                return
            self._settle()
            self._append(number, reported, line)

    def _settle(self) -> None:
        """Writes the cells whose platform was not known."""
        waiting, self._homeless = self._homeless, []
        for number, reported in waiting:
            self._append(number, reported, cell_line(reported.cell))

    def _append(self, number: int, reported: Reported, line: bytes) -> None:
        writer, cell = self._writer(reported), reported.cell
        if isinstance(cell.capture, CaptureRecord):
            cell = self._with_capture(cell, reported.packets, writer.path)
            line = cell_line(cell)
        writer.line(number, cell.verdict, line)
        self._cells.append((number, writer.path, summed_up(cell)))

    def _writer(self, reported: Reported) -> RecordWriter:
        """The writer of the record that a cell belongs to."""
        key = (platform_name(self._facts), reported.cell.implementation)
        if key not in self._writers:
            hosts = {HOST: self._facts} if self._facts else {}
            origin = self._origin(reported.cell)
            header = Header(key[1], hosts, reported.suite, self._started, *origin, reported.selection)
            path = self._path(*key)
            self._locks.append(_locked(path))
            self._writers[key] = RecordWriter(path, header)
        return self._writers[key]

    def _origin(self, cell: CellRecord) -> tuple[str | None, str | None]:
        """The version and the file of the implementation, as a worker imported it."""
        found = self._examined.get(cell.implementation)
        return (found.version, found.path and shown_path(found.path)) if found else (None, None)

    def _with_capture(self, cell: CellRecord, packets: Sequence[CapturedPacket], record: Path) -> CellRecord:
        """The cell with the name of the file into which its packets were written."""
        if not isinstance(cell.capture, CaptureRecord):
            return cell
        from conformance.report import pcapng

        path = captures_folder(record) / f"{file_name(cell.id)}.pcapng"
        with written(path):
            pcapng.put(path, pcapng_of(cell, packets))
        return replace(cell, capture=replace(cell.capture, file=path.relative_to(record.parent).as_posix()))

    def cells(self, record: Path) -> list[CellRecord]:
        """The cells of a record in the order of their numbers, with those of their steps that a summary needs."""
        return [cell for _, path, cell in sorted(self._cells, key=lambda each: each[0]) if path == record]

    def close(self, complete: bool, interrupted: str | None = None) -> None:
        """Ends all records and writes the reports. ``interrupted``: the signal that ended the run."""
        with contextlib.ExitStack() as all_of_them, self._writing:
            self._settle()
            for lock in self._locks:
                all_of_them.callback(lock.close)
            for writer in self._writers.values():
                all_of_them.callback(writer.close if complete else partial(writer.abandon, interrupted))
        for writer in self._writers.values():
            record, report = self._record(writer), report_path(writer.path)
            with written(report):
                report.write_text(markdown.report([record]), "utf-8", errors="backslashreplace")

    def _record(self, writer: RecordWriter) -> Record:
        return Record(writer.path, writer.header, tuple(self.cells(writer.path)), writer.footer)

    def _path(self, platform: str, implementation: str) -> Path:
        """A new file for a record."""
        path = record_path(self._folder, platform, implementation, self._started)
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.open("x").close()
            except FileExistsError:  # another run that began in the same second has just made it
                return self._path(platform, implementation)
        return path
