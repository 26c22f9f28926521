"""Records: JSON Lines of a header, one line per cell, and a footer. Appended as cells finish, read line by line.

A record without a footer is of a run that was ended; what it holds is good all the same.
"""

from __future__ import annotations

import contextlib
import datetime
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import conformance
from conformance.model.errors import HarnessError, RecordError
from conformance.model.scenario import Scenario
from conformance.report.record_fields import mistake_in_cell, mistake_in_header

FORMAT = 1
"""The version of the record format; a reader refuses newer ones."""


_LONGEST_NAME = 80
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, with any suffix."""


@dataclass(frozen=True)
class Header:
    """What a record is about."""

    implementation: str
    hosts: Mapping[str, Mapping[str, Any]]
    suite: str
    started: str
    implementation_version: str | None = None
    implementation_path: str | None = None
    format: int = FORMAT
    conformance: str = conformance.__version__


@dataclass(frozen=True)
class CellRecord:
    """One cell as recorded; ``steps`` holds for each step what was done, what was expected and what was observed."""

    id: str
    scenario: str
    case: str
    transport: str
    implementation: str
    level: str
    hosts: Mapping[str, str]
    verdict: str
    steps: tuple[Mapping[str, Any], ...]
    seconds: float
    file: str = ""
    digest: str = ""
    reason: str = ""
    step: int | None = None
    expected: str = ""
    observed: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    differential: Mapping[str, Any] | None = None
    """Where it parts from the raw socket of the same run: ``step``, ``depth``, and what ``raw`` and ``here`` did."""
    capture: Mapping[str, Any] | None = None
    """What was captured and when each step was, as docs/records.md says; or what it was ``lacking``."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes cells of different records comparable: scenario, case, transport."""
        return self.scenario, self.case, self.transport


@dataclass(frozen=True)
class Record:
    """A record as read."""

    path: Path
    header: Header
    cells: tuple[CellRecord, ...]
    footer: Mapping[str, Any] | None

    @property
    def platform(self) -> str:
        """The name of the platform that it was made on."""
        return platform_name(next(iter(self.header.hosts.values()), {}))

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return self.footer is not None


def platform_name(facts: Mapping[str, Any]) -> str:
    """``linux-x86_64-cpython3.11``; with the emulator where there is one. Legal as a file name everywhere."""
    if not facts:
        return "unknown"
    version = ".".join(str(facts.get("python_version", "")).split(".")[:2])
    parts = [facts.get("family"), facts.get("machine"), f"{facts.get('python_implementation')}{version}"]
    parts.append(facts.get("emulator"))
    return file_name("-".join(str(part) for part in parts if part)).lower()


def file_name(text: str) -> str:
    """``text`` without what some file system does not take: characters, names of devices, lengths."""
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "unnamed"
    if len(name) > _LONGEST_NAME:
        name = f"{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}-{name[-_LONGEST_NAME:]}"
    return f"_{name}" if _DEVICE.match(name) else name


def suite_digest(scenarios: Iterable[Scenario]) -> str:
    """The digest of the scenarios run: of their ids and contents, in order of id."""
    total = hashlib.sha256()
    for scenario in sorted(scenarios, key=lambda each: each.id):
        total.update(f"{scenario.id}\0{scenario.digest}\n".encode())
    return total.hexdigest()


def now() -> str:
    """The time of day in UTC, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """What the file system refuses while ``path`` is written is a HarnessError that says so."""
    try:
        yield
    except OSError as error:
        raise HarnessError(f"{path}: cannot be written: {error.strerror}; --reports names another folder") from None


class RecordWriter:
    """Writes one record; each line is on disk before the next cell begins. HarnessError where that is not possible."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._counts: dict[str, int] = {}
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._line({"type": "header", **vars(header)})

    def cell(self, cell: CellRecord) -> None:
        """Appends a cell."""
        self._counts[cell.verdict] = self._counts.get(cell.verdict, 0) + 1
        self._line({"type": "cell", **vars(cell)})

    def close(self) -> None:
        """Writes the footer: the record is complete."""
        self._line({"type": "footer", "ended": now(), "cells": sum(self._counts.values()), "verdicts": self._counts})
        with written(self.path):
            self._file.close()

    def abandon(self) -> None:
        """Closes the file without a footer: the record says that it is incomplete."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _line(self, value: Mapping[str, Any]) -> None:
        with written(self.path):
            self._file.write(_json(value) + "\n")
            self._file.flush()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _json(value: Mapping[str, Any]) -> str:
    """One line; as people read it, but for what UTF-8 cannot hold (half of a surrogate pair), which is escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def read(path: Path) -> Record:
    """A record from its file, which may be compressed (``.jsonl.gz``); RecordError where it is none."""
    raw = content(path)
    if not raw.strip():
        raise RecordError(f"{path}: is empty; a record begins with a header, run again to make one")
    lines = raw.removesuffix(b"\n").split(b"\n")
    parsed = [_parsed(path, number, line, number == len(lines)) for number, line in enumerate(lines, 1)]
    values = [value for value in parsed if value is not None]
    header = _header(path, values[0] if values else None)
    if second := next((number for number, value in enumerate(values[1:], 2) if value.get("type") == "header"), None):
        raise RecordError(f"{path}:{second}: a second header; put each record into a file of its own")
    cells = tuple(_cell(path, number, value) for number, value in enumerate(values, 1) if value.get("type") == "cell")
    footer = values[-1] if values[-1].get("type") == "footer" else None
    return Record(path, header, cells, footer)


def content(path: Path) -> bytes:
    """The lines of a record; RecordError where they cannot be read."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordError(f"{path}: is damaged: {error}; a compressed record is a file *.jsonl.gz") from None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; a record is a file *.jsonl") from None


def _parsed(path: Path, number: int, line: bytes, last: bool) -> dict[str, Any] | None:
    """One line; a last line that was cut off is left out."""
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        if last and number > 1:
            return None
        what = "UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"JSON ({error})"
        raise RecordError(f"{path}:{number}: is not {what}; each line of a record is one JSON object") from None
    if not isinstance(value, dict):
        raise RecordError(f"{path}:{number}: is no object; each line of a record is one JSON object")
    return value


def _header(path: Path, value: dict[str, Any] | None) -> Header:
    if value is None or value.get("type") != "header":
        raise RecordError(f"{path}:1: a record begins with a line of type header; is this a record of conformance?")
    if not isinstance(value.get("format"), int) or value["format"] > FORMAT:
        raise RecordError(f"{path}:1: has format {value.get('format')}; this version reads up to {FORMAT}: upgrade")
    if mistake := mistake_in_header(value):
        raise RecordError(f"{path}:1: the header {mistake}; run again to make a new record")
    return Header(**_known(Header, value))


def _cell(path: Path, number: int, value: dict[str, Any]) -> CellRecord:
    if mistake := mistake_in_cell(value):
        raise RecordError(f"{path}:{number}: the cell {mistake}; run again to make a new record")
    return CellRecord(**_known(CellRecord, value))


def _known(cls: type, value: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows; those of a later one are left out."""
    names = {each.name for each in fields(cls)}
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items() if key in names}
