"""Record files: JSON Lines of a header, a line for each cell, and a footer; written as cells finish.

A record without a footer is of a run that was ended early; its cells are good all the same. Reading checks each field
of each line against the classes of ``conformance.model.record``.
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from conformance.model.codec import Codec, Malformed, brief
from conformance.model.errors import HarnessError, RecordError
from conformance.model.facts import HostFacts
from conformance.model.record import FORMAT, CellRecord, Footer, Header
from conformance.model.scenario import Scenario
from conformance.tables.selectors import FAMILIES
from conformance.tables.transports import TRANSPORTS

_HEADER, _CELL, _FOOTER = Codec(Header), Codec(CellRecord), Codec(Footer)

_LONGEST_NAME = 80
_LONGEST_LINE = 1 << 28
_BUFFER = 1 << 20
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, with any suffix."""


@dataclass(frozen=True)
class Record:
    """A record as read."""

    path: Path
    header: Header
    cells: tuple[CellRecord, ...]
    footer: Footer | None

    @property
    def platform(self) -> str:
        """The name of the platform that it was made on."""
        return platform_name(self.facts)

    @property
    def facts(self) -> HostFacts | None:
        """The host of all actors; None where no worker started."""
        return next(iter(self.header.hosts.values()), None)

    @property
    def incomplete(self) -> str:
        """Why the record does not hold all cells of its run; empty where it does."""
        held = len(self.cells)
        if self.footer is None or self.footer.interrupted:
            by = f" by {self.footer.interrupted}" if self.footer else ""
            of = f"; it holds {held} of {self.header.selection.cells} cells" if self.header.selection else ""
            return f"its run was ended{by} before the last cell{of}"
        return "" if self.footer.cells == held else f"its footer counts {self.footer.cells} cells, it holds {held}"

    @property
    def complete(self) -> bool:
        """Whether the record holds all cells of its run."""
        return not self.incomplete


def platform_name(facts: HostFacts | None) -> str:
    """``linux-x86_64-cpython3.11``; with the emulator where there is one. Legal as a file name everywhere."""
    if facts is None:
        return "unknown"
    version = ".".join(facts.python_version.split(".")[:2])
    parts = (facts.family, facts.machine, f"{facts.python_implementation}{version}", facts.emulator)
    return file_name("-".join(part for part in parts if part)).lower()


def file_name(text: str) -> str:
    """``text`` as a name that every file system takes: no odd characters, no names of devices, not too long."""
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
    """Turns an OSError while ``path`` is written into a HarnessError that names the path."""
    try:
        yield
    except OSError as error:
        raise HarnessError(f"{path}: cannot be written: {error.strerror}; --reports names another folder") from None


