"""Folders of scenario files: where the bundled ones are, which files there are, and loading them with every mistake."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from conformance.language.library import Library, without_collection
from conformance.model.errors import Mistake, Position, ScenarioError
from conformance.model.scenario import Scenario

SUFFIX = ".yaml"


@dataclass(frozen=True)
class Loaded:
    """The scenarios that are right, and the mistakes in those that are not."""

    scenarios: tuple[Scenario, ...]
    mistakes: tuple[Mistake, ...]


def bundled() -> Path:
    """The folder of the scenarios that come with the package: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def identity(path: Path, root: Path) -> str:
    """The id of a scenario: its path below the corpus folder, without suffix, with forward slashes."""
    below = os.path.relpath(real_path(path), _real_folder(os.path.abspath(root)))
    return os.path.splitext(below)[0].replace(os.sep, "/")


def real_path(path: Path) -> str:
    """The path of a file without links to folders. A link to a file has the place of the link."""
    absolute = os.path.abspath(path)
    return os.path.join(_real_folder(os.path.dirname(absolute)), os.path.basename(absolute))


@lru_cache(maxsize=1000)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def bundled_ids() -> set[str]:
    """The ids of the scenarios that come with the package, by the names of their files alone."""
    return {identity(path, bundled()) for path in files(bundled())}


def root_of(path: Path, roots: Iterable[Path]) -> Path:
    """The corpus folder that a file belongs to: the outermost given one that holds it, else its own."""
    real = real_path(path)
    holding = [root for root in roots if real.startswith(os.path.join(_real_folder(os.path.abspath(root)), ""))]
    return min(holding, key=lambda root: len(_real_folder(os.path.abspath(root))), default=path.parent)


def files(path: Path) -> Iterator[Path]:
    """The scenario files at a path: itself, or those below it in stable order."""
    if path.is_dir() and path.suffix != SUFFIX:
        yield from sorted(each for each in path.rglob(f"*{SUFFIX}") if not each.name.startswith("."))
    else:
        yield path


def load_one(path: Path, root: Path) -> Scenario:
    """One scenario, checked; ScenarioError with all its mistakes."""
    return Library().load(path, identity(path, root))


def load_all(paths: Iterable[Path], roots: Iterable[Path] = (), kept: Path | None = None) -> Loaded:
    """Every scenario at the given files and folders. ``kept``: the folder of the cache for scenarios of folders."""
    scenarios: list[Scenario] = []
    mistakes: list[Mistake] = []
    roots = [bundled(), *roots]
    for path in paths:
        is_folder = path.is_dir()
        known = [*roots, path] if is_folder else roots
        library = Library(kept if is_folder else None, f"{os.path.abspath(path)}\0{path}")
        with without_collection():
            for each in files(path):
                try:
                    scenarios.append(library.load(each, identity(each, root_of(each, known))))
                except ScenarioError as error:
                    mistakes += error.mistakes
            library.save()
    mistakes += _duplicates(scenarios)
    return Loaded(tuple(scenarios), tuple(sorted(set(mistakes))))


def _duplicates(scenarios: list[Scenario]) -> Iterator[Mistake]:
    owners: dict[str, Scenario] = {}
    for scenario in scenarios:
        for name in (scenario.id, *scenario.formerly):
            other = owners.setdefault(name, scenario)
            if other.path != scenario.path:
                place = Position(str(scenario.path), 1, 1)
                yield Mistake(place, f'the id "{name}" belongs to {other.path} already')
