"""Folders of scenario files: where the bundled ones are, which files there are, and loading them with every mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.language.checks import check
from conformance.language.scenario_syntax import load
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
    return path.resolve().relative_to(root.resolve()).with_suffix("").as_posix()


def bundled_ids() -> set[str]:
    """The ids of the scenarios that come with the package, by the names of their files alone."""
    return {identity(path, bundled()) for path in files(bundled())}


def root_of(path: Path, roots: Iterable[Path]) -> Path:
    """The corpus folder that a file belongs to: the outermost given one that holds it, else its own."""
    holding = [root for root in roots if path.resolve().is_relative_to(root.resolve())]
    return min(holding, key=lambda root: len(root.resolve().parts), default=path.parent)


def files(path: Path) -> Iterator[Path]:
    """The scenario files at a path: itself, or those below it in stable order."""
    if path.is_dir() and path.suffix != SUFFIX:
        yield from sorted(each for each in path.rglob(f"*{SUFFIX}") if not each.name.startswith("."))
    else:
        yield path


def load_one(path: Path, root: Path) -> Scenario:
    """One scenario, checked; ScenarioError with all its mistakes."""
    scenario, mistakes = load(path, identity(path, root))
    mistakes += check(scenario)
    if mistakes:
        raise ScenarioError(mistakes)
    return scenario


def load_all(paths: Iterable[Path], roots: Iterable[Path] = ()) -> Loaded:
    """Every scenario at the given files and folders."""
    scenarios: list[Scenario] = []
    mistakes: list[Mistake] = []
    roots = [bundled(), *roots]
    for path in paths:
        known = [*roots, path] if path.is_dir() else roots
        for each in files(path):
            try:
                scenarios.append(load_one(each, root_of(each, known)))
            except ScenarioError as error:
                mistakes += error.mistakes
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
