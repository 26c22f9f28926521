"""The operators of mechanical mutants: what each gets wrong about a call. One row each, in four tables.

``ARGUMENTS`` alter what a call is given, ``RESULTS`` what it returns, ``CALLS`` how it is made or fails, ``AFTERWARDS``
what it leaves behind. Everything else about the call stays as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.mutants.surface import Call

Real = socket.socket
"""Side effects are made through the original's methods: the mutated one must not be called by them."""

FAR = 1000
"""Added to a descriptor, so that it is the number of nothing that is open."""

LEAKED: list[int] = []
"""Duplicates that nobody closes."""


@dataclass
class Use:
    """One call of a mutated method: on which socket (None for a function), with what, and what earlier ones left."""

    call: Call
    original: Callable[..., Any]
    sock: Any
    given: list[Any]
    keywords: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)

    def real(self) -> Any:
        """The original call."""
        return self.original(*self.given, **self.keywords)


Behaviour = Callable[[Use], Any]


@dataclass(frozen=True)
class Mutation:
    """One mutated call: ``label`` names the operator, ``bug`` says in a sentence what is wrong."""

    call: Call
    label: str
    bug: str
    behaviour: Behaviour


# what a call is given

_FLAGS: dict[str, str] = {
    "MSG_PEEK": "recv", "MSG_DONTWAIT": "", "MSG_WAITALL": "recv", "MSG_OOB": "", "MSG_TRUNC": "recv",
    "MSG_EOR": "send", "MSG_MORE": "send",
}  # fmt: skip
"""Flags that a call may set unasked, and the calls that take them."""

_MISSING = object()
"""An argument that was not given, or is left out."""


def _other(value: Any) -> Any:
    """Data with its first bit flipped; an address with another port or path; anything else unaltered."""
    if isinstance(value, (bytes, bytearray)) and value:
        return bytes([value[0] ^ 1]) + bytes(value[1:])
    if isinstance(value, str) and value:
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    if isinstance(value, tuple) and len(value) >= 2 and isinstance(value[1], int):
        return (value[0], value[1] ^ 1 if value[1] else 0, *value[2:])
    return value


