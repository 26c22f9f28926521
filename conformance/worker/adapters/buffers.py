"""Kinds of buffers: the objects in which a call gets its data, and those into which it receives."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

from conformance.model.errors import Missing
from conformance.tables.places import WIDE_ITEM, WIDE_VIEW


def holding(data: bytes, kind: str) -> Any:
    """A buffer of this kind with this data. Missing where the data does not fill whole items."""
    if kind == WIDE_VIEW and len(data) % WIDE_ITEM:
        raise Missing(f"{len(data)} bytes are no multiple of the {WIDE_ITEM} bytes of an item")
    return _KINDS[kind](data)


def room(size: int, kind: str) -> Any:
    """A buffer of this kind for so many bytes, filled with what nobody sends."""
    return holding(b"\xaa" * size, kind)


_KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": lambda data: memoryview(bytearray(data)),
    "array": lambda data: array.array("B", data),
    WIDE_VIEW: lambda data: memoryview(bytearray(data)).cast("I"),
}
