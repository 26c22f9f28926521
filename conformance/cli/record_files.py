"""Finds the records that the user names by file, folder or glob, and reads them for a comparison."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from conformance.cli.record_paths import records_at
from conformance.model.errors import RecordError
from conformance.report.records import Record
from conformance.report.slim_records import SlimReader


@dataclass(frozen=True)
class Read:
    """The records that could be read, and what is wrong with each of the others."""

    records: tuple[Record, ...]
    damaged: tuple[str, ...]


def record_paths(names: Iterable[str]) -> list[Path]:
    """The files that are named, and those below folders or fitting globs that are not named already."""
    found: list[Path] = []
    for name in names:
        known = set() if Path(name).is_file() else {path.resolve() for path in found}
        found += [path for path in _paths(name) if path.resolve() not in known]
    return found


def _paths(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return _newest(path)
    if path.exists():
        return [path]
    fitting = [each for fit in sorted(glob.glob(name, recursive=True)) for each in _paths(fit)]
    if not fitting:
        raise click.UsageError(f"no such file, folder or glob: {name}; name records (*.jsonl, *.jsonl.gz)")
    return fitting


def _newest(folder: Path) -> list[Path]:
    """The newest full record of each implementation on each platform, and those that are damaged."""
    errors: list[RecordError] = []
    found = records_at([str(folder)], errors.append)
    damaged = [each for each in folder.rglob("*.jsonl*") if any(str(error).startswith(f"{each}:") for error in errors)]
    return sorted({*found, *damaged})


def read_records(paths: Sequence[Path], reader: SlimReader) -> Read:
    """Each record, or what is wrong with it."""
    records, damaged = [], []
    for path in paths:
        try:
            records.append(reader.read(path))
        except RecordError as error:
            damaged.append(str(error))
    return Read(tuple(records), tuple(damaged))
