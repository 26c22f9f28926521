"""Records for a comparison: each cell with only what a comparison needs, and equal parts of all records kept once.

Lines that differ in nothing but durations are decoded once: of the others only the duration of the cell is read.
"""

from __future__ import annotations

import hashlib
import json
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from conformance.model.errors import RecordError
from conformance.model.observation import Wait
from conformance.model.record import CellRecord, StepRecord
from conformance.report.coverage import Key
from conformance.report.records import Record, read

_NUMBER = rb"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?(?:[eE]-?[0-9]{1,2})?"
"""A finite number of JSON."""

_DURATION = re.compile(rb'"(?:cpu_)?seconds":' + _NUMBER + rb"(?=[,}])")
_OF_THE_CELL = re.compile(rb'\],"seconds":(' + _NUMBER + rb'),"file":"')


_Noun = TypeVar("_Noun")


@dataclass(frozen=True)
class Read:
    """The records that could be read, and what is wrong with each of the others."""

    records: tuple[Record, ...]
    damaged: tuple[str, ...]


class SlimReader:
    """Reads records; keeps what they have in common, so that a hundred of them fit into memory."""

    def __init__(self) -> None:
        self._lines: dict[bytes, CellRecord] = {}
        self._shapes: dict[bytes, CellRecord] = {}
        self._steps: dict[Any, StepRecord] = {}
        self._tuples: dict[tuple[int, ...], tuple[StepRecord, ...]] = {}
        self._line = self._shape = b""

    def read(self, path: Path) -> Record:
        """A record with slim cells; RecordError where a line is no part of one, or holds a cell for the second time."""
        record = read(path, self)
        if len({cell.key for cell in record.cells}) < len(record.cells):
            raise _twice(record)
        return record

    def read_all(self, paths: Iterable[Path]) -> Read:
        """Each record, or what is wrong with it."""
        records, damaged = [], []
        for path in paths:
            try:
                records.append(self.read(path))
            except RecordError as error:
                damaged.append(str(error))
        return Read(tuple(records), tuple(damaged))

    def known(self, line: bytes) -> CellRecord | None:
        """The cell of a line; None where no earlier line was like it."""
        self._line = _digest(line)
        cell = self._lines.get(self._line)
        if cell is None:
            self._shape = _digest(_DURATION.sub(b"", line))
            alike, found = self._shapes.get(self._shape), _OF_THE_CELL.search(line)
            if alike is not None and found is not None:
                cell = self._lines[self._line] = _changed(alike, seconds=float(found[1]))
        return cell

    def keep(self, cell: CellRecord) -> CellRecord:
        """A slim cell, for the line that :meth:`known` did not know and for all that are like it."""
        slim = self._slim(cell)
        self._lines[self._line] = self._shapes[self._shape] = slim
        return slim

    def _slim(self, cell: CellRecord) -> CellRecord:
        steps = tuple(map(self._step, cell.steps))
        steps = self._tuples.setdefault(tuple(map(id, steps)), steps)
        return _changed(cell, steps=steps, capture=None)

    def _step(self, step: StepRecord) -> StepRecord:
        seen = step.observation
        wait = seen.wait and Wait(seen.wait.call, seen.wait.probe, seen.wait.certainty)
        identity = _identity(step, wait)
        if (known := self._steps.get(identity)) is not None:
            return known
        observation = _changed(seen, raw=None, seconds=None, wait=wait, names={})
        return self._steps.setdefault(identity, _changed(step, observation=observation, evidence=None))


def _twice(record: Record) -> RecordError:
    """The error for a cell that a record holds twice."""
    lines: dict[Key, int] = {}
    for line, cell in enumerate(record.cells, 2):
        if cell.key in lines:
            what = f"{cell.id} is in line {lines[cell.key]} already"
            return RecordError(f"{record.path}:{line}: {what}; put each run into a file of its own")
        lines[cell.key] = line
    raise AssertionError("every cell is there once")


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


def _changed(value: _Noun, **changes: Any) -> _Noun:
    """A copy with other fields. It takes a tenth of the time of ``dataclasses.replace``."""
    made = object.__new__(type(value))
    vars(made).update(vars(value), **changes)
    return made


def _identity(step: StepRecord, wait: Wait | None) -> tuple[Any, ...]:
    """Equal for steps of which a comparison keeps the same."""
    seen = step.observation
    plain = (seen.kind, wait, seen.released_by, seen.blame, seen.reason)
    shapeless = json.dumps((seen.canonical, step.sides), sort_keys=True)  # these are not hashable
    return (shapeless, plain, *_REST(step))


_REST = operator.attrgetter(
    *(each.name for each in fields(StepRecord) if each.name not in ("observation", "sides", "evidence"))
)
