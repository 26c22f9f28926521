"""Reads what implementations return. WrongType where a value cannot be read: then the value is the observation."""

from __future__ import annotations

import array
import contextlib
import select
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.model.errors import WrongType
from conformance.tables.symbols import SYMBOLS


def descriptor_of(thing: Any) -> int:
    """The number of an object's descriptor. WrongType where its ``fileno()`` returns anything but a number."""
    return thing if isinstance(thing, int) else number(thing.fileno(), "a descriptor")


def names_by_number(events: Mapping[str, tuple[Any, int]]) -> dict[int, str]:
    """The names of the watched objects, by descriptor."""
    return {descriptor_of(thing): name for name, (thing, _) in events.items()}


def number(value: Any, wanted: str) -> int:
    """A number that an implementation returned, as a plain int. WrongType where it does not fit a C int."""
    if not isinstance(value, int) or isinstance(value, bool) or not -_LARGEST <= int.__add__(value, 0) < _LARGEST:
        raise WrongType(value, wanted)
    return int.__add__(value, 0)


_LARGEST = 1 << 31


def several(value: Any, length: int, wanted: str) -> list[Any]:
    """The items of a tuple or list of this length that an implementation returned. WrongType for anything else."""
    kind = next((each for each in (tuple, list) if isinstance(value, each)), None)
    items: list[Any] = list(kind.__iter__(value)) if kind else []
    if len(items) != length:
        raise WrongType(value, wanted)
    return items


def a_socket(value: Any) -> Any:
    """The value, if it has a ``fileno``. WrongType where it has none and so is no socket."""
    if not hasattr(value, "fileno"):
        raise WrongType(value, "a socket")
    return value


def filled(count: Any, buffer: Any) -> dict[str, Any]:
    """How many bytes were received, and the bytes themselves."""
    content = memoryview(buffer).cast("B")
    return {"count": count, "data": bytes(content[: min(number(count, "a count"), len(content))])}


@contextlib.contextmanager
def understanding(value: Any, wanted: str) -> Iterator[None]:
    """Surrounds code that parses what an implementation returned: where that fails, the value is of a wrong type."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError, struct.error):
        raise WrongType(value, wanted) from None


def rights_in(ancillary: tuple[int, int, bytes]) -> list[int]:
    """The descriptors in a piece of ancillary data."""
    level, kind, content = ancillary
    if level != socket.SOL_SOCKET or kind != getattr(socket, "SCM_RIGHTS", None):
        return []
    numbers = array.array("i")
    numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    return list(numbers)


def are_credentials(ancillary: tuple[int, int, bytes]) -> bool:
    """Whether a piece of ancillary data holds credentials."""
    return ancillary[:2] == (socket.SOL_SOCKET, getattr(socket, "SCM_CREDENTIALS", None))


_MESSAGE_FLAGS = ("MSG_OOB", "MSG_EOR", "MSG_TRUNC", "MSG_CTRUNC", "MSG_ERRQUEUE")


def flag_names(found: Any) -> list[str]:
    """The names of the flags of a received message."""
    found = number(found, "flags")
    return [name for name in _MESSAGE_FLAGS if found & getattr(socket, name, 0)]


def event_names(prefix: str, mask: int) -> list[str]:
    """The names of the bits in the order of the vocabulary. Where a bit has two names, the first."""
    found: dict[int, str] = {}
    for name in SYMBOLS[prefix]:
        bit = mask & getattr(select, name, 0)
        if bit:
            found.setdefault(bit, name)
    return list(found.values())


def word_of(constant: Any) -> str:
    """The name of a constant of the socket module."""
    return str(getattr(constant, "name", constant))


def kqueue_words(filter: int, flags: int) -> list[str]:
    """The names of a kernel event's filter and flags."""
    found = [name for name in ("KQ_FILTER_READ", "KQ_FILTER_WRITE") if getattr(select, name) == filter]
    return found + [name for name in ("KQ_EV_EOF", "KQ_EV_ERROR") if flags & getattr(select, name)]
