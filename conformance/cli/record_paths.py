"""Finds the records that the user names by file, folder or glob."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from conformance.engine.wording import counted
from conformance.model.errors import RecordError
from conformance.report.run_files import newest_full


def records_at(names: Sequence[str], damaged: Callable[[RecordError], None] | None = None) -> list[Path]:
    """The named records; of a folder the newest full one for each implementation on each platform.

    A damaged record in a folder is handed to ``damaged``; without that it raises RecordError.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        there = [path] if path.exists() else [Path(each) for each in sorted(glob.glob(name, recursive=True))]
        if not there:
            raise click.UsageError(f"{name!r} does not exist")
        for each in there:
            found += _in_folder(each, damaged) if each.is_dir() else [each]
    return found


def one_record(path: Path) -> Path:
    """A record: ``path`` itself, or the one to take of a folder. Wrong usage if the folder has several."""
    if not path.is_dir():
        return path
    found = _in_folder(path, None)
    if len(found) > 1:
        names = "".join(f"\n  {each}" for each in found)
        raise click.UsageError(f"{path} has records of several implementations or platforms; name one:{names}")
    return found[0]


def _in_folder(folder: Path, damaged: Callable[[RecordError], None] | None) -> list[Path]:
    chosen = newest_full(folder, damaged)
    if not chosen:
        raise click.UsageError(f"there is no record (*.jsonl, *.jsonl.gz) below {folder}")
    if others := sum(len(each.others) for each in chosen):
        click.echo(f"{folder}: {counted(others, 'older or partial record')} left out", err=True)
    return [each.path for each in chosen]
