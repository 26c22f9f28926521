"""Values as scenarios write them: data, addresses, names, references. Evaluated by the worker and by the judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

Scalar = Union[None, bool, int, float, str]


@dataclass(frozen=True)
class Literal:
    """A number, boolean, null or plain text, as written."""

    value: Scalar


@dataclass(frozen=True)
class Symbol:
    """A constant of the socket API by its POSIX or Winsock name, such as ``AF_INET`` or ``MSG_PEEK``."""

    name: str


@dataclass(frozen=True)
class Saved:
    """``$name`` or ``$name.field``: a value that an earlier step saved, or the address of an object."""

    name: str
    field: Optional[str] = None


@dataclass(frozen=True)
class Object:
    """An object (socket, file, pipe end, poller) by its name."""

    name: str


@dataclass(frozen=True)
class Text:
    """Bytes given as text (UTF-8)."""

    text: str


@dataclass(frozen=True)
class Hex:
    """Bytes given as pairs of hexadecimal digits, without blanks."""

    digits: str


@dataclass(frozen=True)
class Pattern:
    """``size`` bytes of the reproducible pattern number ``seed``."""

    size: Union[Literal, Saved]
    seed: int = 0


@dataclass(frozen=True)
class Join:
    """Several data, one after the other."""

    parts: tuple[Value, ...]


@dataclass(frozen=True)
class Slice:
    """Bytes ``start`` up to, not including, ``end``."""

    data: Value
    start: int
    end: int


@dataclass(frozen=True)
class AddressOf:
    """The address of an object, also after it was closed."""

    object: str


@dataclass(frozen=True)
class FreeAddress:
    """An address of the transport that nobody uses."""


@dataclass(frozen=True)
class Nobody:
    """An address at which nobody listens while the cell runs."""


@dataclass(frozen=True)
class HostPort:
    """A host by symbol or actor, and a port by number, object or expected range."""

    host: str
    port: Value
    verbatim: bool = False
    """Whether the implementation gets the text of the host as it stands: a name, or the empty string."""


@dataclass(frozen=True)
class PathAddress:
    """A path in the cell's own folder, by the scenario's name for it."""

    path: str


@dataclass(frozen=True)
class AbstractAddress:
    """A Linux abstract AF_UNIX name, by the scenario's name for it."""

    abstract: str


@dataclass(frozen=True)
class Unnamed:
    """The address of an AF_UNIX socket that was never bound."""


@dataclass(frozen=True)
class Items:
    """A list of values."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class Fields:
    """A mapping of values, in the order written."""

    fields: tuple[tuple[str, Value], ...]


Data = Union[Text, Hex, Pattern, Join, Slice, Saved]
Address = Union[AddressOf, FreeAddress, Nobody, HostPort, PathAddress, AbstractAddress, Unnamed, Saved]
Value = Union[Literal, Symbol, Object, Data, Address, Items, Fields]
