"""The examination of an implementation before the run: is it usable, and which of its sockets will be tested?

One worker imports the implementation, makes a socket of it, connects two on loopback, and looks at the sockets that
``accept``, ``dup`` and ``socketpair`` give. A wrong shape (no callable, other arguments, coroutines) makes an
implementation unusable, since every cell would fail alike. What a method of the right shape raises does not: that may
be the bug that the run is to find.
"""

from __future__ import annotations

import contextlib
import inspect
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Optional

from conformance.model.errors import Unsupported, WrongType
from conformance.model.examined import OWN, PLAIN, Examined
from conformance.worker.adapters import NoSuchImplementation, ShapedAdapter, adapter_for
from conformance.worker.adapters.importing import ADAPTER_NEEDED, failure
from conformance.worker.adapters.origin import origin_of

_NEEDED, _SHAPE = 5, ("connect", "send", "recv", "close", "fileno", "bind", "listen", "accept")
"""The methods of a socket; without one of the first five next to no cell can run."""

_AWAITED = "write an adapter that awaits it, as for trio (docs/contributing.md)"
_CALLABLE = "name a function that takes these and returns a socket (docs/implementations.md)"
_ARGUMENTS = "(family, type, proto)"


def examine(implementation: str) -> Iterator[Examined]:
    """The findings so far, before each part that may hang or end the process, and at the end."""
    found = Examined(implementation, doing="importing it")
    yield found
    try:
        adapter = adapter_for(implementation)
        path, version = origin_of(implementation)
        found = replace(found, path=path, version=version, doing="calling it")
        yield found
        with contextlib.suppress(Unsupported), contextlib.ExitStack() as opened:
            made = _made(adapter, implementation, opened)
            for tried in _tried(adapter, made, found, opened):
                found = tried
                yield found
    except NoSuchImplementation as error:
        found = replace(found, reason=error.reason, remedy=error.remedy, absent=error.absent)
    yield replace(found, doing="")


def _made(adapter: ShapedAdapter, name: str, opened: contextlib.ExitStack) -> Any:
    """A socket of the implementation; NoSuchImplementation where calling it does not give one."""
    if type(adapter) is ShapedAdapter:
        _check_arguments(adapter.factory, name)
    family = _family()
    try:
        made = adapter.socket(family, socket.SOCK_STREAM, 0).objects
    except WrongType as wrong:  # the checks below name what is wrong with it
        made = wrong.value
    except Unsupported:  # an adapter says so where its library has no TCP
        raise
    except BaseException as error:  # noqa: BLE001 (the implementation may raise anything)
        raise NoSuchImplementation(f"calling {name} with {_ARGUMENTS} raised {failure(error)}", _CALLABLE) from None
    _check_not_awaited(made, f"calling {name}")
    opened.callback(_close, made)
    _check_shape(made, name)
    return made


def _family() -> int:
    """A family in which this machine has sockets: IPv4, if it can."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.socket(family, socket.SOCK_STREAM).close()
            return family
    return socket.AF_INET


def _check_arguments(factory: Callable[..., Any], name: str) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # not every callable of C has one
        return
    try:
        signature.bind(socket.AF_INET, socket.SOCK_STREAM, 0)
    except TypeError as error:
        raise NoSuchImplementation(f"{name} cannot be called with {_ARGUMENTS}: {error}", _CALLABLE) from None


def _check_not_awaited(value: Any, call: str) -> None:
    """NoSuchImplementation where a call gave a coroutine, a generator or another thing to wait for."""
    if inspect.isawaitable(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            value.close()
        raise NoSuchImplementation(f"{call} returns a {type(value).__name__}, to be awaited", _AWAITED)
    if inspect.isgenerator(value):
        raise NoSuchImplementation(f"{call} returns a generator, not a socket", _CALLABLE)


def _check_shape(made: Any, name: str) -> None:
    kind = type(made).__name__
    methods = {method: _method(made, method) for method in _SHAPE}
    lacking = [method for method in _SHAPE[:_NEEDED] if not callable(methods[method])]
    if lacking:
        reason = f"calling {name} gives an object of type {kind} without {', '.join(lacking)}"
        raise NoSuchImplementation(reason, f"it must be shaped like socket.socket; {ADAPTER_NEEDED}")
    for method, found in methods.items():
        if inspect.iscoroutinefunction(found):
            raise NoSuchImplementation(f"{method}() of its {kind} is a coroutine function", _AWAITED)


def _method(made: Any, name: str) -> Any:
    try:
        return getattr(made, name)
    except Unsupported:
        return len  # anything callable: the adapter has the method, and says that its library lacks it
    except Exception:  # noqa: BLE001 (the implementation's own __getattr__)
        return None


def _tried(adapter: ShapedAdapter, server: Any, found: Examined, opened: contextlib.ExitStack) -> Iterator[Examined]:
    """The findings before and after each operation; a connection that fails leaves out the rest of its operations."""
    loopback = "127.0.0.1" if _family() == socket.AF_INET else "::1"
    client: Any = None

    def connect() -> None:
        nonlocal client
        client = adapter.socket(_family(), socket.SOCK_STREAM, 0).objects
        opened.callback(_close, client)
        _check_not_awaited(adapter.connect(client, adapter.getsockname(server)), "connect()")

    connecting: dict[str, Callable[[], Any]] = {
        "bind": lambda: adapter.bind(server, (loopback, 0)),
        "listen": lambda: adapter.listen(server, 1),
        "connect": connect,
        "accept": lambda: adapter.accept(server).objects,
    }
    giving: dict[str, Callable[[], Any]] = {
        "dup": lambda: adapter.dup(server).objects,
        "socketpair": lambda: adapter.socketpair(None, None).objects[0],
    }
    for operations in (connecting, giving):
        for operation, call in operations.items():
            yield replace(found, doing=f"{operation}()")
            found = _after(operation, call, found, type(server), opened)
            if operations is connecting and operation in found.raised:
                break
    yield found


def _after(
    operation: str, call: Callable[[], Any], found: Examined, own: type, opened: contextlib.ExitStack
) -> Examined:
    """The findings with those on one operation."""
    try:
        given = call()
        _check_not_awaited(given, f"{operation}()")
    except NoSuchImplementation:
        raise
    except Unsupported:
        return found
    except BaseException as error:  # noqa: BLE001 (the implementation may raise anything)
        return replace(found, raised={**found.raised, operation: f"raised {failure(error)}"})
    kind = _kind(given, own)
    if kind is None:
        return found
    opened.callback(_close, given)
    return replace(found, gives={**found.gives, operation: kind})


def _kind(given: Any, own: type) -> Optional[str]:
    """The kind of a socket, OWN or PLAIN; None for other results."""
    if given is None or isinstance(given, (int, bytes, str)):
        return None
    plain = own is not socket.socket and type(given) is socket.socket
    return PLAIN if plain else OWN


def _close(made: Any) -> None:
    with contextlib.suppress(BaseException):
        made.close()
