"""The pytest plugin: ``pytest scenarios/`` runs scenarios, one item per cell.

It claims the scenarios that come with the package and the folders named by the ini option ``conformance_scenarios``,
and no other YAML file. Which items exist depends on files and options only, so that the workers of xdist agree.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.model.cell import Cell
    from conformance.model.scenario import Scenario
    from conformance.runner.cells import CellResult

SUFFIX = ".yaml"

SESSION = pytest.StashKey[Any]()
INTERPRETER = pytest.StashKey[Any]()
LOADED = pytest.StashKey[dict[Path, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our options."""
    group = parser.getgroup("conformance", "socket conformance scenarios")
    group.addoption("--transport", action="append", default=[], metavar="T", help="only on this transport or group")
    group.addoption(
        "--implementation",
        action="append",
        default=[],
        metavar="I",
        help="what to test: stdlib (default), a registered adapter, package.module:Name or file.py:Name",
    )
    group.addoption("--reports", metavar="DIR", help="write records and a report below this folder")
    group.addoption("--inet-address", metavar="ADDRESS", help="for inet where there are no network namespaces")
    group.addoption("--deviations", action="append", default=[], metavar="FILE", help="known deviations (YAML)")
    group.addoption(
        "--conformance-workers",
        dest="workers",
        type=int,
        default=0,
        metavar="N",
        help="cells at once (default: by processors)",
    )
    group.addoption(
        "--conformance-evidence",
        dest="conformance_evidence",
        action="store_true",
        help="record the state of each socket after each step",
    )
    group.addoption(
        "--conformance-capture",
        dest="conformance_capture",
        action="store_true",
        help="capture all packets, with --reports as pcapng files beside the record",
    )
    parser.addini("conformance_scenarios", "folders of scenario files to collect", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Levels are markers; so are tags, when a scenario that has them is collected. What the user named must exist."""
    for level in ("must", "platform", "measure"):
        config.addinivalue_line("markers", f"{level}: scenarios of this level")
    _check_transports(config.option.transport)
    _check_deviations(config.option.deviations)


def _check_transports(names: list[str]) -> None:
    if names:
        from conformance.language.suggestions import unknown
        from conformance.tables.transports import GROUPS, TRANSPORTS, expand

        for name in names:
            if not expand(name):
                raise pytest.UsageError(f"--transport: {unknown('transport', name, [*TRANSPORTS, *GROUPS])}")


def _check_deviations(paths: list[str]) -> None:
    if paths:
        from conformance.language.deviation_files import load_deviations
        from conformance.model.errors import ScenarioError

        try:
            load_deviations(map(Path, paths))
        except ScenarioError as error:
            raise pytest.UsageError(f"--deviations:\n{error}") from None


def _check_implementations(names: list[str]) -> None:
    if names:
        from conformance.runner.importable import why_not

        for name in names:
            if reason := why_not(name):
                raise pytest.UsageError(f"--implementation: {reason}")


def claimed(path: Path, config: pytest.Config) -> bool:
    """Whether a file is a scenario of ours: below the bundled corpus or a configured folder."""
    from conformance.language.corpus import bundled

    roots = [bundled(), *config.getini("conformance_scenarios")]
    return any(path == root or root in path.parents for root in (each.resolve() for each in roots))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Each scenario file is a collector of cells."""
    if file_path.suffix == SUFFIX and file_path.is_file() and claimed(file_path.resolve(), parent.config):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class InvalidScenario(Exception):  # noqa: N818 (shown to people by its message alone)
    """A scenario file has mistakes; the message names them all."""


class Inconclusive(Exception):  # noqa: N818 (shown to people by its message alone)
    """The harness or its environment failed."""


class Deviation(Exception):  # noqa: N818 (shown to people by its message alone)
    """A cell did what its scenario does not allow; the message is its timeline."""


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator[CellItem]:
        """An item for each cell: implementations x cases x transports."""
        from conformance.runner.session import cells_of_file

        scenario = self._load()
        for tag in scenario.tags:
            self.config.addinivalue_line("markers", f"{tag}: scenarios with this tag")
        for cell in cells_of_file(scenario, self.config.option.transport, self.config.option.implementation):
            yield CellItem.from_parent(self, name=cell.id.partition("[")[2].rstrip("]"), cell=cell)

    def _load(self) -> Scenario:
        from conformance.language.corpus import bundled, load_one, root_of
        from conformance.model.errors import ScenarioError

        ready: Scenario | None = self.config.stash.get(LOADED, {}).get(self.path)
        if ready is not None:
            return ready
        try:
            return load_one(self.path, root_of(self.path, [bundled(), *self.config.getini("conformance_scenarios")]))
        except ScenarioError as error:
            raise InvalidScenario(str(error)) from None

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Mistakes in a file are shown as such."""
        if isinstance(excinfo.value, InvalidScenario):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class CellItem(pytest.Item):
    """One cell."""

    def __init__(self, *, cell: Cell, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = cell
        self.outcome: CellResult | None = None
        for name in (cell.scenario.level, *cell.scenario.tags):
            self.add_marker(name)
        self.extra_keyword_matches.update((cell.transport, cell.implementation, *cell.case.terms))

    def setup(self) -> None:
        """Runs the cell; what cannot be judged ends here, as skipped or as an error."""
        outcome = self.outcome = self.config.stash[SESSION].outcome_of(self.cell)
        self.user_properties.append(("verdict", outcome.verdict.kind))
        if outcome.verdict.kind == "unsupported":
            pytest.skip(outcome.verdict.reason)
        if outcome.verdict.kind == "inconclusive":
            raise Inconclusive("\n".join((outcome.verdict.reason, *outcome.notes)))

    def runtest(self) -> None:
        """Judges it."""
        from conformance.report.timeline import timeline

        assert self.outcome is not None
        if self.outcome.verdict.kind == "known-deviation":
            pytest.xfail(self.outcome.verdict.reason)
        if self.outcome.verdict.kind == "fail":
            raise Deviation("\n".join(timeline(self.config.stash[SESSION].record_of(self.outcome))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own outcomes are shown by their message, never by a traceback."""
        if isinstance(excinfo.value, (Deviation, Inconclusive)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario is, and the id of the cell."""
        return self.path, 0, self.cell.id


def pytest_collection_finish(session: pytest.Session) -> None:
    """The cells of this session are known: workers may start, and run ahead of the loop."""
    from conformance.runner.launch import OWN
    from conformance.runner.session import Session, Settings

    cells = [item.cell for item in session.items if isinstance(item, CellItem)]
    if not cells or session.config.option.collectonly:
        return
    option = session.config.option
    settings = Settings(
        inet_address=option.inet_address,
        deviations=tuple(Path(each) for each in option.deviations),
        workers=option.workers,
        ahead=not hasattr(session.config, "workerinput"),
        interpreter=session.config.stash.get(INTERPRETER, OWN),
        evidence=option.conformance_evidence,
        capture=option.conformance_capture,
    )
    session.config.stash[SESSION] = Session(cells, settings)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Attaches what the record needs to the report of the phase that decided; xdist carries it to the controller."""
    report: Any = yield
    if isinstance(item, CellItem) and item.outcome is not None:
        decided_in_setup = item.outcome.verdict.kind in ("unsupported", "inconclusive")
        if call.when == ("setup" if decided_in_setup else "call"):
            report.conformance = item.config.stash[SESSION].reported(item.outcome)
        if report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), 1, report.longrepr[2])  # not where this file calls pytest.skip()
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Workers end with the session, whatever ended it."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller writes; the workers of xdist do not."""
    config = session.config
    if INTERPRETER not in config.stash:  # "conformance run" has looked already, and may enter another Python
        _check_implementations(config.option.implementation)
    if config.option.reports and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(Path(config.option.reports)), "conformance-writer")


@contextmanager
def _ending_the_run() -> Iterator[None]:
    """A fault of the environment, such as a full disk, ends the run with its message."""
    from conformance.model.errors import HarnessError

    try:
        yield
    except HarnessError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)


class _Writer:
    """Writes records as reports arrive, and the report at the end; a record that cannot be written ends the run."""

    def __init__(self, folder: Path) -> None:
        from conformance.runner.recording import RunRecorder

        self.recorder = RunRecorder(folder)
        self._lost = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """One cell; or what stands for one whose xdist worker crashed."""
        if hasattr(report, "conformance"):
            with _ending_the_run():
                self.recorder.add(report.conformance)
        elif report.failed and report.when != "teardown" and f"{SUFFIX}::" in report.nodeid:
            self._lost = True

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The footers; without them where the run was cut short: by a signal, by -x, by a crash of an xdist worker."""
        to_the_end = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        ran = all(item.outcome is not None for item in session.items if isinstance(item, CellItem))
        with _ending_the_run():
            self.recorder.close(to_the_end and ran and not self._lost)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Where the results are."""
        for path in self.recorder.paths:
            terminalreporter.write_line(f"record: {path}")
