"""What a run was asked for: all cells of its folders of scenarios, or some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conformance.language.corpus import SUFFIX, bundled, real_path
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
    ran = {name: {each.scenario.path: each.scenario for each in chosen} for name, chosen in by_implementation.items()}
    folders = {_folder(scenario) for scenarios in ran.values() for scenario in scenarios.values()}
    names = tuple(sorted(BUNDLED if folder == bundled() else shown_path(str(folder)) for folder in folders))
    all_files = {paths: _are_all(paths, folders) for paths in map(frozenset, ran.values())}
    return {
        name: Selection(names, len(chosen), all_files[frozenset(ran[name])] and _are_whole(chosen, ran[name].values()))
        for name, chosen in by_implementation.items()
    }


def _are_all(scenarios: Iterable[Path], folders: Iterable[Path]) -> bool:
    """Whether these are all scenario files of the folders."""
    ran = set(map(real_path, scenarios))
    # one scenario alone may lie in any folder, and searching that can take long
    return len(ran) > 1 and all(real_path(path) in ran for folder in folders for path in _files(folder))


def _are_whole(cells: Sequence[Cell], scenarios: Iterable[Scenario]) -> bool:
    """Whether these are all cells of the scenarios."""
    return len(cells) >= len(cells_of(tuple(scenarios), (), (cells[0].implementation,)))


def _folder(scenario: Scenario) -> Path:
    """The folder of scenarios that a scenario is from: its id is the path below that."""
    return Path(real_path(scenario.path)).parents[scenario.id.count("/")]


def _files(folder: Path) -> Iterator[Path]:
    """The scenario files of a folder as they are met, so that one that was not run ends the search early."""
    return (path for path in folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
