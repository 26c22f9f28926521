"""The pytest plugin: ``pytest scenarios/`` runs scenarios, one item per cell.

It collects the scenarios of the package and those in the folders of the ini option ``conformance_scenarios``, and no
other YAML files. The items depend on files and options only, so that all processes of xdist have the same ones.

pytest loads this plugin in every session of everybody who has the package installed. So it imports the rest of the
package only when there are scenarios.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.model.cell import Cell
    from conformance.model.examined import Examined
    from conformance.model.scenario import Scenario
    from conformance.runner.cells import CellResult

SUFFIX = ".yaml"

_EACH: dict[str, Any] = {"action": "append", "default": []}

_OPTIONS: dict[str, dict[str, Any]] = {
    "transport": {**_EACH, "metavar": "T", "help": "only on this transport or group"},
    "implementation": {
        **_EACH,
        "metavar": "I",
        "help": "what to test: stdlib (default), a registered adapter, package.module:Name or file.py:Name",
    },
    "reports": {"metavar": "DIR", "help": "write records and a report below this folder"},
    "inet-address": {"metavar": "ADDRESS", "help": "for inet where there are no network namespaces"},
    "deviations": {**_EACH, "metavar": "FILE", "help": "known deviations (YAML)"},
    "workers": {"type": int, "default": 0, "metavar": "N", "help": "cells at once (default: by processors)"},
    "evidence": {"action": "store_true", "help": "record the state of each socket after each step"},
    "capture": {"action": "store_true", "help": "capture all packets, with reports as pcapng files beside the record"},
}
"""Our options without their prefix, and the arguments of ``addoption``."""

SESSION = pytest.StashKey[Any]()
INTERPRETER = pytest.StashKey[Any]()
LOADED = pytest.StashKey[dict[Path, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds our options. All have our prefix, since pytest refuses two plugins with the same option."""
    group = parser.getgroup("conformance", "socket conformance scenarios")
    for name, settings in _OPTIONS.items():
        group.addoption(f"--conformance-{name}", **settings)
    parser.addini("conformance_scenarios", "folders of scenario files to collect", type="paths", default=[])


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(f"conformance_{name}")


def pytest_configure(config: pytest.Config) -> None:
    """Checks the names that the user gave, and registers levels for ``-m``. Tags are registered with their scenario."""
    for level in ("must", "platform", "measure"):
        config.addinivalue_line("markers", f"{level}: scenarios of this level")
    _check_transports(_option(config, "transport"))
    _check_deviations(_option(config, "deviations"))


def _check_transports(names: list[str]) -> None:
    if names:
        from conformance.language.suggestions import unknown
        from conformance.tables.transports import GROUPS, TRANSPORTS, expand

        for name in names:
            if not expand(name):
                raise pytest.UsageError(
                    f"--conformance-transport: {unknown('transport', name, [*TRANSPORTS, *GROUPS])}"
                )


def _check_deviations(paths: list[str]) -> None:
    if paths:
        from conformance.language.deviation_files import load_deviations
        from conformance.model.errors import ScenarioError

        try:
            load_deviations(map(Path, paths))
        except ScenarioError as error:
            raise pytest.UsageError(f"--conformance-deviations:\n{error}") from None


def _examined(names: list[str]) -> dict[str, Examined]:
    """The findings of one worker about the implementations; UsageError if one cannot be used."""
    from conformance.model.errors import HarnessError
    from conformance.runner.examining import examined
    from conformance.runner.launch import OWN

    try:
        found = examined(OWN, names)
    except HarnessError as error:
        raise pytest.UsageError(f"--conformance-implementation: {error}") from None
    if refused := [each.mistake for each in found.values() if each.reason]:
        raise pytest.UsageError("\n".join(refused))
    return found


def claimed(path: Path, config: pytest.Config) -> bool:
    """Whether a file is in the bundled corpus or in a configured folder."""
    roots = [*_bundled(), *config.getini("conformance_scenarios")]
    return any(path == root or root in path.parents for root in (each.resolve() for each in roots))