class RecordWriter:
    """Writes one record: each line is in the file before its worker begins the next cell, in the order of their ends.

    A complete record is put in the order of the numbers of its cells. ``earlier``: the numbers, verdicts and lines of
    an interrupted record that is completed. HarnessError where nothing can be written.
    """

    def __init__(self, path: Path, header: Header, earlier: Sequence[tuple[int, str, bytes]] = ()) -> None:
        self.path = path
        self.header = header
        self.footer: Footer | None = None
        self._counts: dict[str, int] = {}
        self._lines: list[tuple[int, int, int]] = []
        """Of each cell: its number, and where its line begins and ends."""
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = (_aside(path) if earlier else path).open("wb")
        self._header = self._line(_bytes({"type": "header", **_HEADER.encode(header)}))
        for each in earlier:
            self.line(*each)
        if earlier:
            with written(path):
                self._file.close()
                os.replace(_aside(path), path)
                self._file = path.open("ab")

    def cell(self, cell: CellRecord, number: int = 0) -> None:
        """Appends a cell. ``number`` is its place among the cells of the run."""
        self.line(number, cell.verdict, cell_line(cell))

    def line(self, number: int, verdict: str, line: bytes) -> None:
        """Appends a cell whose line was made already."""
        begin = self._file.tell()
        self._line(line)
        self._counts[verdict] = self._counts.get(verdict, 0) + 1
        self._lines.append((number, begin, begin + len(line)))

    def close(self) -> None:
        """Puts the cells in order and writes the footer: the record is complete."""
        with written(self.path):
            if self._lines != sorted(self._lines):
                self._sort()
        self._footer(None)

    def abandon(self, interrupted: str | None = None) -> None:
        """Ends a record that is incomplete: with a footer that names the signal, or without any."""
        with contextlib.suppress(OSError, HarnessError):
            if interrupted:
                self._footer(interrupted)
            else:
                self._file.close()

    def _footer(self, interrupted: str | None) -> None:
        footer = Footer(now(), sum(self._counts.values()), self._counts, interrupted)
        self._line(_bytes({"type": "footer", **_FOOTER.encode(footer)}))
        self.footer = footer
        with written(self.path):
            self._file.close()

    def _sort(self) -> None:
        """Replaces the file by one in order. Until the end the other one stays as it is."""
        aside = _aside(self.path)
        try:
            with aside.open("wb") as file, self.path.open("rb") as before:
                file.write(before.read(self._header))
                for _, begin, end in sorted(self._lines):
                    before.seek(begin)
                    file.write(before.read(end - begin))
            self._file.close()
            with contextlib.suppress(PermissionError):  # Windows replaces no file that is open, as that of the lock
                os.replace(aside, self.path)
            self._file = self.path.open("ab")
        finally:
            aside.unlink(missing_ok=True)

    def _line(self, line: bytes) -> int:
        """Writes a line at once; returns where it ends."""
        with written(self.path):
            self._file.write(line)
            self._file.flush()
            return self._file.tell()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _aside(path: Path) -> Path:
    """Where a new version of a record is written; no pattern for records matches it."""
    return path.with_name(f"{path.stem}.part")


def cell_line(cell: CellRecord) -> bytes:
    """The line of a cell."""
    return _bytes({"type": "cell", **_CELL.encode(cell)})


def _bytes(value: Mapping[str, Any]) -> bytes:
    """One line: readable text, or ASCII escapes where UTF-8 cannot hold a character (half of a surrogate pair)."""
    text = _READABLE(value)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


_READABLE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class CellMemory(Protocol):
    """Cells of lines that were read before, so that equal lines need not be decoded again."""

    def known(self, line: bytes) -> CellRecord | None:
        """The cell of a line; None where the line is new."""

    def keep(self, cell: CellRecord) -> CellRecord:
        """What is to be kept of a cell: that of the line that :meth:`known` was asked for last."""


