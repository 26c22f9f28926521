"""Finds the records that the user names by file, folder or glob."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

import click

from conformance.engine.wording import counted
from conformance.report.run_files import newest_full


def records_at(names: Iterable[str]) -> list[Path]:
    """The named files; of a folder the newest full record of each implementation on each platform.

    What is in a folder or fits a glob, and is named already, is not there twice. The damaged records of a folder are
    among the files, so that reading them says what is wrong.
    """
    found: list[Path] = []
    for name in names:
        known = set() if Path(name).is_file() else {path.resolve() for path in found}
        found += [path for path in _paths(name) if path.resolve() not in known]
    return found


def one_record(path: Path) -> Path:
    """A record: ``path`` itself, or the one to take of a folder. Wrong usage if the folder has several."""
    if not path.is_dir():
        return path
    found = _taken(path)
    if len(found) > 1:
        names = "".join(f"\n  {each}" for each in found)
        raise click.UsageError(f"{path} has records of several implementations or platforms; name one:{names}")
    return found[0]


def _paths(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        damaged: set[Path] = set()
        return sorted({*_taken(path, damaged), *damaged})
    if path.exists():
        return [path]
    fitting = [each for fit in sorted(glob.glob(name, recursive=True)) for each in _paths(fit)]
    if not fitting:
        raise click.UsageError(f"no such file, folder or glob: {name}; name records (*.jsonl, *.jsonl.gz)")
    return fitting


def _taken(folder: Path, damaged: set[Path] | None = None) -> list[Path]:
    """The records to take of a folder. Damaged ones go into the set; without one they raise RecordError."""
    chosen = newest_full(folder, None if damaged is None else lambda path, _: damaged.add(path))
    if not chosen and not damaged:
        raise click.UsageError(f"there is no record (*.jsonl, *.jsonl.gz) below {folder}")
    if others := sum(len(each.others) for each in chosen):
        click.echo(f"{folder}: {counted(others, 'older or partial record')} left out", err=True)
    return [each.path for each in chosen]
