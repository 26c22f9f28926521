"""Runs pytest on each platform with our own display, and collects the cells and their records."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from conformance.cli.choices import NATIVE, usable
from conformance.cli.exits import Exit
from conformance.cli.terminal import STYLES, console
from conformance.language.suggestions import unknown
from conformance.model.errors import HarnessError
from conformance.model.examined import Examined
from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord
from conformance.model.scenario import Scenario
from conformance.platforms import PLATFORMS, Interpreter, SetupError, cache_directory
from conformance.pytest_plugin import INTERPRETER, LOADED
from conformance.report.tables import VERDICT_MARKS
from conformance.runner.launch import OWN
from conformance.runner.recording import Reported, RunRecorder, pcapng_of

_INI = Path(__file__).with_name("pytest.ini")


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
    with ExitStack() as stack:
        ready = _ready(request, results, stack)
        found = {name: usable(interpreter, request.implementations, name) for name, interpreter in ready.items()}
        for name, interpreter in ready.items():
            if results.status is None:
                _run_on(request, results, _Display(request, interpreter, results, found[name], quiet, name))
    results.seconds = time.monotonic() - began
    return results


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


def _run_on(request: Request, results: Results, display: _Display) -> None:
    recorder = display.recorder
    with _no_other_plugins():
        status = pytest.main(_arguments(request), plugins=[display])
    if recorder is not None:
        complete = status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        with suppress(HarnessError) if display.fault else nullcontext():
            recorder.close(complete)
        results.records += recorder.paths
        results.reports += recorder.reports
    if display.fault is not None:
        raise display.fault
    results.status = _STATUSES.get(pytest.ExitCode(status))


_STATUSES = {pytest.ExitCode.INTERRUPTED: Exit.INTERRUPTED, pytest.ExitCode.USAGE_ERROR: Exit.USAGE}
"""Exit statuses of pytest that do not depend on verdicts."""


@contextmanager
def _no_other_plugins() -> Iterator[None]:
    """Hides environment variables that configure pytest for the user's own tests."""
    before = {key: value for key in _PYTEST_VARIABLES if (value := os.environ.pop(key, None)) is not None}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(before)


_PYTEST_VARIABLES = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def _arguments(request: Request) -> list[str]:
    paths = [str(_absolute(scenario)) for scenario in request.scenarios]
    roots = sorted({str(_absolute(scenario).parent) for scenario in request.scenarios})
    arguments = ["-p", "conformance.pytest_plugin", "-c", str(_INI), "--rootdir", os.getcwd(), "--noconftest", "-q"]
    arguments += ["-p", "no:cacheprovider", "-o", "conformance_scenarios=" + "\n".join(map(shlex.quote, roots))]
    arguments += ["-s"]  # pytest's capture would swallow the progress bar
    arguments += [f"--conformance-workers={request.workers}"]
    for option, values in (
        ("transport", request.transports),
        ("implementation", request.implementations),
        ("deviations", request.deviations),
    ):
        arguments += [f"--conformance-{option}={value}" for value in values]
    if request.inet_address:
        arguments.append(f"--conformance-inet-address={request.inet_address}")
    for name in ("evidence", "capture"):
        arguments += [f"--conformance-{name}"] if getattr(request, name) else []
    for flag, value in (("-k", request.keyword), ("-m", request.marker)):
        arguments += [flag, value] if value else []
    return [*arguments, *paths]


def _absolute(scenario: Scenario) -> Path:
    """The absolute path of a scenario; pytest would start a relative one at its configuration file."""
    return Path(os.path.abspath(scenario.path))


class _Display:
    """Replaces pytest's terminal output by a progress bar, and collects cells as they finish."""

    def __init__(
        self,
        request: Request,
        interpreter: Interpreter,
        results: Results,
        found: Mapping[str, Examined],
        quiet: bool,
        platform: str,
    ) -> None:
        self._request = request
        self._interpreter = interpreter
        self._results = results
        self.recorder = RunRecorder(request.reports, found) if request.reports else None
        self._found = found
        self._counts: dict[str, int] = {}
        self.fault: BaseException | None = None
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[found]}"),
        )
        screen = console(stderr=True)
        hidden = quiet or not screen.is_terminal
        self._progress = Progress(*columns, TimeElapsedColumn(), console=screen, transient=True, disable=hidden)
        self._task = self._progress.add_task(platform, total=None, found="")

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Removes pytest's reporter; hands over the scenarios that are already loaded."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)
        config.stash[LOADED] = {_absolute(scenario): scenario for scenario in self._request.scenarios}
        config.stash[INTERPRETER] = self._interpreter

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Shows the bar, now that the number of cells is known."""
        self._progress.start()
        self._progress.update(self._task, total=len(session.items))

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keeps a fault that ends the run for the caller; pytest must not print its traceback."""
        self._progress.stop()
        self.fault = excinfo.value
        return True

    def pytest_collectreport(self, report: Any) -> None:
        """Ends the run at a file that cannot be collected."""
        if report.failed:
            self._progress.stop()
            raise HarnessError(f"{report.nodeid} could not be collected:\n{report.longreprtext}")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Takes a finished cell; any other failed test is a fault of ours."""
        if hasattr(report, "conformance"):
            self._add(report.conformance)
        elif report.failed:
            raise HarnessError(f"{report.nodeid}:\n{report.longreprtext}")

    def _add(self, reported: Reported) -> None:
        from conformance.report.records import platform_name

        cell = reported.cell
        self._results.cells.append(cell)
        self._results.facts = reported.facts or self._results.facts
        self._results.captures.append(pcapng_of(cell, reported.packets) if self.recorder is None else b"")
        examined = self._found.get(cell.implementation)
        version = examined and examined.version
        platform = platform_name(reported.facts)
        self._results.titles.append(f"{platform}, {cell.implementation}" + (f" {version}" if version else ""))
        if self.recorder is not None:
            self.recorder.add(reported)
        self._counts[cell.verdict] = self._counts.get(cell.verdict, 0) + 1
        found = " ".join(f"[{STYLES[v]}]{n}{VERDICT_MARKS[v]}[/]" for v, n in self._counts.items())
        self._progress.update(self._task, advance=1, found=found)

    def pytest_sessionfinish(self) -> None:
        """Removes the bar."""
        self._progress.stop()
