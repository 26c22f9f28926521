"""What operators alter: arguments, results, buffers and side effects. Tables of functions only."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

Real = socket.socket
"""Effects call the original's methods, so that no mutated method is called."""

FAR = 1000
"""A descriptor plus this is a number that is not open."""

LEAKED: list[int] = []
"""Duplicates that nobody closes."""

MISSING = object()
"""Stands for an argument that is left out."""

Change = Callable[[Any], Any]
Changes = dict[str, Change]


def _always(value: Any) -> Change:
    return lambda _: value


def _other(value: Any) -> Any:
    """Data with its first bit flipped; an address with another port or path; anything else unaltered."""
    if isinstance(value, (bytes, bytearray)) and value:
        return bytes([value[0] ^ 1]) + bytes(value[1:])
    if isinstance(value, str) and value:
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    if isinstance(value, tuple) and len(value) >= 2 and isinstance(value[1], int):
        return (value[0], value[1] ^ 1 if value[1] else 0, *value[2:])
    return value


def _parts(change: Change) -> Change:
    return lambda parts: [change(b"".join(parts))]


def _halved(value: Any) -> Any:
    return value / 2 if value else value


def _increased(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else _other(value)


_DATA: Changes = {"altered": _other, "cut": lambda value: value[:-1], "doubled": lambda value: bytes(value) * 2}
_NUMBER: Changes = {"one-more": lambda value: value + 1, "one-less": lambda value: max(value - 1, 0)}

ARGUMENTS: dict[str, Changes] = {
    "address": {"altered": _other},
    "ancbufsize": {"dropped": _always(0)},
    "ancdata": {"dropped": lambda value: [], "doubled": lambda value: [*value, *value]},
    "backlog": {"dropped": _always(MISSING), "zero": _always(0)},
    "buffering": {"dropped": _always(None)},
    "buflen": {"dropped": _always(MISSING)},
    "count": {"dropped": _always(None), **_NUMBER},
    "data": _DATA,
    "destination": {"dropped": _always(MISSING), "altered": _other},
    "default": {"dropped": _always(-1)},
    "fileno": {"dropped": _always(None), "duplicated": lambda value: value and os.dup(value)},
    "flag": {"inverted": lambda value: not value, "always-true": _always(True),
             "always-false": _always(False)},
    "flags": {"dropped": _always(0)},
    "how": {"always-rd": _always(socket.SHUT_RD), "always-wr": _always(socket.SHUT_WR),
            "always-rdwr": _always(socket.SHUT_RDWR)},
    "keyword": {"dropped": _always(MISSING)},
    "level": {"sol-socket": _always(socket.SOL_SOCKET)},
    "lookup": {"dropped": _always(0)},
    "mode": {"dropped": _always("r")},
    "offset": {"dropped": _always(0), **_NUMBER},
    "parts": {"first-only": lambda parts: parts[:1], **{name: _parts(change) for name, change in _DATA.items()}},
    "port": {"dropped": _always(None)},
    "seconds": {"dropped": _always(None), "zero": lambda value: value if value is None else 0.0,
                "halved": _halved, "increased": lambda value: value and value + 1,
                "whole": lambda value: value and float(int(value) or 1)},
    "size": {"ignored": _always(65536), **_NUMBER},
    "value": {"zero": lambda value: bytes(len(value)) if isinstance(value, bytes) else 0, "increased": _increased},
    "watched": {"dropped": lambda value: [], "first-only": lambda value: list(value)[:1]},
}  # fmt: skip
"""By kind of argument: how it is altered. Arguments that were not given are not altered, but for added flags."""


def _fresh(value: Any, **other: Any) -> Any:
    """The same descriptor in an object with another family, type or protocol."""
    kind = {"family": value.family, "type": value.type, "proto": value.proto, **other}
    return type(value)(kind["family"], kind["type"], kind["proto"], Real.detach(value))


def _after(effect: Change) -> Change:
    """Applies an effect to a socket, and returns the socket."""

    def change(value: Any) -> Any:
        effect(value)
        return value

    return change


def _leak(sock: Any) -> None:
    number = Real.fileno(sock)
    if number >= 0:
        LEAKED.append(os.dup(number))


def _eat(sock: Any) -> None:
    Real.recv(sock, 1, getattr(socket, "MSG_DONTWAIT", 0))


AFTERWARDS: dict[str, tuple[str, Change]] = {
    "loses-timeout": ("the socket has no timeout afterwards", lambda sock: Real.settimeout(sock, None)),
    "leaves-timeout": ("the socket has a timeout of 30 s afterwards", lambda sock: Real.settimeout(sock, 30.0)),
    "leaves-nonblocking": ("the socket is non-blocking afterwards", lambda sock: Real.setblocking(sock, False)),
    "leaves-descriptor-nonblocking": ("the descriptor alone is non-blocking afterwards",
                                      lambda sock: os.set_blocking(Real.fileno(sock), False)),
    "leaves-descriptor-blocking": ("the descriptor alone is blocking afterwards",
                                   lambda sock: os.set_blocking(Real.fileno(sock), True)),
    "leaves-inheritable": ("the descriptor is inheritable afterwards",
                           lambda sock: os.set_inheritable(Real.fileno(sock), True)),
    "leaves-not-inheritable": ("the descriptor is not inheritable afterwards",
                               lambda sock: os.set_inheritable(Real.fileno(sock), False)),
    "leaks": ("a duplicate of the descriptor is left open", _leak),
    "closes": ("the socket is closed afterwards", Real.close),
    "ends-sending": ("sending is shut down afterwards", lambda sock: Real.shutdown(sock, socket.SHUT_WR)),
    "ends-receiving": ("receiving is shut down afterwards", lambda sock: Real.shutdown(sock, socket.SHUT_RD)),
    "eats-a-byte": ("a byte that waits to be received is lost", _eat),
}  # fmt: skip
"""Effects of a call that returns the right result; impossible effects are left out."""

_CHILD: Changes = {
    label: _after(effect)
    for label, (_, effect) in AFTERWARDS.items()
    if label not in ("loses-timeout", "leaves-not-inheritable", "leaves-descriptor-blocking", "eats-a-byte")
}
_CHILD["of-another-family"] = lambda value: _fresh(value, family=socket.AF_APPLETALK)
_CHILD["of-another-type"] = lambda value: _fresh(value, type=socket.SOCK_RAW)
_CHILD["of-another-protocol"] = lambda value: _fresh(value, proto=value.proto + 1)
_TEXT: Changes = {"as-text": str}
_DESCRIPTOR: Changes = {"minus-one": _always(-1), "far": lambda value: value + FAR * (value >= 0), **_TEXT}
_ADDRESS: Changes = {
    "altered": _other,
    "of-another-host": lambda value: ("127.0.0.9", *value[1:]) if isinstance(value, tuple) else value,
    "as-list": lambda value: list(value) if isinstance(value, tuple) else [value],
    "shorter": lambda value: value[:-1],
    "longer": lambda value: (*value, 0) if isinstance(value, tuple) else value and value * 2,
    "none": _always(None),
}


def _option(change: Callable[[int], int]) -> Change:
    def changed(value: Any) -> Any:
        return change(value) if isinstance(value, int) else bytes([change(value[0]) & 255]) + value[1:]

    return changed


def _infos(**other: Any) -> Change:
    def changed(value: Any) -> Any:
        return [tuple({**dict(zip(("family", "type", "proto", "name", "address"), each)), **other}.values())
                for each in value]  # fmt: skip

    return changed


def _closed_end(number: int) -> Change:
    return _after(lambda pair: pair[number].close())


def _of_first(change: Change) -> Change:
    return lambda pair: [change(pair[0]), pair[1]]


RESULTS: dict[str, Changes] = {
    "address": _ADDRESS,
    "ancillary": {"dropped": lambda value: [], "altered": lambda value: [(a, b, _other(c)) for a, b, c in value],
                  "cut": lambda value: [(a, b, c[:-4]) for a, b, c in value]},
    "answer": {"inverted": lambda value: not value, "as-number": int, "always-true": _always(True),
               "always-false": _always(False)},
    "child": _CHILD,
    "count": {"zero": _always(0), "one-more": lambda value: value + 1, "one-less": lambda value: value - 1,
              "negative": _always(-1), "none": _always(None), **_TEXT},
    "data": {**_DATA, "longer": lambda value: value + b"x", "empty": _always(b""), "none": _always(None),
             "as-text": lambda value: value.decode("latin-1")},
    "descriptor": _DESCRIPTOR,
    "error": {"always-zero": _always(0), "always-eio": _always(errno.EIO),
              "one-more": lambda value: value + 1, "none": _always(None), **_TEXT},
    "family": {"another": _always(socket.AF_APPLETALK), "zero": _always(0)},
    "file": {"closed": _after(lambda value: value.close()), "none": _always(None)},
    "infos": {"empty": lambda value: [], "reversed": lambda value: value[::-1], "doubled": lambda value: value * 2,
              "first-only": lambda value: value[:1], "without-first": lambda value: value[1:],
              "of-another-family": _infos(family=socket.AF_APPLETALK), "of-another-type": _infos(type=socket.SOCK_RAW),
              "of-another-address": _infos(address=("127.0.0.9", 9))},
    "kind": {"another": _always(socket.SOCK_RAW), "zero": _always(0)},
    "lists": {"none-ready": lambda value: ([], [], []), "swapped": lambda value: (value[1], value[0], value[2]),
              "first-only": lambda value: tuple(each[:1] for each in value),
              "always-in-error": lambda value: (value[0], value[1], [*value[0], *value[1]]),
              "doubled": lambda value: tuple(each * 2 for each in value)},
    "msgflags": {"zero": _always(0), "truncated": lambda value: value | socket.MSG_TRUNC,
                 "control-truncated": lambda value: value | socket.MSG_CTRUNC},
    "nothing": {"something": _always(0)},
    "number": {**_DESCRIPTOR, "zero": lambda value: 0 if value < 0 else value},
    "option": {"one-more": _option(lambda value: value + 1), "zero": _option(lambda value: 0),
               "none": _always(None), **_TEXT},
    "pair": {"same-twice": lambda pair: [pair[0], pair[0]], "first-closed": _closed_end(0),
             "second-closed": _closed_end(1),
             **{f"first-{label}": _of_first(change) for label, change in _CHILD.items() if label != "closes"}},
    "protocol": {"one-more": lambda value: value + 1},
    "seconds": {"none": _always(None), "one-more": lambda value: (value or 0) + 1, "zero": lambda value: 0.0,
                **_TEXT},
}  # fmt: skip
"""By kind of result: how it is altered."""

BUFFERS: dict[str, Callable[[Any, int], None]] = {
    "altered": lambda view, count: view.__setitem__(0, view[0] ^ 1),
    "shifted": lambda view, count: view.__setitem__(slice(None), bytes(view[-1:]) + bytes(view[:-1])),
    "untouched": lambda view, count: view.__setitem__(slice(None), b"\xaa" * len(view)),
    "without-the-last": lambda view, count: view.__setitem__(count - 1, 0),
}
"""What a call does wrong to the buffer into which it receives so many bytes."""
