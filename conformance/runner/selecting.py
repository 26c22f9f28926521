"""What a run was asked for: all cells of its folders of scenarios, or some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conformance.language.corpus import SUFFIX, bundled
from conformance.model.cell import Cell
from conformance.model.record import Selection
from conformance.model.scenario import Scenario
from conformance.runner.cells import cells_of
from conformance.runner.recording import shown_path

BUNDLED = "bundled"
"""The name in records of the folder of scenarios that comes with the package."""


def selections(cells: Sequence[Cell]) -> dict[str, Selection]:
    """The selection of each implementation among the cells of a run."""
    by_implementation: dict[str, list[Cell]] = {}
    for cell in cells:
        by_implementation.setdefault(cell.implementation, []).append(cell)
    scenarios = {cell.scenario.path: cell.scenario for cell in cells}
    folders = {_folder(scenario) for scenario in scenarios.values()}
    return {name: _selection(chosen, folders) for name, chosen in by_implementation.items()}


def _selection(cells: Sequence[Cell], folders: Iterable[Path]) -> Selection:
    scenarios = {cell.scenario.path: cell.scenario for cell in cells}
    names = sorted(BUNDLED if folder == bundled() else shown_path(str(folder)) for folder in folders)
    ran = {path.resolve() for path in scenarios}
    # one scenario alone may lie in any folder, and searching that can take long
    all_files = len(ran) > 1 and all(path.resolve() in ran for folder in folders for path in _files(folder))
    whole = all_files and len(cells) >= len(cells_of(tuple(scenarios.values()), (), (cells[0].implementation,)))
    return Selection(tuple(names), len(cells), whole)


def _folder(scenario: Scenario) -> Path:
    """The folder of scenarios that a scenario is from: its id is the path below that."""
    return scenario.path.resolve().parents[scenario.id.count("/")]


def _files(folder: Path) -> Iterator[Path]:
    """The scenario files of a folder as they are met, so that one that was not run ends the search early."""
    return (path for path in folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
