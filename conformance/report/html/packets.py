"""The drawings of a cell with its packets, from the capture file beside its record."""

from __future__ import annotations

from pathlib import Path

from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord
from conformance.report.html.behaviours import Drawings
from conformance.report.lifelines import Line
from conformance.report.sequence import WIDTH

NARROW = 54
"""Columns of a drawing for a phone."""


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
