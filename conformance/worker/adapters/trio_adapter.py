"""trio's sockets behind plain calls: each call awaits one operation in an event loop of the calling thread.

Operations that trio's sockets do not have (timeouts, a blocking mode, files, readiness lists) are unsupported.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.worker.adapters.shaped import ShapedAdapter

_NEEDS_LOOP = frozenset(["close"])
"""Plain functions that need a running loop."""

_INSTEAD = {
    "settimeout": "trio bounds waits by cancel scopes",
    "gettimeout": "trio bounds waits by cancel scopes",
    "setblocking": "trio's sockets have no modes, they are awaited",
    "getblocking": "trio's sockets have no modes, they are awaited",
    "connect_ex": "trio's connect raises",
    "makefile": "trio's streams take its place",
    "sendfile": "trio has none",
}
"""The methods that trio leaves out, and what it has in their place."""

_OF_A_LOOP = 5
"""The number of descriptors of a trio loop: one of epoll or kqueue, and two pairs that wake the loop."""


class AwaitedSocket:
    """A trio socket with plain methods in place of its asynchronous ones."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        given = {"family": family, "type": type, "proto": proto}
        known = {name: value for name, value in given.items() if value != -1}
        make = import_module("trio").socket.socket
        self._real: Any = _waiting(make, in_loop=True)(**known, fileno=fileno)

    @classmethod
    def _around(cls, real: Any) -> AwaitedSocket:
        made = cls.__new__(cls)
        made._real = real
        return made

    def __getattr__(self, name: str) -> Any:
        if name in _INSTEAD:
            raise Unsupported(f"trio's sockets have no {name}: {_INSTEAD[name]}")
        found = getattr(self._real, name)
        return _waiting(found, name in _NEEDS_LOOP) if callable(found) else found

    def __enter__(self) -> AwaitedSocket:
        return self

    def __exit__(self, *details: object) -> None:
        self._real.__exit__(*details)

    def accept(self) -> tuple[AwaitedSocket, Any]:
        """Awaits trio's accept."""
        real, address = _waiting(self._real.accept)()
        return self._around(real), address

    def dup(self) -> AwaitedSocket:
        """trio's dup."""
        return self._around(self._real.dup())

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Loops over send, as trio's streams do; trio's sockets have no sendall."""

        async def all_of_it() -> None:
            left = memoryview(data).cast("B")
            while left:
                left = left[await self._real.send(left, flags) :]

        _waiting(all_of_it)()


def _waiting(function: Callable[..., Any], in_loop: bool = False) -> Callable[..., Any]:
    """The function as a plain one that waits for its result. A plain function is called as it is unless ``in_loop``."""

    async def awaited(value: Any) -> Any:
        return await value

    async def called(arguments: Any, keywords: Any) -> Any:
        return function(*arguments, **keywords)

    def call(*arguments: Any, **keywords: Any) -> Any:
        if in_loop:
            return _run(called, arguments, keywords)
        value = function(*arguments, **keywords)
        return _run(awaited, value) if inspect.isawaitable(value) else value

    return call


class _Kept:
    """Keeps as many descriptors open as a loop has, while no loop runs.

    A program in trio has one loop all the time. So a limit of descriptors must leave the same room before a call as
    during the call.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self.take()

    def take(self) -> None:
        """Opens the descriptors, or as many as the limit allows."""
        with contextlib.suppress(OSError):
            while len(self._numbers) < _OF_A_LOOP:
                self._numbers.append(os.open(os.devnull, os.O_RDONLY))

    def leave(self) -> None:
        """Closes the descriptors."""
        while self._numbers:
            os.close(self._numbers.pop())

    __del__ = leave


_kept = threading.local()


def _run(function: Callable[..., Any], *arguments: Any) -> Any:
    """``trio.run`` with the descriptors that this thread keeps for a loop."""
    if not hasattr(_kept, "own"):
        _kept.own = _Kept()
    _kept.own.leave()
    try:
        return import_module("trio").run(function, *arguments)
    finally:
        _kept.own.take()


class TrioAdapter(ShapedAdapter):
    """``trio.socket``. A call waits in epoll_wait, in its own thread, because trio's loop runs there."""

    def __init__(self) -> None:
        super().__init__(AwaitedSocket, "trio")

    def setdefaulttimeout(self, seconds: Optional[float]) -> None:
        """Unsupported."""
        raise Unsupported(f"trio's sockets have no timeouts: {_INSTEAD['settimeout']}")

    def select(self, *arguments: Any, **keywords: Any) -> Any:
        """Unsupported."""
        raise Unsupported("trio has no readiness lists: it awaits one socket at a time")

    poll = epoll = kqueue = selector = select
