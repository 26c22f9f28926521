"""Results as they are recorded: raw, and canonical by the result type of the operation."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any, Optional

from conformance.engine import data
from conformance.tables.error_names import canonical_errno, describe
from conformance.tables.operations import Result
from conformance.worker.calls.scope import Scope


class Recorder:
    """Writes results of one cell down."""

    def __init__(self, scope: Scope, seeds: tuple[int, ...]) -> None:
        self._scope = scope
        self._seeds = seeds

    def result(self, kind: Result, value: Any) -> tuple[Any, Any]:
        """(canonical, raw) of a result of this type."""
        if isinstance(kind, str):
            return self._typed(kind, value)
        if not isinstance(value, dict):
            return self._typed("value", value)
        kinds = dict(kind)
        pairs = {key: self.result(kinds.get(key, "value"), item) for key, item in value.items()}
        return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}

    def _typed(self, kind: str, value: Any) -> tuple[Any, Any]:
        if kind == "address":
            return self.address(value), _raw_address(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            recorded = data.canonical(bytes(value), self._seeds)
            return recorded, recorded
        if kind in ("symbols", "symbol") or isinstance(value, (socket.AddressFamily, socket.SocketKind)):
            return _symbols(value), _plain(value)
        if kind == "objects":
            names = [self._scope.name_of(each) or "unknown" for each in value]
            return names, [_descriptor(each) for each in value]
        if kind == "events":
            return value, value
        plain = self._value(value)
        return plain, plain

    def _value(self, value: Any) -> Any:
        """Plain values as they are, containers item by item, and anything else by its class."""
        if value is None or isinstance(value, (bool, float, str)):
            return value
        if isinstance(value, int):
            return _writable(int(value))
        if isinstance(value, (bytes, bytearray)):
            return data.canonical(bytes(value), self._seeds)
        if isinstance(value, (list, tuple)):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self._value(item) for key, item in value.items()}
        return self._scope.name_of(value) or f"a {type(value).__name__}"

    def error(self, error: BaseException) -> tuple[dict[str, Any], dict[str, Any]]:
        """(canonical, raw) of an exception."""
        raw = {
            "class": f"{type(error).__module__}.{type(error).__qualname__}",
            "errno": _number(error, "errno"),
            "winerror": _number(error, "winerror"),
            "text": _text(error),
        }
        return describe(error), {key: value for key, value in raw.items() if value is not None}

    def address(self, value: Any) -> Any:
        """An address by the names that it has in the scenario."""
        if isinstance(value, tuple) and len(value) in (2, 4) and isinstance(value[1], int):
            return self._ip(value)
        if isinstance(value, bytes) and value:
            return {"abstract": self._own_name(value[1:].decode("ascii", "replace")), "names": self._names(value)}
        if isinstance(value, str) and value:
            return {"path": self._own_name(value), "names": self._names(value)}
        if not value:
            return {"unnamed": True, "names": []}
        return self._value(value)

    def _ip(self, value: tuple[Any, ...]) -> dict[str, Any]:
        return {
            "names": self._scope.names_of_address(value[:2]),
            "host": self._host(value[0]),
            "port": self._scope.names_of_port(value[1]) if value[1] else 0,
        }

    def _names(self, value: Any) -> list[str]:
        return self._scope.names_of_address(value)

    def _own_name(self, path: str) -> str:
        """A path in the cell's folder by the scenario's name for it."""
        folder = self._scope.folder + os.sep
        return path[len(folder) :] if path.startswith(folder) else os.path.basename(path).split("-", 3)[-1]

    def _host(self, text: str) -> str:
        for name, known in self._scope.hosts.items():
            if known == text:
                return name
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return text
        mapped: Optional[ipaddress.IPv4Address] = getattr(address, "ipv4_mapped", None)
        if mapped is not None:
            return "mapped-loopback" if mapped.is_loopback else "mapped"
        if address.is_unspecified:
            return "any"
        return "loopback" if address.is_loopback else "other"


def _number(error: BaseException, name: str) -> Optional[int]:
    """An attribute of an exception, if it is a number."""
    try:
        value = getattr(error, name, None)
    except Exception:  # noqa: BLE001 (a property of foreign code)
        return None
    return value if isinstance(value, int) else None


def _text(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except Exception as other:  # noqa: BLE001 (__str__ of foreign code)
        return f"its __str__ raises {type(other).__name__}"


def _raw_address(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and len(value) >= 2 and isinstance(value[1], int):
        return {"host": _plain(value[0]), "port": value[1]}
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return _writable(int(value))
    return value if value is None or isinstance(value, (bool, float, str)) else f"a {type(value).__name__}"


_LARGEST = 1 << 128


def _writable(number: int) -> Any:
    """A number as it is, or words for one so long that Python refuses to write it out."""
    return number if abs(number) < _LARGEST else f"a number of {number.bit_length()} bits"


def _symbols(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_symbols(item) for item in value]
    if isinstance(value, (socket.AddressFamily, socket.SocketKind)):
        return value.name
    if isinstance(value, int) and not isinstance(value, bool) and value:
        return canonical_errno(value)
    return _plain(value)


def _descriptor(value: Any) -> Any:
    fileno = getattr(value, "fileno", None)
    try:
        return fileno() if fileno else value if isinstance(value, int) else str(value)
    except Exception:  # noqa: BLE001 (raw is a note; a wrapper may raise anything here)
        return None
