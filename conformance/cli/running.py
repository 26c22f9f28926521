"""Runs cells on each platform with a progress bar, and collects the cells and their records."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from conformance.cli.choices import NATIVE, usable
from conformance.cli.exits import Exit
from conformance.cli.terminal import STYLES, console
from conformance.language.suggestions import unknown
from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.model.examined import Examined
from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord, Header
from conformance.model.scenario import Scenario
from conformance.platforms import PLATFORMS, Interpreter, SetupError, cache_directory
from conformance.report.records import platform_name
from conformance.report.tables import VERDICT_MARKS
from conformance.runner.expressions import WrongExpression, chosen
from conformance.runner.launch import OWN
from conformance.runner.recording import Reported, RunRecorder, pcapng_of
from conformance.runner.session import Session, Settings, cells_of_file


@dataclass(frozen=True)
class Request:
    """The options of a run."""

    scenarios: tuple[Scenario, ...]
    transports: tuple[str, ...] = ()
    implementations: tuple[str, ...] = ("stdlib",)
    platforms: tuple[str, ...] = (NATIVE,)
    workers: int = 0
    reports: Path | None = None
    keyword: str = ""
    marker: str = ""
    inet_address: str | None = None
    deviations: tuple[str, ...] = ()
    evidence: bool = False
    capture: bool = False
    resume: bool = False


@dataclass
class Results:
    """The result of a run: its cells, records and reports, and the platforms that it could not use."""

    cells: list[CellRecord] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    captures: list[bytes] = field(default_factory=list)
    """For each cell the content of a pcapng file; empty if nothing was captured."""
    records: list[Path] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    status: Exit | None = None
    facts: HostFacts | None = None
    """The host of the last cell; None where no worker started."""

    def by_record(self) -> Mapping[str, list[CellRecord]]:
        """The cells by platform and implementation, in order."""
        found: dict[str, list[CellRecord]] = {}
        for title, cell in zip(self.titles, self.cells, strict=True):
            found.setdefault(title, []).append(cell)
        return found


def run_all(request: Request, quiet: bool = False) -> Results:
    """Runs the request on its platforms, one after the other."""
    results = Results()
    began = time.monotonic()
    strange = [name for name in request.platforms if name != NATIVE and name not in PLATFORMS]
    if strange:
        raise click.UsageError(unknown("platform", strange[0], [NATIVE, *PLATFORMS]))
    cells = _cells(request)
    with ExitStack() as stack:
        ready = _ready(request, results, stack)
        found = {name: usable(interpreter, request.implementations, name) for name, interpreter in ready.items()}
        for name, interpreter in ready.items():
            if results.status is None:
                _run_on(request, cells, results, _Display(request, found[name], quiet, name, len(cells)), interpreter)
    results.seconds = time.monotonic() - began
    return results


def _cells(request: Request) -> list[Cell]:
    """The cells that were asked for; wrong usage for an expression that cannot be read."""
    cells = [
        cell
        for scenario in request.scenarios
        for cell in cells_of_file(scenario, request.transports, request.implementations)
    ]
    try:
        return chosen(cells, request.keyword, request.marker)
    except WrongExpression as error:
        raise click.UsageError(str(error)) from None


def _ready(request: Request, results: Results, stack: ExitStack) -> dict[str, Interpreter]:
    """Enters all platforms, and leaves them when the stack closes. All are examined before the first one is used."""
    ready = {}
    for name in request.platforms:
        try:
            ready[name] = stack.enter_context(entered(name))
        except SetupError as error:
            results.not_run[name] = str(error)
    return ready


@contextmanager
def entered(name: str) -> Iterator[Interpreter]:
    """The Python of a platform, which is left at the end of the block."""
    if name == NATIVE:
        yield OWN
        return
    cache, platform = cache_directory(), PLATFORMS[name]
    finding = platform.probe(cache)
    if not finding.available:
        raise SetupError(finding.detail, finding.remedy)
    try:
        yield platform.interpreter(cache)
    finally:
        platform.leave(cache)


def _run_on(
    request: Request, cells: Sequence[Cell], results: Results, display: _Display, interpreter: Interpreter
) -> None:
    interrupted: str | None = None
    with display:
        session = Session(cells, _settings(request, interpreter), display.take)
        try:
            if cells:
                session.run(_resumed(request, session, display, interpreter))
        except KeyboardInterrupt as interruption:
            interrupted = str(interruption) or "SIGINT"
            results.status = Exit.INTERRUPTED
        except BaseException:
            session.close()
            with suppress(HarnessError):
                display.end(results, complete=False)
            raise
        session.close()
    display.end(results, interrupted is None, interrupted)


def _resumed(request: Request, session: Session, display: _Display, interpreter: Interpreter) -> set[int]:
    """The numbers of the cells that an interrupted record holds, which the run then completes."""
    if not request.resume or request.reports is None:
        return set()
    from conformance.runner.resuming import begun

    found = begun(request.reports, session, interpreter, display.examined)
    for each in found.values():
        display.resume(each.path, each.header, each.cells)
    if not found:
        raise click.UsageError(f"no run of these cells below {request.reports} was interrupted; run without --resume")
    return {number for each in found.values() for number in each.cells}


def _settings(request: Request, interpreter: Interpreter) -> Settings:
    return Settings(
        inet_address=request.inet_address,
        deviations=tuple(map(Path, request.deviations)),
        workers=request.workers,
        interpreter=interpreter,
        evidence=request.evidence,
        capture=request.capture,
    )


class _Display:
    """A progress bar, and the cells of one platform as they finish. Cells come from several threads."""

    def __init__(self, request: Request, found: Mapping[str, Examined], quiet: bool, platform: str, total: int) -> None:
        self.recorder = RunRecorder(request.reports, found) if request.reports else None
        self.examined = found
        self._facts: HostFacts | None = None
        self._unrecorded: list[tuple[int, Reported]] = []
        """The cells, where there is no record of them."""
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()
        screen = console(stderr=True)
        hidden = quiet or not screen.is_terminal
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[found]}"),
        )
        self._progress = Progress(*columns, TimeElapsedColumn(), console=screen, transient=True, disable=hidden)
        self._task = self._progress.add_task(platform, total=total, found="")

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def resume(self, path: Path, header: Header, cells: Mapping[int, CellRecord]) -> None:
        """Takes the cells of an interrupted record."""
        assert self.recorder is not None
        self.recorder.resume(path, header, cells)
        self._facts = next(iter(header.hosts.values()), None)
        for cell in cells.values():
            self._count(cell)

    def take(self, number: int, reported: Reported) -> None:
        """Takes a cell that is over."""
        if self.recorder is not None:
            self.recorder.add(number, reported)
        with self._lock:
            self._facts = self._facts or reported.facts
            if self.recorder is None:
                self._unrecorded.append((number, reported))
            self._count(reported.cell)

    def _count(self, cell: CellRecord) -> None:
        self._counts[cell.verdict] = self._counts.get(cell.verdict, 0) + 1
        found = " ".join(f"[{STYLES[v]}]{n}{VERDICT_MARKS[v]}[/]" for v, n in self._counts.items())
        self._progress.update(self._task, advance=1, found=found)

    def end(self, results: Results, complete: bool, interrupted: str | None = None) -> None:
        """Ends the records, and adds what was found to the results."""
        if self.recorder is None:
            for _, reported in sorted(self._unrecorded, key=lambda each: each[0]):
                self._add(results, reported.cell, pcapng_of(reported.cell, reported.packets))
            return
        self.recorder.close(complete, interrupted)
        results.records += self.recorder.paths
        results.reports += self.recorder.reports
        for path in self.recorder.paths:
            for cell in self.recorder.cells(path):
                self._add(results, cell, b"")

    def _add(self, results: Results, cell: CellRecord, capture: bytes) -> None:
        examined = self.examined.get(cell.implementation)
        version = examined and examined.version
        title = f"{platform_name(self._facts)}, {cell.implementation}" + (f" {version}" if version else "")
        results.cells.append(cell)
        results.facts = self._facts or results.facts
        results.titles.append(title)
        results.captures.append(capture)