def read(path: Path, memory: CellMemory | None = None) -> Record:
    """A record from its file, which may be compressed (``.jsonl.gz``); RecordError where a line is no part of one."""
    with _no_collection():
        return _record(path, _numbered(path), memory)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Pauses the search for cycles: a record makes a hundred thousand objects and no cycle, which doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _numbered(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """The lines of a record: number, content, and whether it is the last one; one at least."""
    lines = enumerate(_lines(path), 1)
    number, line = next(lines, (1, b""))
    for following, content in lines:
        yield number, line, False
        number, line = following, content
    yield number, line, True


def _lines(path: Path) -> Iterator[bytes]:
    with _read_errors(path), path.open("rb") as file:
        packed = path.suffix == ".gz"
        stream = io.BufferedReader(gzip.GzipFile(fileobj=file), _BUFFER) if packed else file
        for number in itertools.count(1):
            line = stream.readline(_LONGEST_LINE + 1)
            if len(line) > _LONGEST_LINE:
                raise RecordError(
                    f"{path}:{number}: is longer than {_LONGEST_LINE:,} bytes, so it is no line of a record"
                )
            if not line:
                return
            yield line.removesuffix(b"\n")


def _record(path: Path, lines: Iterator[tuple[int, bytes, bool]], memory: CellMemory | None) -> Record:
    _, first, only = next(lines)
    if not first.strip() and not any(line.strip() for _, line, _ in lines):
        raise RecordError(f"{path}: is empty; a record begins with a header, run again to make one")
    header = read_header(path, _parsed(path, 1, first, only))
    cells: list[CellRecord] = []
    footer: Footer | None = None
    for number, line, last in lines:
        cell = memory.known(line) if memory else None
        found = cell or _line(path, number, line, last)
        if found is None:
            break
        if footer is not None:
            raise RecordError(f"{path}:{number}: a line after the footer; put each record into a file of its own")
        if isinstance(found, Footer):
            footer = found
        else:
            cells.append(memory.keep(found) if memory and cell is None else found)
    return Record(path, header, tuple(cells), footer)


def _line(path: Path, number: int, line: bytes, last: bool) -> CellRecord | Footer | None:
    """What a line after the header holds; None for a last line that was cut off."""
    value = _parsed(path, number, line, last)
    if value is None:
        return None
    with _located(path, number):
        kind = value.get("type")
        if kind == "header":
            raise RecordError(f"{path}:{number}: a second header; put each record into a file of its own")
        if kind not in _LINES:
            raise Malformed("cell or footer", kind, "type")
        return _LINES[kind](value)


@contextlib.contextmanager
def _located(path: Path, number: int) -> Iterator[None]:
    """Turns what is wrong with a line into a RecordError that names file, line and field."""
    try:
        yield
    except Malformed as error:
        raise RecordError(f"{path}:{number}: {error}; run again to make a new record") from None


def content(path: Path) -> bytes:
    """The lines of a record; RecordError where they cannot be read."""
    with _read_errors(path):
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw


@contextlib.contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turns an error of the file into a RecordError that names it."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordError(f"{path}: is damaged: {error}; a compressed record is a file *.jsonl.gz") from None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; a record is a file *.jsonl") from None


def _parsed(path: Path, number: int, line: bytes, last: bool) -> dict[str, Any] | None:
    """One line; None for a last line that was cut off."""
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


def read_header(path: Path, value: dict[str, Any] | None) -> Header:
    """The header of a record from its first line."""
    if value is None or value.get("type") != "header":
        raise RecordError(f"{path}:1: a record begins with a line of type header; is this a record of conformance?")
    if type(value.get("format")) is not int or value["format"] > FORMAT:
        found = brief(value.get("format"))
        raise RecordError(f"{path}:1: format is {found}; this version reads up to {FORMAT}: upgrade")
    with _located(path, 1):
        hosts = value.get("hosts")
        if isinstance(hosts, dict):  # earlier versions wrote no facts for a host on which no worker started
            value = {**value, "hosts": {name: facts for name, facts in hosts.items() if facts != {}}}
        header: Header = _HEADER.decode(value)
        for name, facts in header.hosts.items():
            _known(facts.family, FAMILIES, f"hosts.{name}.family")
    return header


def read_footer(path: Path, line: bytes) -> Footer | None:
    """The footer of a record from its last line; None where that is another line, or was cut off."""
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("type") != "footer":
        return None
    try:
        footer: Footer = _FOOTER.decode(value)
    except Malformed as error:
        raise RecordError(f"{path}: the last line: {error}; run again to make a new record") from None
    return footer


def _cell(value: dict[str, Any]) -> CellRecord:
    cell: CellRecord = _CELL.decode(value)
    _known(cell.transport, TRANSPORTS, "transport")
    return cell


_LINES: Mapping[Any, Callable[[Any], CellRecord | Footer]] = {"cell": _cell, "footer": _FOOTER.decode}
"""What decodes a line after the header, by its type."""


def _known(name: str, table: Iterable[str], path: str) -> None:
    """Malformed if a table has no such name."""
    if name not in table:
        raise Malformed(f"one of {', '.join(table)}", name, path)
