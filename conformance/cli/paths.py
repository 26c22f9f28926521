"""Finds the scenarios that the user names by file, folder, glob or id."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Sequence
from pathlib import Path

import click

from conformance.language.corpus import bundled, load_all
from conformance.language.suggestions import unknown
from conformance.model.errors import Mistake, Position, ScenarioError
from conformance.model.scenario import Scenario
from conformance.platforms.cache import cache_directory


def load_scenarios(names: Sequence[str]) -> list[Scenario]:
    """The named scenarios, or all bundled ones if no name is given. ScenarioError with every mistake."""
    if not names:
        return _checked([bundled()])
    paths: list[Path] = []
    ids: list[str] = []
    for name in names:
        there = Path(name)
        found = [there] if there.exists() else [Path(each) for each in sorted(glob.glob(name, recursive=True))]
        paths += found
        if not found:
            ids.append(name)
    scenarios = _checked(paths) if paths else []
    known = {scenario.id: scenario for scenario in (_checked([bundled()]) if ids else ())}
    for name in ids:
        scenarios += matching(name, known)
    return list({scenario.path: scenario for scenario in scenarios}.values())


def matching(name: str, known: dict[str, Scenario]) -> list[Scenario]:
    """The bundled scenarios with ``name`` as id or former id, else those with an id that matches or contains it."""
    exact = [each for each in known.values() if name in (each.id, each.id.split("/")[-1], *each.formerly)]
    pattern = name if any(char in name for char in "*?[") else f"*{name}*"
    found = exact or [each for each in known.values() if fnmatch.fnmatchcase(each.id, pattern)]
    if not found:
        raise click.UsageError(unknown("file, folder or scenario", name, known))
    return found


def _corpora(paths: Sequence[Path]) -> list[Path]:
    """The folders named ``scenarios`` above these paths. The id of a scenario starts there, whatever path is given."""
    above = [(Path(os.path.abspath(path)), *Path(os.path.abspath(path)).parents) for path in paths]
    nearest = (next((each for each in folders if each.name == "scenarios"), None) for folders in above)
    return [folder for folder in nearest if folder is not None]


def _checked(paths: Sequence[Path]) -> list[Scenario]:
    loaded = load_all(paths, _corpora(paths), kept_scenarios())
    if loaded.mistakes:
        raise ScenarioError(list(loaded.mistakes))
    if not loaded.scenarios:
        raise ScenarioError([nothing_at(paths)])
    return list(loaded.scenarios)


def kept_scenarios() -> Path:
    """The folder of the cache where loaded scenarios are kept."""
    return cache_directory() / "scenarios"


def nothing_at(paths: Sequence[Path]) -> Mistake:
    """The mistake of naming paths without scenarios."""
    return Mistake(Position(", ".join(map(str, paths)), 1, 1), "no scenario file (*.yaml) is there")
