"""The files of a run by their names, and which record of a folder is taken for each implementation on each platform.

    DIR/<platform>/<implementation>/<start>.jsonl                    the record
    DIR/<platform>/<implementation>/<start>.md                       its report
    DIR/<platform>/<implementation>/captures/<start>/<cell>.pcapng   its captures

No run writes to the files of another one.
"""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.model.errors import RecordError
from conformance.model.record import Footer, Header
from conformance.report.records import content, file_name, platform_name, read_footer, read_header

SUFFIXES = (".jsonl", ".jsonl.gz")
"""How the names of records end."""

Damaged = Callable[[Path, RecordError], None]
"""Gets each record that is damaged, and what is wrong with it."""

_TAIL = 1 << 14
"""Bytes at the end of a record that are enough for its footer."""


def record_path(folder: Path, platform: str, implementation: str, started: str) -> Path:
    """A path for a new record: ``started`` in its name, with a number where another run began in the same second."""
    name = started.partition("+")[0].replace(":", "") + "Z"
    numbered = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    paths = (folder / platform / file_name(implementation) / f"{each}.jsonl" for each in numbered)
    return next(path for path in paths if not path.exists())


def report_path(record: Path) -> Path:
    """The report of a record."""
    return record.with_name(f"{_bare(record)}.md")


def captures_folder(record: Path) -> Path:
    """The folder of a record's captures."""
    return record.parent / "captures" / _bare(record)


def _bare(record: Path) -> str:
    return record.name.removesuffix(".gz").removesuffix(".jsonl")


@dataclass(frozen=True)
class Run:
    """A record of which only the header was read."""

    path: Path
    header: Header

    @property
    def identity(self) -> tuple[Path, str, str]:
        """Folder, platform and implementation: runs with the same ones are successive runs of the same thing."""
        facts = next(iter(self.header.hosts.values()), None)
        return self.path.parent, platform_name(facts), self.header.implementation

    @property
    def corpora(self) -> tuple[str, ...]:
        """The folders of scenarios that it ran; empty in older records."""
        return self.header.selection.corpora if self.header.selection else ()

    @property
    def whole(self) -> bool:
        """Whether it was asked for every cell of these folders. Older records do not say, and count as whole."""
        return self.header.selection is None or self.header.selection.whole

    def footer(self) -> Footer | None:
        """Its footer; None where the run was ended early."""
        footer = read_footer(self.path, _last_line(self.path))
        return None if footer is None or footer.interrupted else footer


@dataclass(frozen=True)
class Chosen:
    """The record that is taken for one implementation on one platform, and those that it is taken instead of."""

    path: Path
    others: tuple[Path, ...] = ()


def record_files(folder: Path) -> list[Path]:
    """Every record below a folder, in order of path."""
    return sorted(path for path in folder.rglob("*.jsonl*") if path.name.endswith(SUFFIXES) and path.is_file())


def runs_of(paths: Iterable[Path], damaged: Damaged | None = None) -> list[Run]:
    """The headers of records. A damaged one is handed to ``damaged``; without that it raises RecordError."""
    runs = []
    for path in paths:
        try:
            runs.append(Run(path, read_header(path, _first_line(path))))
        except RecordError as error:
            if damaged is None:
                raise
            damaged(path, error)
    return runs


def newest_full(folder: Path, damaged: Damaged | None = None) -> list[Chosen]:
    """For each folder, platform and implementation below ``folder`` the record that :func:`taken` names."""
    successive: dict[tuple[Path, str, str], list[Run]] = {}
    for run in runs_of(record_files(folder), damaged):
        successive.setdefault(run.identity, []).append(run)
    chosen = [(taken(runs, damaged).path, runs) for _, runs in sorted(successive.items())]
    return [Chosen(path, tuple(run.path for run in runs if run.path != path)) for path, runs in chosen]


def by_time(runs: Iterable[Run]) -> list[Run]:
    """Runs, the newest first."""
    return sorted(runs, key=lambda run: (run.header.started, len(run.path.name), run.path), reverse=True)


def taken(runs: Sequence[Run], damaged: Damaged | None = None) -> Run:
    """Of successive runs the newest full one: complete, and with all cells of its folders of scenarios.

    Where the full ones ran different folders of scenarios, it is that with the most cells. Where none is full it is
    the newest complete one, and where none is complete the newest one.
    """
    newest = by_time(runs)
    complete: Run | None = None
    full: dict[tuple[str, ...], tuple[int, Run]] = {}
    for run in newest:
        if run.corpora in full or (complete and not run.whole):
            continue  # it would not be taken, and a compressed record takes time to read
        footer = _footer(run, damaged)
        if footer is not None:
            complete = complete or run
        if footer is not None and run.whole:
            full[run.corpora] = footer.cells, run
    return max(full.values(), key=lambda found: found[0])[1] if full else complete or newest[0]


def _footer(run: Run, damaged: Damaged | None) -> Footer | None:
    try:
        return run.footer()
    except RecordError as error:
        if damaged is None:
            raise
        damaged(run.path, error)
        return None


def _first_line(path: Path) -> dict[str, object] | None:
    """The header's line; None where it is no JSON object."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            value = json.loads(file.readline().decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        content(path)  # says what is wrong with it
        return None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; a record is a file *.jsonl") from None
    return value if isinstance(value, dict) else None


def _last_line(path: Path) -> bytes:
    if path.suffix == ".gz":
        return content(path).rstrip(b"\n").rpartition(b"\n")[2]
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        return file.read().rstrip(b"\n").rpartition(b"\n")[2]
