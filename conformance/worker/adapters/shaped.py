"""The adapter of anything shaped like ``socket.socket``: a class, a factory, or a module with ``socket`` in it.

One method per operation of kind ``verb``. A method only calls the implementation. An exception is an observation.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Optional

from conformance.model.errors import HarnessError, Unsupported
from conformance.tables import options
from conformance.tables.error_names import canonical_errno
from conformance.worker.adapters import returned
from conformance.worker.adapters.buffers import holding, room

RawSocket = socket.socket

Socket = Any
"""An object that the implementation makes in place of a ``socket.socket``."""


class Descriptor(int):
    """The number of a descriptor, as an object: two with the same number are different objects."""


@dataclass(frozen=True)
class Made:
    """New objects, in the shape of ``as``, and the rest of the result."""

    objects: Any
    result: Any = None


class ShapedAdapter:
    """Calls the methods that ``socket.socket`` has, on whatever ``target`` makes.

    ``target`` is a class or factory taking ``(family, type, proto)``, or a module with ``socket`` in it. Its
    ``select``, ``poll`` … are used, too, if it has them.
    """

    waits = frozenset(
        {
            "read", "readv", "write", "writev", "close", "select", "pselect6", "poll", "ppoll", "epoll_wait",
            "epoll_pwait", "epoll_pwait2", "connect", "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg",
            "sendfile", "recv", "send", "NtReadFile", "NtWriteFile", "a call",
        }
    )  # fmt: skip
    """The system calls of Linux, Winsock and NT in which a thread waits under this implementation. A lock is none."""

    def __init__(self, target: Any, name: str) -> None:
        self.name = name
        self.module = target if isinstance(target, ModuleType) else socket
        self.factory = target.socket if isinstance(target, ModuleType) else target

    # objects

    def socket(self, family: int, type: int, protocol: int) -> Made:
        return Made(returned.a_socket(self.factory(family, type, protocol)))

    def socketpair(self, family: Optional[int], type: Optional[int]) -> Made:
        kind = socket.SOCK_STREAM if type is None else type
        given = {"type": kind} if family is None else {"family": family, "type": kind}
        if self.module is not socket and hasattr(self.module, "socketpair"):
            own = returned.several(self.module.socketpair(**given), 2, "a pair of sockets")
            return Made([returned.a_socket(each) for each in own])
        pair = socket.socketpair(**given)  # None is left out: its meaning differs by platform
        if self.factory is socket.socket:
            return Made(list(pair))
        return Made([self.adopt(each) for each in pair])

    def adopt(self, raw: RawSocket) -> Socket:
        """A socket of this implementation that takes over the descriptor of a raw one."""
        family, kind, protocol, number = raw.family, raw.type, raw.proto, raw.detach()
        try:
            return self.factory(family, kind, protocol, fileno=number)
        except TypeError as error:
            socket.socket(fileno=number).close()
            raise Unsupported(f"{self.name} takes no descriptor: {error}") from None

    def accept(self, sock: Socket) -> Made:
        connection, address = returned.several(sock.accept(), 2, "a socket and an address")
        return Made(returned.a_socket(connection), {"from": address})

    def detach(self, sock: Socket) -> Made:
        return Made(Descriptor(returned.number(sock.detach(), "a descriptor")))

    def dup(self, sock: Socket) -> Made:
        return Made(returned.a_socket(sock.dup()))

    def socket_from(self, object: int) -> Made:
        return Made(returned.a_socket(self.factory(fileno=object)))

    def share(self, object: Socket) -> Made:
        if not hasattr(socket.socket, "share"):
            raise Unsupported("socket.share() exists on Windows only")
        return Made(returned.a_socket(self.module.fromshare(object.share(os.getpid()))))

    def with_block(self, sock: Socket) -> None:
        with sock:
            pass

    # connections

    def bind(self, sock: Socket, address: Any) -> Any:
        return sock.bind(address)

    def listen(self, sock: Socket, backlog: Optional[int]) -> Any:
        return sock.listen() if backlog is None else sock.listen(backlog)

    def connect(self, sock: Socket, address: Any) -> Any:
        return sock.connect(address)

    def connect_ex(self, sock: Socket, address: Any) -> Any:
        return sock.connect_ex(address)

    def shutdown(self, sock: Socket, how: int) -> Any:
        return sock.shutdown(how)

    def close(self, thing: Any) -> Any:
        if isinstance(thing, int):
            return os.close(thing)
        return thing.close()

    def close_descriptor(self, sock: Socket) -> None:
        (socket.close if os.name == "nt" else os.close)(returned.descriptor_of(sock))

    # data

    def send(self, sock: Socket, data: bytes, flags: int, buffer: str = "bytes") -> Any:
        given = holding(data, buffer)
        return sock.send(given, flags) if flags else sock.send(given)

    def sendall(self, sock: Socket, data: bytes, flags: int, buffer: str = "bytes") -> Any:
        given = holding(data, buffer)
        return sock.sendall(given, flags) if flags else sock.sendall(given)

    def sendto(self, sock: Socket, data: bytes, to: Any, flags: int, buffer: str = "bytes") -> Any:
        given = holding(data, buffer)
        return sock.sendto(given, flags, to) if flags else sock.sendto(given, to)

    def sendmsg(self, sock: Socket, data: Any, rights: Sequence[Any], credentials: bool, to: Any, flags: int) -> Any:
        ancillary: list[Any] = []
        if rights:
            numbers = b"".join(_native_int(returned.descriptor_of(each)) for each in rights)
            ancillary.append((socket.SOL_SOCKET, constant("SCM_RIGHTS"), numbers))
        if credentials:
            import struct

            own = struct.pack("iII", os.getpid(), os.getuid(), os.getgid())
            ancillary.append((socket.SOL_SOCKET, constant("SCM_CREDENTIALS"), own))
        parts = data if isinstance(data, list) else [data]
        return _method(sock, "sendmsg")(parts, ancillary, flags, *((to,) if to is not None else ()))

    def sendfile(self, sock: Socket, object: Any, offset: int, count: Optional[int]) -> Any:
        return sock.sendfile(object, offset, count)

    def recv(self, sock: Socket, size: int, flags: int) -> Any:
        return sock.recv(size, flags) if flags else sock.recv(size)

    def recv_into(self, sock: Socket, size: int, nbytes: int, flags: int, buffer: str = "bytearray") -> dict[str, Any]:
        target = room(size, buffer)
        count = sock.recv_into(target, *_given(nbytes, flags))
        return returned.filled(count, target)

    def recvfrom(self, sock: Socket, size: int, flags: int) -> dict[str, Any]:
        got = sock.recvfrom(size, flags) if flags else sock.recvfrom(size)
        data, address = returned.several(got, 2, "data and an address")
        return {"data": data, "from": address}

    def recvfrom_into(
        self, sock: Socket, size: int, nbytes: int, flags: int, buffer: str = "bytearray"
    ) -> dict[str, Any]:
        target = room(size, buffer)
        got = sock.recvfrom_into(target, *_given(nbytes, flags))
        count, address = returned.several(got, 2, "a count and an address")
        return {**returned.filled(count, target), "from": address}

    def recvmsg(self, sock: Socket, size: int, rights: int, control: int, flags: int) -> Any:
        room = socket.CMSG_SPACE(4 * rights) if rights else control
        got = _method(sock, "recvmsg")(size, room, flags)
        data, ancillary, found, address = returned.several(got, 4, "data, ancillary data, flags and an address")
        with returned.understanding(ancillary, "ancillary data"):
            numbers = [Descriptor(number) for each in ancillary for number in returned.rights_in(each)]
            credentials = any(returned.are_credentials(each) for each in ancillary)
        result = {
            "data": data,
            "rights": numbers,
            "flags": returned.flag_names(found),
            "from": address,
            "credentials": credentials,
        }
        return Made({"rights": numbers}, result) if numbers else result

    def recvmsg_into(self, sock: Socket, size: int, flags: int) -> dict[str, Any]:
        first, second = bytearray(b"\xaa" * (size // 2)), bytearray(b"\xaa" * (size - size // 2))
        got = _method(sock, "recvmsg_into")([first, second], 0, flags)
        count, _, found, _ = returned.several(got, 4, "a count, ancillary data, flags and an address")
        return {**returned.filled(count, first + second), "flags": returned.flag_names(found)}

    # state

    def resolve(
        self, host: str, port: Any, family: Optional[int], type: Optional[int], flags: int
    ) -> list[dict[str, Any]]:
        found = self.module.getaddrinfo(host, port, family or 0, type or 0, 0, flags)
        with returned.understanding(found, "a list of addresses"):
            return [
                {
                    "family": returned.word_of(family),
                    "type": returned.word_of(type),
                    "host": address[0],
                    "port": address[1],
                }
                for family, type, _, _, address in found
            ]

    def getsockname(self, sock: Socket) -> Any:
        return sock.getsockname()

    def getpeername(self, sock: Socket) -> Any:
        return sock.getpeername()

    def setsockopt(
        self, sock: Socket, options: Optional[Mapping[str, Any]], option: Optional[str], value: Any,
        level: Optional[int],
    ) -> None:  # fmt: skip
        for name, wanted in (options or {str(option): value}).items():
            where = level if level is not None else _level(name)
            sock.setsockopt(where, constant(name), _packed(name, wanted))

    def getsockopt(self, sock: Socket, option: str, level: Optional[int], bytes: Optional[int]) -> Any:
        where = level if level is not None else _level(option)
        if bytes is not None:
            return sock.getsockopt(where, constant(option), bytes)
        size = options.readable_size(option)
        read = sock.getsockopt(where, constant(option), *((size,) if size else ()))
        with returned.understanding(read, "an option's value"):
            return _typed_option(option, read)

    def setblocking(self, sock: Socket, flag: bool) -> Any:
        return sock.setblocking(flag)

    def getblocking(self, sock: Socket) -> Any:
        return sock.getblocking()

    def settimeout(self, sock: Socket, seconds: Optional[float]) -> Any:
        return sock.settimeout(seconds)

    def gettimeout(self, sock: Socket) -> Any:
        return sock.gettimeout()

    def set_inheritable(self, sock: Socket, flag: bool) -> Any:
        return sock.set_inheritable(flag)

    def setdefaulttimeout(self, seconds: Optional[float]) -> None:
        self.module.setdefaulttimeout(seconds)

    # files

    def makefile(self, sock: Socket, mode: str, buffering: Optional[int]) -> Made:
        return Made(sock.makefile(mode) if buffering is None else sock.makefile(mode, buffering))

    def read(self, file: Any, size: int) -> Any:
        return os.read(file, size) if isinstance(file, int) else _as_bytes(file.read(size))

    def readline(self, file: Any) -> Any:
        return _as_bytes(file.readline())

    def write(self, file: Any, data: bytes) -> Any:
        return os.write(file, data) if isinstance(file, int) else file.write(_as_written(file, data))

    def flush(self, file: Any) -> Any:
        return file.flush()

    # readiness

    def select(
        self, read: Sequence[Any], write: Sequence[Any], error: Sequence[Any], timeout: Optional[float]
    ) -> dict[str, Any]:
        function = self._of(select, "select")
        ready = function(read, write, error) if timeout is None else function(read, write, error, timeout)
        return dict(zip(("read", "write", "error"), returned.several(ready, 3, "three lists")))

    def _of(self, system: ModuleType, name: str) -> Any:
        """A function of ``select`` or ``selectors``: the module's own where it brings one, else the system's."""
        inner = getattr(self.module, system.__name__, None)
        for module in (self.module, inner, system):
            if callable(getattr(module, name, None)):
                return getattr(module, name)
        raise Unsupported(f"{system.__name__}.{name} does not exist here")

    def poll(self, events: Mapping[str, tuple[Any, int]], timeout: Optional[float]) -> dict[str, list[str]]:
        return polled(self._of(select, "poll")(), events, timeout)

    def epoll(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        poller = self._of(select, "epoll")()
        for thing, mask in events.values():
            poller.register(thing, mask)
        return Made(Poller(poller, returned.names_by_number(events)))

    def epoll_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        found = poller.real.poll(-1 if timeout is None else timeout)
        with returned.understanding(found, "a list of descriptors and events"):
            return {poller.names[number]: returned.event_names("EPOLL", mask) for number, mask in found}

    def kqueue(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        queue = self._of(select, "kqueue")
        system: Any = select  # what follows is unknown to the typing of other platforms
        changes = [
            system.kevent(returned.descriptor_of(thing), filter, system.KQ_EV_ADD)
            for thing, mask in events.values()
            for bit, filter in ((select.POLLIN, system.KQ_FILTER_READ), (select.POLLOUT, system.KQ_FILTER_WRITE))
            if mask & bit
        ]
        poller = queue()
        poller.control(changes, 0)
        return Made(Poller(poller, returned.names_by_number(events)))

    def kqueue_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        words: dict[str, list[str]] = {}
        found = poller.real.control(None, 2 * len(poller.names), timeout)
        with returned.understanding(found, "a list of kernel events"):
            for event in sorted(found, key=lambda event: (event.ident, -event.filter)):
                words.setdefault(poller.names[event.ident], []).extend(returned.kqueue_words(event.filter, event.flags))
        return {name: list(dict.fromkeys(each)) for name, each in words.items()}

    def selector(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        poller = self._of(selectors, "DefaultSelector")()
        for name, (thing, mask) in events.items():
            poller.register(thing, mask, name)
        return Made(Poller(poller, {}))

    def selector_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        words = ((selectors.EVENT_READ, "EVENT_READ"), (selectors.EVENT_WRITE, "EVENT_WRITE"))
        found = poller.real.select(timeout)
        with returned.understanding(found, "a list of keys and events"):
            return {key.data: [word for bit, word in words if mask & bit] for key, mask in found}

    # questions of the harness about an object

    def descriptor(self, thing: Any) -> int:
        """The number of an object's descriptor; -1 where it has none."""
        try:
            return returned.descriptor_of(thing)
        except Exception:  # noqa: BLE001 (a wrapper may raise anything; the harness only wants to know)
            return -1