def _parts(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda parts: [change(b"".join(parts))]


def _halved(value: Any) -> Any:
    return value / 2 if value else value


def _increased(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else _other(value)


_DATA = {
    "altered": _other,
    "cut": lambda value: value[:-1],
    "doubled": lambda value: bytes(value) * 2,
}
_NUMBER = {"one-more": lambda value: value + 1, "one-less": lambda value: max(value - 1, 0)}

ARGUMENTS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "address": {"altered": _other},
    "ancbufsize": {"dropped": lambda value: 0},
    "ancdata": {"dropped": lambda value: [], "doubled": lambda value: [*value, *value]},
    "backlog": {"dropped": lambda value: _MISSING, "zero": lambda value: 0},
    "buffering": {"dropped": lambda value: None},
    "buflen": {"dropped": lambda value: _MISSING},
    "count": {"dropped": lambda value: None, **_NUMBER},
    "data": _DATA,
    "destination": {"dropped": lambda value: _MISSING, "altered": _other},
    "default": {"dropped": lambda value: -1},
    "fileno": {"dropped": lambda value: None, "duplicated": lambda value: value and os.dup(value)},
    "flag": {"inverted": lambda value: not value, "always-true": lambda value: True,
             "always-false": lambda value: False},
    "flags": {"dropped": lambda value: 0},
    "how": {"always-rd": lambda value: socket.SHUT_RD, "always-wr": lambda value: socket.SHUT_WR,
            "always-rdwr": lambda value: socket.SHUT_RDWR},
    "keyword": {"dropped": lambda value: _MISSING},
    "level": {"sol-socket": lambda value: socket.SOL_SOCKET},
    "lookup": {"dropped": lambda value: 0},
    "mode": {"dropped": lambda value: "r"},
    "offset": {"dropped": lambda value: 0, **_NUMBER},
    "parts": {"first-only": lambda parts: parts[:1], **{name: _parts(change) for name, change in _DATA.items()}},
    "port": {"dropped": lambda value: None},
    "seconds": {"dropped": lambda value: None, "zero": lambda value: value if value is None else 0.0,
                "halved": _halved, "increased": lambda value: value and value + 1,
                "whole": lambda value: value and float(int(value) or 1)},
    "size": {"ignored": lambda value: 65536, **_NUMBER},
    "value": {"zero": lambda value: bytes(len(value)) if isinstance(value, bytes) else 0, "increased": _increased},
    "watched": {"dropped": lambda value: [], "first-only": lambda value: list(value)[:1]},
}  # fmt: skip
"""By kind of argument: how it is altered. Arguments that were not given are not altered, but for added flags."""


def _with_argument(position: int, name: str, change: Callable[[Any], Any]) -> Behaviour:
    def behaviour(use: Use) -> Any:
        if name in use.keywords:
            value = change(use.keywords.pop(name))
            use.keywords.update({} if value is _MISSING else {name: value})
        elif position < len(use.given):
            value = change(use.given[position])
            use.given[position:] = [*([] if value is _MISSING else [value]), *use.given[position + 1 :]]
        return use.real()

    return behaviour


def _claiming_all(position: int, change: Callable[[Any], Any]) -> Behaviour:
    """Sends other data, and returns the count of what was to be sent."""

    def behaviour(use: Use) -> Any:
        data = use.given[position]
        size = sum(map(len, data)) if isinstance(data, list) else len(data)
        use.given[position] = change(data)
        found = use.real()
        return found if found is None else size

    return behaviour


def _with_flag(position: int, flag: int) -> Behaviour:
    def behaviour(use: Use) -> Any:
        use.given += [0] * (position + 1 - len(use.given))
        use.given[position] |= flag
        return use.real()

    return behaviour


def _arguments(call: Call) -> Iterator[tuple[str, str, Behaviour]]:
    for position, (name, kind) in enumerate(call.arguments):
        for label, change in ARGUMENTS.get(kind, {}).items():
            sends = kind in ("data", "parts")
            behaviour = _claiming_all(position, change) if sends else _with_argument(position, name, change)
            yield f"{name}-{label}", f"the argument {name} is {label.replace('-', ' ')}", behaviour
        if kind == "flags" and call.name != "sendmsg":
            for flag, only in _FLAGS.items():
                if hasattr(socket, flag) and call.name.startswith(only):
                    behaviour = _with_flag(position, getattr(socket, flag))
                    yield f"always-{flag[4:].lower()}", f"every call has {flag}", behaviour


# what a call returns


def _fresh(value: Any, **other: Any) -> Any:
    """The same descriptor in an object that says something else of itself."""
    kind = {"family": value.family, "type": value.type, "proto": value.proto, **other}
    return type(value)(kind["family"], kind["type"], kind["proto"], Real.detach(value))


def _after(effect: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Has an effect on a socket, and gives it back."""

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


AFTERWARDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
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
"""What a call leaves behind although it returned what it should; an effect that is impossible is left out."""

_CHILD = {
    label: _after(effect)
    for label, (_, effect) in AFTERWARDS.items()
    if label not in ("loses-timeout", "leaves-not-inheritable", "leaves-descriptor-blocking", "eats-a-byte")
}
_CHILD.update(
    {
        "of-another-family": lambda value: _fresh(value, family=socket.AF_APPLETALK),
        "of-another-type": lambda value: _fresh(value, type=socket.SOCK_RAW),
        "of-another-protocol": lambda value: _fresh(value, proto=value.proto + 1),
    }
)
_Changes = dict[str, Callable[[Any], Any]]
_TEXT: _Changes = {"as-text": str}
_DESCRIPTOR: _Changes = {
    "minus-one": lambda value: -1,
    "far": lambda value: value + FAR if value >= 0 else value,
    **_TEXT,
}
_ADDRESS = {
    "altered": _other,
    "of-another-host": lambda value: ("127.0.0.9", *value[1:]) if isinstance(value, tuple) else value,
    "as-list": lambda value: list(value) if isinstance(value, tuple) else [value],
    "shorter": lambda value: value[:-1],
    "longer": lambda value: (*value, 0) if isinstance(value, tuple) else value and value * 2,
    "none": lambda value: None,
}


def _option(change: Callable[[int], int]) -> Callable[[Any], Any]:
    def changed(value: Any) -> Any:
        return change(value) if isinstance(value, int) else bytes([change(value[0]) & 255]) + value[1:]

    return changed


def _infos(**other: Any) -> Callable[[Any], Any]:
    def changed(value: Any) -> Any:
        return [tuple({**dict(zip(("family", "type", "proto", "name", "address"), each)), **other}.values())
                for each in value]  # fmt: skip

    return changed


def _closed_end(number: int) -> Callable[[Any], Any]:
    return _after(lambda pair: pair[number].close())


def _of_first(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda pair: [change(pair[0]), pair[1]]


RESULTS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "address": _ADDRESS,
    "ancillary": {"dropped": lambda value: [], "altered": lambda value: [(a, b, _other(c)) for a, b, c in value],
                  "cut": lambda value: [(a, b, c[:-4]) for a, b, c in value]},
    "answer": {"inverted": lambda value: not value, "as-number": int, "always-true": lambda value: True,
               "always-false": lambda value: False},
    "child": _CHILD,
    "count": {"zero": lambda value: 0, "one-more": lambda value: value + 1, "one-less": lambda value: value - 1,
              "negative": lambda value: -1, "none": lambda value: None, **_TEXT},
    "data": {**_DATA, "longer": lambda value: value + b"x", "empty": lambda value: b"", "none": lambda value: None,
             "as-text": lambda value: value.decode("latin-1")},
    "descriptor": _DESCRIPTOR,
    "error": {"always-zero": lambda value: 0, "always-eio": lambda value: errno.EIO,
              "one-more": lambda value: value + 1, "none": lambda value: None, **_TEXT},
    "family": {"another": lambda value: socket.AF_APPLETALK, "zero": lambda value: 0},
    "file": {"closed": _after(lambda value: value.close()), "none": lambda value: None},
    "infos": {"empty": lambda value: [], "reversed": lambda value: value[::-1], "doubled": lambda value: value * 2,
              "first-only": lambda value: value[:1], "without-first": lambda value: value[1:],
              "of-another-family": _infos(family=socket.AF_APPLETALK), "of-another-type": _infos(type=socket.SOCK_RAW),
              "of-another-address": _infos(address=("127.0.0.9", 9))},
    "kind": {"another": lambda value: socket.SOCK_RAW, "zero": lambda value: 0},
    "lists": {"none-ready": lambda value: ([], [], []), "swapped": lambda value: (value[1], value[0], value[2]),
              "first-only": lambda value: tuple(each[:1] for each in value),
              "always-in-error": lambda value: (value[0], value[1], [*value[0], *value[1]]),
              "doubled": lambda value: tuple(each * 2 for each in value)},
    "msgflags": {"zero": lambda value: 0, "truncated": lambda value: value | socket.MSG_TRUNC,
                 "control-truncated": lambda value: value | socket.MSG_CTRUNC},
    "nothing": {"something": lambda value: 0},
    "number": {**_DESCRIPTOR, "zero": lambda value: 0 if value < 0 else value},
    "option": {"one-more": _option(lambda value: value + 1), "zero": _option(lambda value: 0),
               "none": lambda value: None, **_TEXT},
    "pair": {"same-twice": lambda pair: [pair[0], pair[0]], "first-closed": _closed_end(0),
             "second-closed": _closed_end(1),
             **{f"first-{label}": _of_first(change) for label, change in _CHILD.items() if label != "closes"}},
    "protocol": {"one-more": lambda value: value + 1},
    "seconds": {"none": lambda value: None, "one-more": lambda value: (value or 0) + 1, "zero": lambda value: 0.0,
                **_TEXT},
}  # fmt: skip
"""By kind of result: how it is altered."""


def _with_result(index: int, size: int, change: Callable[[Any], Any]) -> Behaviour:
    def behaviour(use: Use) -> Any:
        found = use.real()
        if size == 1:
            return change(found)
        return (*found[:index], change(found[index]), *found[index + 1 :])

    return behaviour


def _results(call: Call) -> Iterator[tuple[str, str, Behaviour]]:
    for index, kind in enumerate(call.results):
        for label, change in RESULTS.get(kind, {}).items():
            behaviour = _with_result(index, len(call.results), change)
            yield f"{kind}-{label}", f"the {kind} that it returns is {label.replace('-', ' ')}", behaviour


def _filled(call: Call) -> Iterator[tuple[str, str, Behaviour]]:
    """What a call that fills a buffer can get wrong about the buffer."""
    if not call.name.endswith("_into"):
        return
    changes: dict[str, Callable[[Any, int], None]] = {
        "buffer-altered": lambda view, count: view.__setitem__(0, view[0] ^ 1),
        "buffer-shifted": lambda view, count: view.__setitem__(slice(None), bytes(view[-1:]) + bytes(view[:-1])),
        "buffer-untouched": lambda view, count: view.__setitem__(slice(None), b"\xaa" * len(view)),
        "buffer-without-the-last": lambda view, count: view.__setitem__(count - 1, 0),
    }
    for label, change in changes.items():

        def behaviour(use: Use, change: Callable[[Any, int], None] = change) -> Any:
            found = use.real()
            count = found[0] if isinstance(found, tuple) else found
            buffer = use.given[0][0] if isinstance(use.given[0], list) else use.given[0]
            if count > 0:
                change(memoryview(buffer), min(count, len(buffer)))
            return found

        yield label, f"the {label.replace('-', ' ')}", behaviour


# how a call is made, and how it fails

_NEUTRAL: dict[str, Any] = {
    "nothing": None, "count": 0, "data": b"", "address": ("0.0.0.0", 0), "number": -1, "error": 0, "seconds": None,
    "option": 0, "answer": False, "ancillary": [], "msgflags": 0, "infos": [], "lists": ([], [], []),
}  # fmt: skip
"""What a call returns that swallowed its error."""


def _neutral(call: Call) -> Any:
    found = tuple(_NEUTRAL.get(kind) for kind in call.results)
    return found if len(found) > 1 else found[0]


def _not_made(use: Use) -> Any:
    kind = use.call.arguments[0][1] if use.call.arguments else ""
    if kind in ("data", "parts") and use.call.results == ("count",):
        return sum(map(len, use.given[0])) if isinstance(use.given[0], list) else len(use.given[0])
    return _neutral(use.call)


def _twice(use: Use) -> Any:
    given = list(use.given)
    use.real()
    use.given = given
    return use.real()


def _once(use: Use) -> Any:
    if "first" not in use.kept:
        use.kept["first"] = use.real()
    return use.kept["first"]


def _on_error(answer: Callable[[Use, OSError], Any], only: type[OSError] = OSError) -> Behaviour:
    """Answers an error of the system in another way."""

    def behaviour(use: Use) -> Any:
        try:
            return use.real()
        except only as error:
            if use.call.name == "__init__":
                raise  # what was not made has nothing to go on with
            return answer(use, error)

    return behaviour


def _raise(make: Callable[[OSError], BaseException]) -> Callable[[Use, OSError], Any]:
    def answer(use: Use, error: OSError) -> Any:
        raise make(error) from None

    return answer


def _fails_after(use: Use) -> Any:
    use.real()
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _with_timeout(timeout: Any) -> Behaviour:
    """Makes the call under another timeout, and puts the socket's own back."""

    def behaviour(use: Use) -> Any:
        before = Real.gettimeout(use.sock)
        Real.settimeout(use.sock, timeout)
        try:
            return use.real()
        finally:
            if Real.fileno(use.sock) >= 0:
                Real.settimeout(use.sock, before)

    return behaviour


def _ignores_nonblocking(use: Use) -> Any:
    return _with_timeout(None)(use) if Real.gettimeout(use.sock) == 0 else use.real()


_Rule = Callable[[Call], bool]
_TIMEOUT = getattr(socket, "timeout")  # noqa: B009 (TimeoutError itself only since Python 3.10)


def _fails(call: Call) -> bool:
    return "fails" in call.traits and call.name != "__init__"


def _waits(call: Call) -> bool:
    return "waits" in call.traits and not call.of_module


CALLS: dict[str, tuple[str, _Rule, Behaviour]] = {
    "not-made": ("the call is not made, and reports success",
                 lambda call: call.results in (("nothing",), ("unseen",), ("count",), ("data",), ("error",))
                 and call.name != "__init__", _not_made),
    "made-twice": ("the call is made twice", lambda call: "repeats" not in call.traits, _twice),
    "made-once": ("only the first call is made; later ones return its result",
                  lambda call: not call.name.startswith("__") and "ends" not in call.traits, _once),
    "swallows-errors": ("an error of the system is swallowed",
                        lambda call: _fails(call) and not {"child", "file"} & set(call.results),
                        _on_error(lambda use, error: _neutral(use.call))),
    "wrong-errno": ("every error is EIO", _fails,
                    _on_error(_raise(lambda error: OSError(errno.EIO, os.strerror(errno.EIO))))),
    "loses-errno": ("errors have no number", _fails, _on_error(_raise(lambda error: OSError(str(error))))),
    "wrong-class": ("errors are RuntimeErrors", _fails, _on_error(_raise(lambda error: RuntimeError(str(error))))),
    "fails-afterwards": ("the call is made, and raises EIO", lambda call: True, _fails_after),
    "timeout-as-would-block": ("a timeout is reported as EAGAIN", _waits,
                               _on_error(_raise(lambda error: BlockingIOError(errno.EAGAIN, "would block")), _TIMEOUT)),
    "would-block-as-timeout": ("EAGAIN is reported as a timeout", _waits,
                               _on_error(_raise(lambda error: _TIMEOUT("timed out")), BlockingIOError)),
    "timeout-as-system-error": ("a timeout of Python is reported as ETIMEDOUT of the system", _waits,
                                _on_error(_raise(lambda error: TimeoutError(errno.ETIMEDOUT, "timed out")), _TIMEOUT)),
    "ignores-timeout": ("the call is made without a timeout", _waits, _with_timeout(None)),
    "ignores-nonblocking": ("the call of a non-blocking socket waits", _waits, _ignores_nonblocking),
    "never-waits": ("the call is made without blocking", _waits, _with_timeout(0.0)),
}  # fmt: skip
"""How a call is made and how it fails: the bug, the calls that can have it, and what they do."""


def _leaving(effect: Callable[[Any], Any], before: bool) -> Behaviour:
    def behaviour(use: Use) -> Any:
        if before:
            _try(effect, use.sock)
        found = use.real()
        if not before:
            _try(effect, use.sock)
        return found

    return behaviour


def _try(effect: Callable[[Any], Any], sock: Any) -> None:
    with contextlib.suppress(OSError, ValueError):
        effect(sock)


def _afterwards(call: Call) -> Iterator[tuple[str, str, Behaviour]]:
    if call.of_module:
        return
    for label, (bug, effect) in AFTERWARDS.items():
        if "ends" not in call.traits or label == "leaks":
            yield label, bug, _leaving(effect, before="ends" in call.traits)


def mutations(call: Call) -> Iterator[Mutation]:
    """Every mutation of one call."""
    ways = ((label, bug, behaviour) for label, (bug, applies, behaviour) in CALLS.items() if applies(call))
    for label, bug, behaviour in (*_arguments(call), *_results(call), *_filled(call), *ways, *_afterwards(call)):
        yield Mutation(call, label, bug, behaviour)
