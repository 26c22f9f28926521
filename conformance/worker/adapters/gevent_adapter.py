"""gevent's sockets. Each actor's thread has a hub of its own, and its calls wait in the loop of that hub.

A gevent socket belongs to the hub of the thread that made it. The adapter moves an idle socket to the thread that uses
it next. While another thread waits in it, this thread gets a second gevent socket for the descriptor, and cannot close
the first one.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.worker.adapters.shaped import Made, Poller, ShapedAdapter, polled

_READ, _WRITE = 1, 2
"""libev's event bits."""

_ON_SOCKETS = (
    "accept", "detach", "dup", "with_block", "bind", "listen", "connect", "connect_ex", "shutdown", "send", "sendall",
    "sendto", "sendmsg", "sendfile", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into",
    "makefile", "close", "read", "readline", "write", "flush",
)  # fmt: skip
"""The operations that use the hub of a socket."""

_EXCLUSIVE = frozenset(["detach", "with_block", "shutdown", "close", "read", "readline", "write", "flush"])
"""The operations that would have to wake another thread's hub, or use an object that belongs to that hub."""


class GeventAdapter(ShapedAdapter):
    """``gevent.socket``, ``gevent.select`` and ``gevent.selectors``. Its loops wait in epoll_wait."""

    def __init__(self) -> None:
        super().__init__(import_module("gevent.socket"), "gevent")
        self._select = import_module("gevent.select")
        self._selectors = import_module("gevent.selectors")
        self._hubs = threading.local()
        self._hub()  # make the hub of the worker's own thread before any cell opens descriptors
        self._users: dict[int, list[int]] = {}
        self._lock = threading.Lock()

    def _hub(self) -> Any:
        """The hub of this thread. It is destroyed with the thread; gevent itself would keep it."""
        if not hasattr(self._hubs, "own"):
            self._hubs.own = _Hub()
        return self._hubs.own.real

    @contextlib.contextmanager
    def used(self, thing: Any, operation: str) -> Iterator[Any]:
        """A socket or file for use in this thread; Unsupported where another thread's use forbids that."""
        sock = thing if isinstance(thing, self.factory) else getattr(_raw(thing), "_sock", None)
        if not isinstance(sock, self.factory):
            yield thing
            return
        users = self._enter(sock)
        try:
            if len(users) == 1:
                _move(sock, self._hub())
                yield thing
            elif operation in _EXCLUSIVE:
                raise Unsupported(f"gevent cannot {operation} a socket in which another thread waits")
            else:
                with self._second(sock) as own:
                    yield own
        finally:
            self._leave(sock)

    def _enter(self, sock: Any) -> list[int]:
        with self._lock:
            users = self._users.setdefault(id(sock), [])
            users.append(threading.get_ident())
            return list(users)

    def _leave(self, sock: Any) -> None:
        with self._lock:
            users = self._users[id(sock)]
            users.remove(threading.get_ident())
            if not users:
                del self._users[id(sock)]

    @contextlib.contextmanager
    def _second(self, sock: Any) -> Iterator[Any]:
        """A gevent socket in this thread's hub for the same descriptor."""
        own = self.factory(sock.family, sock.type, sock.proto, sock.fileno())
        own.settimeout(sock.gettimeout())
        try:
            yield own
        finally:
            own.detach()

    def socket(self, family: int, type: int, protocol: int) -> Made:
        """gevent.socket.socket()."""
        self._hub()
        return super().socket(family, type, protocol)

    def socketpair(self, family: Optional[int], type: Optional[int]) -> Made:
        """gevent.socket.socketpair()."""
        self._hub()
        return super().socketpair(family, type)

    def select(
        self, read: Sequence[Any], write: Sequence[Any], error: Sequence[Any], timeout: Optional[float]
    ) -> dict[str, Any]:
        """gevent.select.select()."""
        self._hub()
        function = self._select.select
        ready = function(read, write, error) if timeout is None else function(read, write, error, timeout)
        return dict(zip(("read", "write", "error"), ready))

    def poll(self, events: Mapping[str, tuple[Any, int]], timeout: Optional[float]) -> dict[str, list[str]]:
        """gevent.select.poll()."""
        self._hub()
        return polled(self._select.poll(), events, timeout)

    def epoll(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        """Unsupported."""
        raise Unsupported("gevent has no epoll or kqueue objects: where it patches select, it removes them")

    kqueue = epoll

    def selector(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        """gevent.selectors.DefaultSelector."""
        self._hub()
        poller = self._selectors.DefaultSelector()
        for name, (thing, mask) in events.items():
            poller.register(thing, mask, name)
        return Made(Poller(poller, {}))


def _homed(name: str) -> Callable[..., Any]:
    inherited = getattr(ShapedAdapter, name)

    @functools.wraps(inherited)
    def method(self: GeventAdapter, thing: Any, *arguments: Any, **keywords: Any) -> Any:
        with self.used(thing, name) as own:
            return inherited(self, own, *arguments, **keywords)

    return method


for _name in _ON_SOCKETS:
    setattr(GeventAdapter, _name, _homed(_name))


def _raw(file: Any) -> Any:
    """The raw file below a file that makefile made."""
    buffer = getattr(file, "buffer", file)
    return getattr(buffer, "raw", buffer)


def _move(sock: Any, hub: Any) -> None:
    """Gives an idle socket watchers in the loop of another hub, or none if somebody closed its descriptor by number."""
    number = sock.fileno()
    if sock.hub is hub or number < 0:
        return
    try:
        watchers = hub.loop.io(number, _READ), hub.loop.io(number, _WRITE)
    except OSError:
        watchers = None, None
    sock.hub, (sock._read_event, sock._write_event) = hub, watchers


class _Hub:
    """A thread's hub and its loop, which hold descriptors open."""

    def __init__(self) -> None:
        self.real: Any = import_module("gevent").get_hub()
        self._loop = self.real.loop

    def __del__(self) -> None:
        self.real.destroy(destroy_loop=True)