@dataclass(frozen=True)
class Poller:
    """An epoll object, kqueue or selector, and the names of the objects that it watches."""

    real: Any
    names: Mapping[int, str]

    ends: list[int] = field(default_factory=list)
    """Descriptors that are closed with this object."""

    def close(self) -> None:
        """Closes the poller and its descriptors."""
        self.real.close()
        while self.ends:
            os.close(self.ends.pop())

    def release(self) -> None:
        """Ends waiting calls: makes it watch a pipe at its end, too, which is always ready."""
        outlet, inlet = os.pipe()
        os.close(inlet)
        self.ends.append(outlet)
        self.real.register(outlet, selectors.EVENT_READ)


def _native_int(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder, signed=True)


def constant(name: str) -> int:
    for module in (socket, select, selectors):
        if hasattr(module, name):
            return int(getattr(module, name))
    if name in options.NUMBERS.get(sys.platform, {}):
        return options.NUMBERS[sys.platform][name]
    raise Unsupported(f"there is no {name} in this Python")


def _level(name: str) -> int:
    try:
        return options.level_number(name)
    except AttributeError as error:
        raise Unsupported(str(error)) from None


def _packed(name: str, value: Any) -> Any:
    """A value as setsockopt takes it. HarnessError where the option takes no such value: the scenario is wrong."""
    if isinstance(value, bytes) or name not in options.OPTIONS:
        return value
    try:
        return options.packed(name, value)
    except (TypeError, ValueError, LookupError, OverflowError, struct.error) as error:
        raise HarnessError(f"{value!r} is no value of {name}: {type(error).__name__}: {error}") from None


