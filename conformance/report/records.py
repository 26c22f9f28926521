"""Records: JSON Lines of a header, one line per cell, and a footer. Appended as cells finish, read line by line.

A record without a footer is of a run that was ended; what it holds is good all the same.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import conformance
from conformance.model.errors import RecordError
from conformance.model.scenario import Scenario

FORMAT = 1
"""The version of the record format; a reader refuses newer ones."""


@dataclass(frozen=True)
class Header:
    """What a record is about."""

    implementation: str
    hosts: Mapping[str, Mapping[str, Any]]
    suite: str
    started: str
    implementation_version: str | None = None
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
    reason: str = ""
    step: int | None = None
    expected: str = ""
    observed: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

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
    version = ".".join(str(facts.get("python_version", "")).split(".")[:2])
    parts = [facts.get("family"), facts.get("machine"), f"{facts.get('python_implementation')}{version}"]
    parts.append(facts.get("emulator"))
    return file_name("-".join(str(part) for part in parts if part)).lower()


def file_name(text: str) -> str:
    """``text`` without what some file system does not take."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "unnamed"


def suite_digest(scenarios: Iterable[Scenario]) -> str:
    """The digest of the scenarios run: of their ids and contents, in order of id."""
    total = hashlib.sha256()
    for scenario in sorted(scenarios, key=lambda each: each.id):
        total.update(f"{scenario.id}\0{scenario.digest}\n".encode())
    return total.hexdigest()


def now() -> str:
    """The time of day in UTC, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


class RecordWriter:
    """Writes one record; each line is on disk before the next cell begins."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._counts: dict[str, int] = {}
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
        self._file.close()

    def abandon(self) -> None:
        """Closes the file without a footer: the record says that it is incomplete."""
        self._file.close()

    def _line(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")
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


def read(path: Path) -> Record:
    """A record from its file; RecordError where it is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise RecordError(f"{path}: is no record: not UTF-8 text") from None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None
    if not lines:
        raise RecordError(f"{path}: is empty; a record begins with a header, run again to make one")
    parsed = [_parsed(path, number, line, number == len(lines)) for number, line in enumerate(lines, 1)]
    values = [value for value in parsed if value is not None]
    header = _header(path, values[0] if values else None)
    cells = tuple(_cell(path, number, value) for number, value in enumerate(values, 1) if value.get("type") == "cell")
    footer = values[-1] if values[-1].get("type") == "footer" else None
    return Record(path, header, cells, footer)


def _parsed(path: Path, number: int, line: str, last: bool) -> dict[str, Any] | None:
    """One line; a last line that was cut off is left out."""
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        if last and number > 1:
            return None
        raise RecordError(f"{path}:{number}: is not JSON ({error}); each line of a record is one object") from None
    if not isinstance(value, dict):
        raise RecordError(f"{path}:{number}: is no object; each line of a record is one")
    return value


def _header(path: Path, value: dict[str, Any] | None) -> Header:
    if value is None or value.get("type") != "header":
        raise RecordError(f"{path}:1: a record begins with a line of type header; is this a record of conformance?")
    if not isinstance(value.get("format"), int) or value["format"] > FORMAT:
        raise RecordError(f"{path}:1: has format {value.get('format')}; this version reads up to {FORMAT}: upgrade")
    try:
        return Header(**_known(Header, value))
    except TypeError as error:
        raise RecordError(f"{path}:1: the header lacks something: {error}") from None


def _cell(path: Path, number: int, value: dict[str, Any]) -> CellRecord:
    try:
        return CellRecord(**_known(CellRecord, value))
    except TypeError as error:
        raise RecordError(f"{path}:{number}: the cell lacks something: {error}") from None


def _known(cls: type, value: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows; those of a later one are left out."""
    names = {each.name for each in fields(cls)}
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items() if key in names}
