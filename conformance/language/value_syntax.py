"""Values as they are written: data, sizes, addresses, objects, flags; one reader per parameter type of the tables."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from conformance.language.reading import (
    NAME,
    bad,
    boolean,
    describe,
    fields,
    integer,
    items,
    name,
    number,
    scalar,
    text,
    word,
)
from conformance.language.suggestions import short  # fmt: skip
from conformance.language.yaml_tree import Fields, Items, Node, Scalar
from conformance.model import values as v
from conformance.tables.options import BOOL, CREDENTIALS, ERROR, INT, LINGER, OPTIONS, SECONDS, SYMBOL, TEXT
from conformance.tables.places import HOSTS
from conformance.tables.symbols import SIGNALS

MAX_PATTERN = 64 * 1024 * 1024
MAX_SECONDS = 120.0

_SIZE = re.compile(r"([0-9]{1,12}) (KiB|MiB)\Z")
_REFERENCE = re.compile(r"\$([a-z][a-z0-9_-]*)(?:\.([a-z_]+))?\Z")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+\Z|[A-Z][A-Z0-9]{2,}\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}\Z")
_DATA_KEYS = ("text", "hex", "pattern", "join", "slice")


def saved(node: Node) -> v.Saved | None:
    """``$name`` or ``$name.field``; None for anything else."""
    if not isinstance(node, Scalar) or not node.text.startswith("$"):
        return None
    match = _REFERENCE.match(node.text)
    if not match:
        bad(node, f'"{short(node.text)}" is no reference; write $name or $name.field')
    return v.Saved(match[1], match[2])


def size(node: Node) -> v.Literal | v.Saved:
    """A number of bytes."""
    reference = saved(node)
    if reference:
        return reference
    value = scalar(node, "a size").value
    if isinstance(value, str) and (match := _SIZE.match(value)):
        value = int(match[1]) * (1024 if match[2] == "KiB" else 1024 * 1024)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        bad(node, f"a size is a number of bytes, such as 9, 64 KiB or 4 MiB, not {describe(node)}")
    if value > MAX_PATTERN:
        bad(node, f"a size is at most {MAX_PATTERN // 1024 // 1024} MiB")
    return v.Literal(value)


def is_data(node: Node) -> bool:
    """Whether a node is written like data."""
    return isinstance(node, Fields) and any(key in _DATA_KEYS for key in node.names())


def data(node: Node) -> v.Value:
    """Data: text, hex, pattern, join, slice, ``empty`` or a reference."""
    reference = saved(node)
    if reference:
        return reference
    if isinstance(node, Scalar) and node.text == "empty":
        return v.Text("")
    if not isinstance(node, Fields):
        bad(node, f"data is {{text: …}}, {{hex: …}}, {{pattern: size}}, empty or $name, not {describe(node)}")
    kind = next((key for key in node.names() if key in _DATA_KEYS), None)
    if kind is None:
        if not node.pairs:
            bad(node, f"data is of one of the kinds {', '.join(_DATA_KEYS)}, not an empty mapping")
        word(Scalar(node.names()[0], False, node.pairs[0][0].position), "kind of data", _DATA_KEYS)
    extra = [key for key in node.names() if key != kind and not (kind == "pattern" and key == "seed")]
    if extra:
        bad(node.key(extra[0]), f'data is of one kind; "{extra[0]}" does not go with "{kind}"')
    return _DATA[str(kind)](node)


def _text(node: Fields) -> v.Value:
    return v.Text(text(node.pairs[0][1], "text"))


def _hex(node: Fields) -> v.Value:
    digits = text(node.pairs[0][1], "hex")
    pairs = digits.split()
    if not all(re.fullmatch(r"([0-9a-fA-F]{2})+", pair) for pair in pairs):
        bad(node.pairs[0][1], "hex is pairs of hexadecimal digits, such as 00 01 ff")
    return v.Hex("".join(pairs).lower())


def _pattern(node: Fields) -> v.Value:
    seed = node.get("seed")
    length = node.get("pattern")
    assert length is not None
    return v.Pattern(size(length), integer(seed, "seed") if seed else 0)


def _join(node: Fields) -> v.Value:
    joined = v.Join(tuple(data(item) for item in items(node.pairs[0][1], "join")))
    if sum(length(part) or 0 for part in joined.parts) > MAX_PATTERN:
        bad(node, f"joined data has at most {MAX_PATTERN // 1024 // 1024} MiB")
    return joined


def length(value: v.Value | None) -> int | None:
    """How many bytes data has, or a size stands for; None where only the run shows that."""
    if isinstance(value, v.Join):
        lengths = [length(part) for part in value.parts]
        return None if None in lengths else sum(each or 0 for each in lengths)
    if isinstance(value, v.Slice):
        whole = length(value.data)
        return None if whole is None else len(range(whole)[value.start : value.end])
    if isinstance(value, v.Pattern):
        return length(value.size)
    if isinstance(value, v.Literal):
        return value.value if isinstance(value.value, int) else None
    if isinstance(value, v.Hex):
        return len(value.digits) // 2
    return len(value.text.encode()) if isinstance(value, v.Text) else None


def _slice(node: Fields) -> v.Value:
    parts = items(node.pairs[0][1], "slice")
    if len(parts) != 3:
        bad(node, "slice is [data, from, to]")
    return v.Slice(data(parts[0]), integer(parts[1], "from"), integer(parts[2], "to"))


_DATA: dict[str, Callable[[Fields], v.Value]] = {
    "text": _text, "hex": _hex, "pattern": _pattern, "join": _join, "slice": _slice,
}  # fmt: skip


def parts(node: Node) -> v.Value:
    """Data, or a list of data."""
    return v.Items(tuple(data(item) for item in node.items)) if isinstance(node, Items) else data(node)


def address(node: Node) -> v.Value:
    """An address."""
    reference = saved(node)
    if reference:
        return reference
    if isinstance(node, Scalar):
        if node.text in _ADDRESS_WORDS:
            return _ADDRESS_WORDS[node.text]
        return v.AddressOf(name(node, "an address"))
    mapping = fields(node, "an address")
    for key, kind in (("path", v.PathAddress), ("abstract", v.AbstractAddress)):
        if mapping.names() == [key]:
            return kind(_file_name(mapping.pairs[0][1], key))
    host, port = mapping.get("host"), mapping.get("port")
    if host is None or port is None or len(mapping.pairs) != 2:
        bad(node, "an address is an object's name, free, nobody, unnamed, {host, port}, {path} or {abstract}")
    if isinstance(host, Fields) or (isinstance(host, Scalar) and host.value == ""):
        return v.HostPort(_verbatim_host(host), port_value(port), True)
    return v.HostPort(host_name(host), port_value(port))


def _verbatim_host(node: Fields | Scalar) -> str:
    """A host as the implementation gets it: the text of ``{name: TEXT}``, or the empty string."""
    if isinstance(node, Scalar):
        return ""
    if node.names() != ["name"]:
        bad(node, 'a host is a word, an actor, the empty string "", or {name: TEXT}, such as {name: localhost}')
    value = text(node.pairs[0][1], "the name of a host")
    if not _HOST_NAME.match(value):
        bad(node.pairs[0][1], f'"{short(value)}" is no name of a host; it has letters, digits, "-" and "."')
    return value


def _file_name(node: Node, what: str) -> str:
    """A name in the cell's own folder, or ``./`` and a name in the current one; a path that leads elsewhere is bad.

    An abstract name may be made of several, with a NUL between.
    """
    value = text(node, f"the name of a {what}")
    parts = value.split("\0") if what == "abstract" else [value.removeprefix("./")]
    if not all(NAME.match(part) for part in parts):
        bad(node, f'"{short(value)}" is no name of a {what}; write a name alone, such as door')
    return value


_ADDRESS_WORDS: dict[str, v.Value] = {
    "free": v.FreeAddress(), "nobody": v.Nobody(), "unnamed": v.Unnamed(),
}  # fmt: skip


def host_name(node: Node) -> str:
    """A host: a symbol, or the name of an actor who lives there."""
    value = text(node, "a host")
    if value not in HOSTS and not NAME.match(value):
        word(node, "host", HOSTS)
    return value


def port_value(node: Node) -> v.Value:
    """A port: a number, an object whose port it is, or a saved value."""
    reference = saved(node)
    if reference:
        return reference
    value = scalar(node, "a port").value
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= 65535:
            bad(node, "a port is 0 to 65535")
        return v.Literal(value)
    return v.Object(name(node, "a port"))


def objects(node: Node) -> v.Value:
    """A list of objects by name."""
    return v.Items(tuple(object_name(item) for item in items(node, "a list of objects")))


def object_name(node: Node) -> v.Value:
    """An object by name, or a saved descriptor."""
    return saved(node) or v.Object(name(node, "an object"))


def ordinal(node: Node) -> v.Value:
    """A number from 1 on."""
    reference = saved(node)
    if reference:
        return reference
    value = integer(node, "this")
    if value < 1:
        bad(node, f"this is a number from 1 on, not {value}")
    return v.Literal(value)


def times(node: Node) -> v.Value:
    """How often: a number from 1 on, or ``all``."""
    return v.Literal("all") if isinstance(node, Scalar) and node.text == "all" else ordinal(node)


def symbol(node: Node) -> v.Value:
    """A constant by its name."""
    reference = saved(node)
    if reference:
        return reference
    value = text(node, "a symbol")
    if not _SYMBOL.match(value):
        bad(node, f'a symbol is written as in the manual, such as SHUT_WR, not "{short(value)}"')
    return v.Symbol(value)


def flags(node: Node) -> v.Value:
    """A list of symbols."""
    return v.Items(tuple(symbol(item) for item in items(node, "flags")))


def events(node: Node) -> v.Value:
    """Objects and the events that are wanted of them."""
    return v.Fields(tuple((name(key, "an object"), flags(value)) for key, value in fields(node, "events").pairs))


def option(node: Node) -> v.Value:
    """The name of a socket option."""
    return v.Symbol(word(node, "socket option", OPTIONS))


def options(node: Node) -> v.Value:
    """Socket options and their values, each of the type that the option has."""
    pairs = fields(node, "options").pairs
    return v.Fields(tuple((word(key, "socket option", OPTIONS), option_value(key.text, value)) for key, value in pairs))


def option_value(option: str, node: Node) -> v.Value:
    """A value that setsockopt can pack for this option; data goes to the system as it stands."""
    if saved(node):
        return plain(node)
    if is_data(node):
        return data(node)
    return _OPTION_VALUES[OPTIONS[option][1]](option, node)


def _switch(option: str, node: Node) -> v.Value:
    return v.Literal(boolean(node, f"the value of {option}"))


def _whole(option: str, node: Node) -> v.Value:
    value = scalar(node, f"the value of {option}")
    if isinstance(value.value, str) and _SYMBOL.match(value.text):
        return v.Symbol(value.text)
    return size(node) if isinstance(value.value, str) else v.Literal(integer(node, f"the value of {option}"))


def _duration(option: str, node: Node) -> v.Value:
    value = number(node, f"the value of {option}")
    if not 0 <= value <= MAX_SECONDS:
        bad(node, f"the value of {option} is 0 to {MAX_SECONDS:.0f} seconds")
    return v.Literal(value)


def _linger(option: str, node: Node) -> v.Value:
    mapping = fields(node, f"the value of {option}")
    if sorted(mapping.names()) != ["linger", "onoff"]:
        bad(node, f"the value of {option} is {{onoff: 0 or 1, linger: SECONDS}}")
    known = ((key, saved(value) or v.Literal(integer(value, key.text))) for key, value in mapping.pairs)
    return v.Fields(tuple((key.text, value) for key, value in known))


def _characters(option: str, node: Node) -> v.Value:
    return v.Literal(text(node, f"the value of {option}"))


_OPTION_VALUES: dict[str, Callable[[str, Node], v.Value]] = {
    BOOL: _switch, INT: _whole, SYMBOL: _whole, ERROR: _whole, CREDENTIALS: _whole,
    SECONDS: _duration, LINGER: _linger, TEXT: _characters,
}  # fmt: skip
"""By kind of option; one that can only be read is set to a number, to see it refused."""


def seconds(node: Node) -> v.Value:
    """A duration in seconds, or null."""
    value = scalar(node, "seconds").value
    if value is None:
        return v.Literal(None)
    if not isinstance(value, str) and not -1 <= number(node, "seconds") <= MAX_SECONDS:
        bad(node, f"a duration is at most {MAX_SECONDS:.0f} seconds")
    return v.Literal(number(node, "seconds"))


def plain(node: Node) -> v.Value:
    """Any plain value: number, boolean, null, text, symbol, reference, data, list or mapping."""
    if isinstance(node, Items):
        return v.Items(tuple(plain(item) for item in node.items))
    if isinstance(node, Fields):
        if is_data(node):
            return data(node)
        return v.Fields(tuple((key.text, plain(value)) for key, value in node.pairs))
    reference = saved(node)
    if reference:
        return reference
    value = node.value
    if node.plain and node.text == "empty":
        return v.Text("")
    if isinstance(value, str) and node.plain and _SYMBOL.match(value):
        return v.Symbol(value)
    return v.Literal(value)


def signal(node: Node) -> v.Value:
    """A signal by its name."""
    return saved(node) or v.Literal(word(node, "signal", SIGNALS))


def struct_format(node: Node) -> v.Value:
    """A format of the struct module."""
    value = text(node, "a format")
    try:
        struct.calcsize(value)
    except struct.error as error:
        bad(node, f'"{short(value)}" is no format of struct: {error}')
    return v.Literal(value)


def plain_list(node: Node) -> v.Value:
    """A list of plain values."""
    return v.Items(tuple(plain(item) for item in items(node, "a list of values")))


def text_value(node: Node) -> v.Value:
    """Plain text, or a saved one."""
    return saved(node) or v.Literal(text(node, "this"))


def names_list(node: Node) -> v.Value:
    """A list of words."""
    return v.Items(tuple(v.Literal(text(item, "a field")) for item in items(node, "a list of fields")))


READERS: dict[str, Callable[[Node], v.Value]] = {
    "data": data,
    "parts": parts,
    "size": size,
    "int": lambda node: saved(node) or v.Literal(integer(node, "this")),
    "ordinal": ordinal,
    "times": times,
    "seconds": seconds,
    "bool": lambda node: v.Literal(boolean(node, "this")),
    "symbol": symbol,
    "flags": flags,
    "events": events,
    "address": address,
    "object": object_name,
    "objects": objects,
    "word": text_value,
    "actor": lambda node: v.Literal(name(node, "an actor")),
    "option": option,
    "options": options,
    "option-value": plain,
    "values": plain_list,
    "text": text_value,
    "signal-name": signal,
    "format": struct_format,
    "fields": names_list,
}
"""How each parameter type is read."""