def _typed_option(name: str, read: Any) -> Any:
    if name == "SO_ERROR":
        return canonical_errno(read) if read else 0
    return options.unpacked(name, read)


def _given(nbytes: int, flags: int) -> tuple[int, ...]:
    """What follows the buffer: only what the step gives, so that the defaults of the implementation count."""
    return (nbytes, flags) if flags else (nbytes,) if nbytes else ()


def _method(sock: Socket, name: str) -> Any:
    if not hasattr(sock, name):
        raise Unsupported(f"{type(sock).__name__} has no {name}() here")
    return getattr(sock, name)


def polled(poller: Any, events: Mapping[str, tuple[Any, int]], timeout: Optional[float]) -> dict[str, list[str]]:
    """The events that a poll object reports, by name of the object; ``timeout`` in seconds, or None."""
    for thing, mask in events.values():
        poller.register(thing, mask)
    found = poller.poll(None if timeout is None else timeout * 1000)
    names = returned.names_by_number(events)
    with returned.understanding(found, "a list of descriptors and events"):
        return {names[number]: returned.event_names("POLL", mask) for number, mask in found}


def _as_bytes(read: Any) -> Any:
    return read.encode("utf-8", "surrogatepass") if isinstance(read, str) else read


def _as_written(file: Any, data: bytes) -> Any:
    if not hasattr(file, "encoding"):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise HarnessError("a file in text mode takes data that is UTF-8") from None