def _bundled() -> tuple[Path, Path]:
    """The two places of the bundled corpus; ``language`` knows which one it is, but takes long to import."""
    package = Path(__file__).parent
    return package / "scenarios", package.parent / "scenarios"


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
    """A cell did something that its scenario does not allow; the message is its timeline."""


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator[CellItem]:
        """One item per cell: implementations x cases x transports."""
        from conformance.runner.session import cells_of_file

        scenario = self._load()
        for tag in scenario.tags:
            self.config.addinivalue_line("markers", f"{tag}: scenarios with this tag")
        for cell in cells_of_file(scenario, _option(self.config, "transport"), _option(self.config, "implementation")):
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
        """Shows mistakes in a file without a traceback."""
        if isinstance(excinfo.value, InvalidScenario):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class CellItem(pytest.Item):
    """One cell."""

    def __init__(self, *, cell: Cell, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = cell
        self.outcome: CellResult | None = None
        self._selected_by = [getattr(pytest.mark, name).mark for name in (cell.scenario.level, *cell.scenario.tags)]
        self.extra_keyword_matches.update((cell.transport, cell.implementation, *cell.case.terms))

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """All markers, or those with a name.

        ``-m`` asks for all: these include level and tags. pytest and other plugins ask by name: then tags are left out,
        so that the tag "skip" or "timeout" does not act as the marker of pytest or of a plugin.
        """
        yield from super().iter_markers_with_node(name)
        if name is None:
            yield from ((self, mark) for mark in self._selected_by)

    def setup(self) -> None:
        """Runs the cell. Without a judgement the test ends here, as skipped or as an error."""
        outcome = self.outcome = self.config.stash[SESSION].outcome_of(self.cell)
        self.user_properties.append(("verdict", outcome.verdict.kind))
        if outcome.verdict.kind == "unsupported":
            pytest.skip(outcome.verdict.reason)
        if outcome.verdict.kind == "inconclusive":
            raise Inconclusive("\n".join((outcome.verdict.reason, *outcome.notes)))

    def runtest(self) -> None:
        """Raises the verdict of the cell."""
        from conformance.report.timeline import timeline

        assert self.outcome is not None
        if self.outcome.verdict.kind == "known-deviation":
            pytest.xfail(self.outcome.verdict.reason)
        if self.outcome.verdict.kind == "fail":
            raise Deviation("\n".join(timeline(self.config.stash[SESSION].record_of(self.outcome))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Shows our own outcomes by their message, without a traceback."""
        if isinstance(excinfo.value, (Deviation, Inconclusive)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file of the scenario, and the id of the cell."""
        return self.path, 0, self.cell.id


def pytest_collection_finish(session: pytest.Session) -> None:
    """Makes the session of all cells; its workers may run ahead of pytest's loop."""
    cells = [item.cell for item in session.items if isinstance(item, CellItem)]
    if not cells or session.config.option.collectonly:
        return
    from conformance.runner.launch import OWN
    from conformance.runner.session import Session, Settings

    config = session.config
    settings = Settings(
        inet_address=_option(config, "inet_address"),
        deviations=tuple(Path(each) for each in _option(config, "deviations")),
        workers=_option(config, "workers"),
        ahead=not hasattr(config, "workerinput"),
        interpreter=config.stash.get(INTERPRETER, OWN),
        evidence=_option(config, "evidence"),
        capture=_option(config, "capture"),
    )
    config.stash[SESSION] = Session(cells, settings)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Attaches the cell to the report of the phase that decided its verdict; xdist sends it to the controller."""
    report: Any = yield
    if isinstance(item, CellItem) and item.outcome is not None:
        decided_in_setup = item.outcome.verdict.kind in ("unsupported", "inconclusive")
        if call.when == ("setup" if decided_in_setup else "call"):
            report.conformance = item.config.stash[SESSION].reported(item.outcome)
        if report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), 1, report.longrepr[2])  # else it names the line of pytest.skip()
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends all workers."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Examines the implementations and prepares the records, in the controller only, not in processes of xdist."""
    config = session.config
    names, reports = _option(config, "implementation"), _option(config, "reports")
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    # "conformance run" has examined them already, perhaps on another platform
    found = _examined(names) if names and INTERPRETER not in config.stash else {}
    if notes := [each.note for each in found.values() if each.note]:
        config.pluginmanager.register(_Notes(notes), "conformance-notes")
    if reports:
        config.pluginmanager.register(_Writer(Path(reports), found), "conformance-writer")


class _Notes:
    """Says at the end which parts of an implementation the run did not test."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line for each implementation."""
        for note in self._notes:
            terminalreporter.write_line(f"note: {note}")


@contextmanager
def _ending_the_run() -> Iterator[None]:
    """Ends the run with a message if a record cannot be written."""
    from conformance.model.errors import HarnessError, RecordInUse

    try:
        yield
    except RecordInUse as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    except HarnessError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)


class _Writer:
    """Writes records as reports arrive, and the report at the end."""

    def __init__(self, folder: Path, found: dict[str, Examined]) -> None:
        from conformance.runner.recording import RunRecorder

        self.recorder = RunRecorder(folder, found)
        self._lost = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Takes a cell, or the report of a process of xdist that crashed in one."""
        if hasattr(report, "conformance"):
            with _ending_the_run():
                self.recorder.add(report.conformance)
        elif report.failed and report.when != "teardown" and f"{SUFFIX}::" in report.nodeid:
            self._lost = True

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Writes the footers, unless the run was cut short by a signal, by -x or by a crash of a process of xdist."""
        to_the_end = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        ran = all(item.outcome is not None for item in session.items if isinstance(item, CellItem))
        with _ending_the_run():
            self.recorder.close(to_the_end and ran and not self._lost)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Names the records."""
        for path in self.recorder.paths:
            terminalreporter.write_line(f"record: {path}")
