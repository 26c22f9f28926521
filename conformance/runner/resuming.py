"""Finds the interrupted record that a run completes, and the cells in it that need not be run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.engine.judge import INCONCLUSIVE
from conformance.model.errors import RecordError
from conformance.model.examined import Examined
from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord, Header
from conformance.platforms.base import Interpreter
from conformance.report.records import file_name, platform_name, read
from conformance.report.run_files import Run, by_time, record_files, runs_of
from conformance.runner.cells import Runner
from conformance.runner.launch import WorkerOptions
from conformance.runner.session import Session


@dataclass(frozen=True)
class Begun:
    """An interrupted record: its header, and its cells by their place among the cells of the run."""

    path: Path
    header: Header
    cells: Mapping[int, CellRecord]


def begun(
    folder: Path, session: Session, interpreter: Interpreter, examined: Mapping[str, Examined]
) -> dict[str, Begun]:
    """For each implementation the newest record of the same cells on the same host, if its run was interrupted.

    ``folder``: where records are; ``examined``: what is known of the implementations.
    """
    runner = Runner(interpreter, WorkerOptions())
    try:
        facts = runner.facts
    finally:
        runner.close()
    found = {}
    for name in session.selections:
        runs = by_time(_runs(folder, name, session, facts, examined))
        if runs and runs[0].footer() is None:
            found[name] = _begun(runs[0], session)
    return found


def _runs(folder: Path, name: str, session: Session, facts: HostFacts, examined: Mapping[str, Examined]) -> list[Run]:
    """The records that this run would write again, were it complete."""
    version = examined[name].version if name in examined else None
    wanted = name, session.suite, session.selections[name], version, [facts]
    files = record_files(folder / platform_name(facts) / file_name(name))
    return [run for run in runs_of(files, _ignored) if _identity(run.header) == wanted]


def _identity(header: Header) -> tuple[object, ...]:
    hosts = list(header.hosts.values())
    return header.implementation, header.suite, header.selection, header.implementation_version, hosts


def _ignored(path: Path, error: RecordError) -> None:
    """A damaged record is none that can be completed."""


def _begun(run: Run, session: Session) -> Begun:
    """The cells of a record that were judged. What was inconclusive is run again."""
    numbers = {cell.id: number for number, cell in enumerate(session.cells)}
    cells = {numbers[cell.id]: cell for cell in read(run.path).cells if cell.verdict != INCONCLUSIVE}
    return Begun(run.path, run.header, cells)
