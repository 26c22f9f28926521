"""Cells that were observed closely: with the states of sockets after each step, or with packets in a capture file.

A comparison keeps neither, so records that hold some are read again.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord
from conformance.report.compared import Comparison
from conformance.report.coverage import Key
from conformance.report.html.behaviours import Drawings
from conformance.report.lifelines import Line
from conformance.report.records import read
from conformance.report.sequence import WIDTH

Closely = Mapping[tuple[str, Key], tuple[CellRecord, Drawings]]
"""By label of the record and key of the cell."""

MOST = 20
"""Records that are read again; in a comparison of more there is no room for details of each."""

NARROW = 54
"""Columns of a drawing for a phone."""

_SIGNS = (b'"capture":{', b'"evidence":[')


def observed_closely(compared: Comparison) -> Closely:
    """All such cells of the compared records, each with its drawings."""
    if len(compared.records) > MOST:
        return {}
    return {
        (record.label, cell.key): (cell, drawings(Path(record.path), cell))
        for record in compared.records
        for cell in _cells(Path(record.path))
    }


def _cells(path: Path) -> Iterator[CellRecord]:
    if path.is_file() and _holds_some(path):
        yield from (cell for cell in read(path).cells if cell.capture or any(step.evidence for step in cell.steps))


def _holds_some(path: Path) -> bool:
    """Whether a line of the file has a capture or evidence; reading the record itself takes a hundred times as long."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return any(sign in line for line in file for sign in _SIGNS)


def drawings(record: Path, cell: CellRecord) -> Drawings:
    """A wide and a narrow drawing; in their place the reason where there is none, nothing where none was asked for."""
    capture = cell.capture
    if isinstance(capture, NoCapture):
        return _none(capture.lacking)
    if not isinstance(capture, CaptureRecord) or not capture.file:
        return (), ()
    try:
        return _drawn(cell, (record.parent / capture.file).read_bytes())
    except OSError as error:
        return _none(f"{capture.file} cannot be read: {error.strerror}")
    except RecordError as error:
        return _none(str(error))


def _drawn(cell: CellRecord, content: bytes) -> Drawings:
    from conformance.report.pcapng import packets  # only here: decoders take their time to import
    from conformance.report.wire_diagram import wire_diagram

    found = packets(content)
    return wire_diagram(cell, found, WIDTH), wire_diagram(cell, found, NARROW)


def _none(why: str) -> Drawings:
    line = Line(f"no packets: {why}", "note")
    return (line,), (line,)
