"""Values of the language as Python expressions, and the names that objects and saved values have in a program."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable
from typing import Any

from conformance.export.script_helpers import MODULES, TAKEN
from conformance.model import values as v
from conformance.tables.options import NUMBERS, OPTIONS
from conformance.tables.transports import Transport

_RESERVED = frozenset([*keyword.kwlist, *dir(builtins), *MODULES, *TAKEN, "folder"])
_LOOPBACK = {False: "127.0.0.1", True: "::1"}
_HOSTS = {
    "any": {False: "0.0.0.0", True: "::"},
    "loopback": _LOOPBACK,
    "broadcast": {False: "255.255.255.255", True: "ff02::1"},
    "unrouted": {False: "203.0.113.1", True: "2001:db8:ffff::1"},
    "mapped-loopback": {False: "127.0.0.1", True: "::ffff:127.0.0.1"},
}


class Inexpressible(Exception):  # noqa: N818 (the reason why a cell cannot be exported; no fault of anybody)
    """A cell cannot be written as a program; the message is the reason."""


def python_name(name: str) -> str:
    """The variable of an object or value."""
    plain = name.replace("-", "_")
    return f"{plain}_" if plain in _RESERVED else plain


class Writer:
    """Writes values of one cell. ``saved``: for each saved value an expression that has it, None where it is the
    result of the step as a whole."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.saved: dict[str, str] = {}
        self.ip6: dict[str, bool] = {}
        """For sockets of another family than the transport's: whether that is IPv6."""
        self._count = 0

    def data(self, value: Any) -> str:
        """An expression of bytes."""
        if isinstance(value, v.Literal) and value.value is None:
            return 'b""'
        return _DATA[type(value)](self, value)

    def number(self, value: Any) -> str:
        """An expression of a number, or of another plain value."""
        if isinstance(value, v.Saved):
            return self.reference(value)
        return repr(value.value)

    def plain(self, value: Any) -> str:
        """An expression of a plain value, data, or a container of these."""
        if isinstance(value, v.Items):
            return f"[{', '.join(map(self.plain, value.items))}]"
        if isinstance(value, v.Fields):
            return "{" + ", ".join(f"{key!r}: {self.plain(each)}" for key, each in value.fields) + "}"
        if isinstance(value, v.Symbol):
            return symbol(value.name)
        return self.data(value) if type(value) in _DATA and not isinstance(value, v.Saved) else self.number(value)

    def reference(self, value: v.Saved) -> str:
        """The expression of ``$name`` or ``$name.field``."""
        if value.field == "port" and value.name not in self.saved:
            return f"{self.address_name(value.name)}[1]"
        if value.name not in self.saved:
            return self.address_name(value.name)
        if value.field:
            raise Inexpressible(f"it uses a part of the result that it saved as {value.name}")
        return self.saved[value.name]

    def address_name(self, name: str) -> str:
        """The variable that remembers the address of an object."""
        return f"{python_name(name)}_address"

    def address(self, value: Any, actor: str, using: str) -> str:
        """An expression of an address, for a call of an actor on an object."""
        if isinstance(value, v.Saved):
            return self.reference(value)
        if isinstance(value, v.AddressOf):
            return self.address_name(actor if value.object == "self" else value.object)
        if isinstance(value, v.FreeAddress):
            return self.free()
        if isinstance(value, v.Nobody):
            return f"nobody({self.kind()}, {self.free()})"
        if isinstance(value, v.PathAddress):
            return f"os.path.join(folder, {value.path!r})"
        if isinstance(value, v.AbstractAddress):
            return self.abstract(value.abstract)
        if isinstance(value, v.HostPort):
            return self._host_port(value, using)
        raise Inexpressible("it gives an address that is none")

    def _host_port(self, value: v.HostPort, using: str) -> str:
        ip6 = self.ip6.get(using, self.transport.ip6)
        if value.verbatim:
            host = repr(value.host)
        elif value.host == "own-name":
            host = "socket.gethostname()"
        else:
            host = repr(_HOSTS.get(value.host, _LOOPBACK)[ip6])
        port = value.port
        where = f"{self.address_name(port.name)}[1]" if isinstance(port, v.Object) else self.number(port)
        return f"({host}, {where})"

    def kind(self) -> str:
        """Family and type of the transport."""
        if self.transport.family is None:
            return "socket.AF_INET, socket.SOCK_STREAM"
        return f"socket.{self.transport.family}, socket.{self.transport.type}"

    def free(self) -> str:
        """An address that nobody uses."""
        self._count += 1
        if self.transport.address == "ip":
            return f"({_LOOPBACK[self.transport.ip6]!r}, 0)"
        if self.transport.address == "path":
            return f'os.path.join(folder, "s{self._count}")'
        if self.transport.address == "abstract":
            return self.abstract(f"s{self._count}")
        raise Inexpressible("the transport has no addresses")

    def abstract(self, name: str) -> str:
        """An abstract name of this run."""
        return f'b"\\0" + os.fsencode(folder) + {name.encode()!r}'

    def flags(self, value: Any) -> str:
        """Flags joined by ``|``; empty where there are none."""
        return " | ".join(symbol(each.name) for each in getattr(value, "items", ()))

    def objects(self, value: Any, actor: str) -> str:
        """A list of objects."""
        return f"[{', '.join(self.object(each, actor) for each in getattr(value, 'items', ()))}]"

    def object(self, value: Any, actor: str) -> str:
        """An object by its variable."""
        return python_name(actor if value.name == "self" else value.name)

    def events(self, value: Any, actor: str) -> str:
        """Objects and what to watch for, by name."""
        rows = []
        for name, masks in value.fields:
            known = actor if name == "self" else name
            rows.append(f"{known!r}: ({python_name(known)}, {self.flags(masks) or 0})")
        return "{" + ", ".join(rows) + "}"


_EVENTS = {"POLL": "select", "EPOL": "select", "EVEN": "selectors"}


def symbol(name: str) -> str:
    """A constant by the module that has it; by its number where no module has it."""
    for numbers in NUMBERS.values():
        if name in numbers:
            return str(numbers[name])
    return f"{_EVENTS.get(name[:4], 'socket')}.{name}"


def option(name: str) -> str:
    """Level and name of a socket option."""
    return f"{symbol(OPTIONS[name][0])}, {symbol(name)}" if name in OPTIONS else f"socket.SOL_SOCKET, {symbol(name)}"


def _pattern(writer: Writer, value: v.Pattern) -> str:
    seed = f", {value.seed}" if value.seed else ""
    return f"pattern({writer.number(value.size)}{seed})"


_DATA: dict[type, Callable[[Writer, Any], str]] = {
    v.Text: lambda writer, value: repr(value.text.encode()),
    v.Hex: lambda writer, value: repr(bytes.fromhex(value.digits)),
    v.Pattern: _pattern,
    v.Join: lambda writer, value: " + ".join(map(writer.data, value.parts)),
    v.Slice: lambda writer, value: f"({writer.data(value.data)})[{value.start}:{value.end}]",
    v.Saved: lambda writer, value: writer.reference(value),
    v.Literal: lambda writer, value: repr(value.value),
}
