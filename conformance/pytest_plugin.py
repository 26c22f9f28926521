"""The pytest plugin: ``pytest scenarios/`` runs scenarios, one item per cell.

It collects the scenarios of the package and those in the folders of the ini option ``conformance_scenarios``, and no
other YAML files. The items depend on files and options only, so that all processes of xdist have the same ones.

pytest loads this plugin in every session of everybody who has the package installed. So it imports the rest of the
package only when there are scenarios.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.model.cell import Cell
    from conformance.model.examined import Examined
    from conformance.model.scenario import Scenario
    from conformance.runner.session import Outcome, Session, Settings

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
"""Gives the outcomes of cells by number: the session of this process, or the connection to it in one of xdist."""
SERVER = pytest.StashKey[Any]()
LIBRARY = pytest.StashKey[Any]()
ROOTS = pytest.StashKey[tuple[str, ...]]()
TAGS = pytest.StashKey[set[str]]()


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
    if ROOTS not in config.stash:
        roots = [*_bundled(), *config.getini("conformance_scenarios")]
        config.stash[ROOTS] = tuple(os.path.join(os.path.realpath(each), "") for each in roots)
    return os.path.join(_real(path.parent), path.name).startswith(config.stash[ROOTS])


@cache
def _real(folder: Path) -> str:
    """A folder without links; pytest asks for each of its files."""
    return os.path.realpath(folder)


def _bundled() -> tuple[Path, Path]:
    """The two places of the bundled corpus; ``language`` knows which one it is, but takes long to import."""
    package = Path(__file__).parent
    return package / "scenarios", package.parent / "scenarios"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Each scenario file is a collector of cells."""
    if file_path.suffix == SUFFIX and claimed(file_path, parent.config) and file_path.is_file():
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
        from conformance.runner.expressions import item_name
        from conformance.runner.session import cells_of_file

        scenario = _load(self.path, self.config)
        known = self.config.stash.setdefault(TAGS, set())
        for tag in (each for each in scenario.tags if each not in known):
            known.add(tag)
            self.config.addinivalue_line("markers", f"{tag}: scenarios with this tag")
        for cell in cells_of_file(scenario, _option(self.config, "transport"), _option(self.config, "implementation")):
            yield CellItem.from_parent(self, name=item_name(cell), cell=cell)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Shows mistakes in a file without a traceback."""
        if isinstance(excinfo.value, InvalidScenario):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def _load(path: Path, config: pytest.Config) -> Scenario:
    from conformance.language.corpus import bundled, identity, root_of
    from conformance.language.library import Library
    from conformance.model.errors import ScenarioError
    from conformance.platforms.cache import cache_directory

    if LIBRARY not in config.stash:
        config.stash[LIBRARY] = Library(cache_directory() / "scenarios", f"pytest\0{config.rootpath}")
    root = root_of(path, [bundled(), *config.getini("conformance_scenarios")])
    try:
        loaded: Scenario = config.stash[LIBRARY].load(path, identity(path, root))
        return loaded
    except ScenarioError as error:
        raise InvalidScenario(str(error)) from None


class CellItem(pytest.Item):
    """One cell."""

    def __init__(self, *, cell: Cell, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        from conformance.runner.expressions import extra_keywords_of, marks_of

        self.cell = cell
        self.number = -1
        """Its place among all cells of the run."""
        self.outcome: Outcome | None = None
        self._selected_by = [getattr(pytest.mark, name).mark for name in marks_of(cell)]
        self.extra_keyword_matches.update(extra_keywords_of(cell))

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """All markers, or those with a name.

        ``-m`` asks for all: these include level and tags. pytest and other plugins ask by name: then tags are left out,
        so that the tag "skip" or "timeout" does not act as the marker of pytest or of a plugin.
        """
        yield from super().iter_markers_with_node(name)
        if name is None:
            yield from ((self, mark) for mark in self._selected_by)

    def setup(self) -> None:
        """Waits for the cell. Without a judgement the test ends here, as skipped or as an error."""
        from conformance.model.errors import HarnessError, RecordInUse

        try:
            outcome = self.outcome = self.config.stash[SESSION].outcome(self.number)
        except RecordInUse as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        except HarnessError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)
        self.user_properties.append(("verdict", outcome.kind))
        if outcome.kind == "unsupported":
            pytest.skip(outcome.reason)
        if outcome.kind == "inconclusive":
            raise Inconclusive("\n".join((outcome.reason, *outcome.notes)))

    def runtest(self) -> None:
        """Raises the verdict of the cell."""
        assert self.outcome is not None
        if self.outcome.kind == "known-deviation":
            pytest.xfail(self.outcome.reason)
        if self.outcome.kind == "fail":
            raise Deviation(self.outcome.timeline)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Shows our own outcomes by their message, without a traceback."""
        if isinstance(excinfo.value, (Deviation, Inconclusive)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file of the scenario, and the id of the cell."""
        return self.path, 0, self.cell.id


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lets a process of xdist ask for the cells that wait long first, because those begin first."""
    if not hasattr(config, "workerinput"):
        return
    places = [place for place, item in enumerate(items) if isinstance(item, CellItem)]
    if places:
        from conformance.runner.session import longest_first

        cells = [item for item in items if isinstance(item, CellItem)]
        for place, number in zip(places, longest_first([item.cell for item in cells])):
            items[place] = cells[number]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Makes the session of all cells; its workers may run ahead of pytest's loop."""
    items = [item for item in session.items if isinstance(item, CellItem)]
    if items:
        session.config.stash[LIBRARY].save()
    if not items or session.config.option.collectonly:
        return
    for number, item in enumerate(items):
        item.number = number
    config = session.config
    if hasattr(config, "workerinput"):
        from conformance.runner.shared_session import RemoteSession

        names = [(str(item.path), item.cell.id) for item in items]
        config.stash[SESSION] = RemoteSession(config.workerinput["conformance"], names)
    else:
        config.stash[SESSION] = _session([item.cell for item in items], config)


def _session(cells: Sequence[Cell], config: pytest.Config) -> Session:
    from conformance.runner.session import Session

    writer = config.pluginmanager.get_plugin(_WRITER)
    return Session(cells, _settings(config), writer.recorder.add if writer else None)


def _settings(config: pytest.Config) -> Settings:
    from conformance.runner.session import Settings

    return Settings(
        inet_address=_option(config, "inet_address"),
        deviations=tuple(Path(each) for each in _option(config, "deviations")),
        workers=_option(config, "workers"),
        evidence=_option(config, "evidence"),
        capture=_option(config, "capture"),
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a process of xdist where it can ask for outcomes."""
    from conformance.runner.shared_session import Server

    config: pytest.Config = node.config
    if SERVER not in config.stash:
        config.stash[SERVER] = Server(lambda names: _session(_named(names, config), config))
    node.workerinput["conformance"] = config.stash[SERVER].place


def _named(names: Sequence[tuple[str, str]], config: pytest.Config) -> list[Cell]:
    """The cells that a process of xdist has collected, by file and id."""
    from conformance.runner.session import cells_of_file

    options = _option(config, "transport"), _option(config, "implementation")
    known: dict[tuple[str, str], Cell] = {}
    for file in dict.fromkeys(file for file, _ in names):
        known.update(((file, cell.id), cell) for cell in cells_of_file(_load(Path(file), config), *options))
    return [known[name] for name in names]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Leaves out of the report of a skipped cell the line of this file that skipped it."""
    report: Any = yield
    if isinstance(item, CellItem) and report.skipped and isinstance(report.longrepr, tuple):
        report.longrepr = (str(item.path), 1, report.longrepr[2])
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends all workers."""
    for each in (config.stash.get(SESSION, None), config.stash.get(SERVER, None)):
        if each is not None:
            each.close()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Examines the implementations and prepares the records, in the controller only, not in processes of xdist."""
    config = session.config
    names, reports = _option(config, "implementation"), _option(config, "reports")
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    found = _examined(names) if names else {}
    if notes := [each.note for each in found.values() if each.note]:
        config.pluginmanager.register(_Notes(notes), "conformance-notes")
    if reports:
        config.pluginmanager.register(_Writer(Path(reports), found, config), _WRITER)


class _Notes:
    """Says at the end which parts of an implementation the run did not test."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line for each implementation."""
        for note in self._notes:
            terminalreporter.write_line(f"note: {note}")


_WRITER = "conformance-writer"


class _Writer:
    """Writes records as cells finish, and the report at the end."""

    def __init__(self, folder: Path, found: dict[str, Examined], config: pytest.Config) -> None:
        from conformance.runner.recording import RunRecorder

        self.recorder = RunRecorder(folder, found)
        self._config = config

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Writes the footers, unless the run was cut short by a signal, by -x or by a fault."""
        from conformance.model.errors import HarnessError

        pytest_unconfigure(self._config)  # after this no cell is added
        stash = self._config.stash
        session = stash[SERVER].session if SERVER in stash else stash.get(SESSION, None)
        to_the_end = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        try:
            self.recorder.close(to_the_end and session is not None and session.complete)
        except HarnessError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Names the records."""
        for path in self.recorder.paths:
            terminalreporter.write_line(f"record: {path}")
