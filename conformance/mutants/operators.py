"""The operators of mechanical mutants: each gets one thing wrong about a call, and nothing else.

An operator alters an argument or a result, leaves something behind (``alterations``), or makes the call in another way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.mutants.alterations import AFTERWARDS, ARGUMENTS, BUFFERS, MISSING, RESULTS, Change, Real
from conformance.mutants.surface import Call


@dataclass
class Use:
    """One call of a mutated method: the socket (None for a function), the arguments, and what earlier calls left."""

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


# arguments

_FLAGS: dict[str, str] = {
    "MSG_PEEK": "recv", "MSG_DONTWAIT": "", "MSG_WAITALL": "recv", "MSG_OOB": "", "MSG_TRUNC": "recv",
    "MSG_EOR": "send", "MSG_MORE": "send",
}  # fmt: skip
"""Flags that a call may set unasked, and the calls that take them."""


def _with_argument(position: int, name: str, change: Change) -> Behaviour:
    def behaviour(use: Use) -> Any:
        if name in use.keywords:
            value = change(use.keywords.pop(name))
            use.keywords.update({} if value is MISSING else {name: value})
        elif position < len(use.given):
            value = change(use.given[position])
            use.given[position:] = [*([] if value is MISSING else [value]), *use.given[position + 1 :]]
        return use.real()

    return behaviour


def _claiming_all(position: int, change: Change) -> Behaviour:
    """Sends other data, and returns the size of the right data."""

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


# results


def _with_result(index: int, size: int, change: Change) -> Behaviour:
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
    for label, change in BUFFERS.items():

        def behaviour(use: Use, change: Callable[[Any, int], None] = change) -> Any:
            found = use.real()
            count = found[0] if isinstance(found, tuple) else found
            buffer = use.given[0][0] if isinstance(use.given[0], list) else use.given[0]
            if count > 0:
                change(memoryview(buffer), min(count, len(buffer)))
            return found

        yield f"buffer-{label}", f"the buffer is {label.replace('-', ' ')}", behaviour


# calls and errors

_NEUTRAL: dict[str, Any] = {
    "nothing": None, "count": 0, "data": b"", "address": ("0.0.0.0", 0), "number": -1, "error": 0, "seconds": None,
    "option": 0, "answer": False, "ancillary": [], "msgflags": 0, "infos": [], "lists": ([], [], []),
}  # fmt: skip
"""What a call returns after it swallowed an error."""


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
    """Replaces the reaction to an error of the system."""

    def behaviour(use: Use) -> Any:
        try:
            return use.real()
        except only as error:
            if use.call.name == "__init__":
                raise  # no socket was made, so there is nothing to return
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
    """Makes the call with another timeout, then restores the socket's own."""

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


def _leaving(effect: Change, before: bool) -> Behaviour:
    def behaviour(use: Use) -> Any:
        if before:
            _try(effect, use.sock)
        found = use.real()
        if not before:
            _try(effect, use.sock)
        return found

    return behaviour


def _try(effect: Change, sock: Any) -> None:
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
