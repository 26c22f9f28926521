"""The drawing of a cell with its packets, from the capture file beside its record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord
from conformance.report.lifelines import Line


def drawing(record: Path, cell: CellRecord) -> Sequence[Line]:
    """The lines of the drawing; why there is none where the capture is lacking; nothing where none was asked for."""
    capture = cell.capture
    if isinstance(capture, NoCapture):
        return [Line(f"No packets: {capture.lacking}", "note")]
    if not isinstance(capture, CaptureRecord) or not capture.file:
        return []
    try:
        content = (record.parent / capture.file).read_bytes()
    except OSError as error:
        return [Line(f"No packets: {capture.file} cannot be read: {error.strerror}", "note")]
    return _drawn(cell, content)


def _drawn(cell: CellRecord, content: bytes) -> Sequence[Line]:
    from conformance.report.pcapng import packets  # only here: decoders take their time to import
    from conformance.report.wire_diagram import wire_diagram

    try:
        return wire_diagram(cell, packets(content))
    except RecordError as error:
        return [Line(f"No packets: {error}", "note")]
