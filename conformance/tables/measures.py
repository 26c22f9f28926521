"""The unit of what a step measures."""

from __future__ import annotations

from typing import Optional

from conformance.tables.operations import Operation
from conformance.tables.options import BYTES, OPTIONS, SECONDS
from conformance.tables.transports import Transport

UNITS = ("s", "bytes", "bytes/s", "records", "")
"""Every unit that a figure may have; none where it is a bare number."""

_COUNTED = frozenset(["fill", "drain"])
"""Programs that count bytes on a stream, records elsewhere."""


def unit_of(operation: Operation, option: Optional[str], transport: Transport) -> str:
    """The unit of an operation's result where that is a number; ``option`` is the one that it reads, if any."""
    if operation.unit is not None:
        return operation.unit
    if operation.name in _COUNTED:
        return "bytes" if "stream" in transport.groups else "records"
    if option in BYTES or operation.result == "count":
        return "bytes"
    return "s" if option in OPTIONS and OPTIONS[option][1] == SECONDS else ""
