"""The adapter of anything shaped like ``socket.socket``: a class, a factory, or a module that holds both and select.

One method per operation of kind ``verb``. Methods do nothing but call; what they raise is an observation.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.tables import options

RawSocket = socket.socket

Socket = Any
"""Whatever the implementation makes in place of ``socket.socket``."""


class Descriptor(int):
    """The number of a descriptor that is an object of its own: two with the same number are not the same."""


@dataclass(frozen=True)
class Made:
    """New objects, in the shape of ``as``, and what else the operation returned."""

    objects: Any
    result: Any = None


class ShapedAdapter:
    """Calls the methods that ``socket.socket`` has, on whatever ``target`` makes.

    ``target`` is a class or factory taking ``(family, type, proto)``, or a module with ``socket`` in it, whose
    ``select``, ``poll`` … are used too where it has them.
    """

    waits = frozenset(
        {
            "read", "readv", "write", "writev", "close", "select", "pselect6", "poll", "ppoll", "epoll_wait",
            "epoll_pwait", "epoll_pwait2", "connect", "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg",
            "sendfile", "recv", "send", "NtReadFile", "NtWriteFile", "a call",
        }
    )  # fmt: skip
    """The system calls that a thread waits in under this implementation, of Linux, of Winsock and of NT; a lock is not
    one of them."""

    def __init__(self, target: Any, name: str) -> None:
        self.name = name
        self.module = target if isinstance(target, ModuleType) else socket
        self.factory = target.socket if isinstance(target, ModuleType) else target

    # objects

    def socket(self, family: int, type: int, protocol: int) -> Made:
        return Made(self.factory(family, type, protocol))

    def socketpair(self, family: Optional[int], type: Optional[int]) -> Made:
        kind = socket.SOCK_STREAM if type is None else type
        given = {"type": kind} if family is None else {"family": family, "type": kind}
        if self.module is not socket and hasattr(self.module, "socketpair"):
            return Made(list(self.module.socketpair(**given)))
        pair = socket.socketpair(**given)  # None is left out: its meaning differs by platform
        if self.factory is socket.socket:
            return Made(list(pair))
        return Made([self.adopt(each) for each in pair])

    def adopt(self, raw: RawSocket) -> Socket:
        """A socket of this implementation for the descriptor of a raw one, which gives it up."""
        family, kind, protocol, number = raw.family, raw.type, raw.proto, raw.detach()
        try:
            return self.factory(family, kind, protocol, fileno=number)
        except TypeError as error:
            socket.socket(fileno=number).close()
            raise Unsupported(f"{self.name} takes no descriptor: {error}") from None

    def accept(self, sock: Socket) -> Made:
        connection, address = sock.accept()
        return Made(connection, {"from": address})

    def detach(self, sock: Socket) -> Made:
        return Made(Descriptor(sock.detach()))

    def dup(self, sock: Socket) -> Made:
        return Made(sock.dup())

    def socket_from(self, object: int) -> Made:
        return Made(self.factory(fileno=object))

    def share(self, object: Socket) -> Made:
        if not hasattr(socket.socket, "share"):
            raise Unsupported("socket.share() exists on Windows only")
        return Made(self.module.fromshare(object.share(os.getpid())))

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
        number = sock.fileno()
        if os.name == "nt":
            socket.close(number)
        else:
            os.close(number)

    # data

    def send(self, sock: Socket, data: bytes, flags: int) -> Any:
        return sock.send(data, flags) if flags else sock.send(data)

    def sendall(self, sock: Socket, data: bytes, flags: int) -> Any:
        return sock.sendall(data, flags) if flags else sock.sendall(data)

    def sendto(self, sock: Socket, data: bytes, to: Any, flags: int) -> Any:
        return sock.sendto(data, flags, to) if flags else sock.sendto(data, to)

    def sendmsg(self, sock: Socket, data: Any, rights: Sequence[Any], credentials: bool, to: Any, flags: int) -> Any:
        ancillary: list[Any] = []
        if rights:
            numbers = b"".join(_native_int(_descriptor(each)) for each in rights)
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

    def recv_into(self, sock: Socket, size: int, nbytes: int, flags: int) -> dict[str, Any]:
        buffer = bytearray(b"\xaa" * size)
        count = sock.recv_into(buffer, *_given(nbytes, flags))
        return {"count": count, "data": bytes(buffer[: min(count, size)])}

    def recvfrom(self, sock: Socket, size: int, flags: int) -> dict[str, Any]:
        data, address = sock.recvfrom(size, flags) if flags else sock.recvfrom(size)
        return {"data": data, "from": address}

    def recvfrom_into(self, sock: Socket, size: int, nbytes: int, flags: int) -> dict[str, Any]:
        buffer = bytearray(b"\xaa" * size)
        count, address = sock.recvfrom_into(buffer, *_given(nbytes, flags))
        return {"count": count, "data": bytes(buffer[: min(count, size)]), "from": address}

    def recvmsg(self, sock: Socket, size: int, rights: int, control: int, flags: int) -> Any:
        room = socket.CMSG_SPACE(4 * rights) if rights else control
        data, ancillary, found, address = _method(sock, "recvmsg")(size, room, flags)
        numbers = [Descriptor(number) for each in ancillary for number in _rights(each)]
        result = {
            "data": data,
            "rights": numbers,
            "flags": _flag_names(found),
            "from": address,
            "credentials": any(_is_credentials(each) for each in ancillary),
        }
        return Made({"rights": numbers}, result) if numbers else result

    def recvmsg_into(self, sock: Socket, size: int, flags: int) -> dict[str, Any]:
        first, second = bytearray(b"\xaa" * (size // 2)), bytearray(b"\xaa" * (size - size // 2))
        count, _, found, _ = _method(sock, "recvmsg_into")([first, second], 0, flags)
        return {"count": count, "data": bytes((first + second)[: min(count, size)]), "flags": _flag_names(found)}

    # state

    def resolve(
        self, host: str, port: Any, family: Optional[int], type: Optional[int], flags: int
    ) -> list[dict[str, Any]]:
        found = self.module.getaddrinfo(host, port, family or 0, type or 0, 0, flags)
        return [
            {"family": _word(family), "type": _word(type), "host": address[0], "port": address[1]}
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
            given = wanted if isinstance(wanted, bytes) else _packed(name, wanted)
            sock.setsockopt(where, constant(name), given)

    def getsockopt(self, sock: Socket, option: str, level: Optional[int], bytes: Optional[int]) -> Any:
        where = level if level is not None else _level(option)
        if bytes is not None:
            return sock.getsockopt(where, constant(option), bytes)
        size = options.readable_size(option)
        read = sock.getsockopt(where, constant(option), *((size,) if size else ()))
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
        function = getattr(self.module, "select", None)
        function = function if callable(function) else select.select
        ready = function(read, write, error) if timeout is None else function(read, write, error, timeout)
        return dict(zip(("read", "write", "error"), ready))

    def poll(self, events: Mapping[str, tuple[Any, int]], timeout: Optional[float]) -> dict[str, list[str]]:
        if not hasattr(select, "poll"):
            raise Unsupported("select.poll does not exist here")
        return polled(select.poll(), events, timeout)

    def epoll(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        if not hasattr(select, "epoll"):
            raise Unsupported("select.epoll does not exist here")
        poller = select.epoll()
        for thing, mask in events.values():
            poller.register(thing, mask)
        return Made(Poller(poller, {_descriptor(thing): name for name, (thing, _) in events.items()}))

    def epoll_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        found = poller.real.poll(-1 if timeout is None else timeout)
        return {poller.names[number]: _event_names("EPOLL", mask) for number, mask in found}

    def kqueue(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        if not hasattr(select, "kqueue"):
            raise Unsupported("select.kqueue does not exist here")
        system: Any = select  # what follows is unknown to the typing of other platforms
        changes = [
            system.kevent(_descriptor(thing), filter, system.KQ_EV_ADD)
            for thing, mask in events.values()
            for bit, filter in ((select.POLLIN, system.KQ_FILTER_READ), (select.POLLOUT, system.KQ_FILTER_WRITE))
            if mask & bit
        ]
        poller = system.kqueue()
        poller.control(changes, 0)
        return Made(Poller(poller, {_descriptor(thing): name for name, (thing, _) in events.items()}))

    def kqueue_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        words: dict[str, list[str]] = {}
        for event in poller.real.control(None, 2 * len(poller.names), timeout):
            known = words.setdefault(poller.names[event.ident], [])
            known += _kqueue_words(event.filter, event.flags)
        return words

    def selector(self, events: Mapping[str, tuple[Any, int]]) -> Made:
        poller = selectors.DefaultSelector()
        for name, (thing, mask) in events.items():
            poller.register(thing, mask, name)
        return Made(Poller(poller, {}))

    def selector_wait(self, poller: Poller, timeout: Optional[float]) -> dict[str, list[str]]:
        words = ((selectors.EVENT_READ, "EVENT_READ"), (selectors.EVENT_WRITE, "EVENT_WRITE"))
        found = poller.real.select(timeout)
        return {key.data: [word for bit, word in words if mask & bit] for key, mask in found}

    # what the harness asks about an object

    def descriptor(self, thing: Any) -> int:
        """The number of an object's descriptor; -1 where it has none any more."""
        try:
            return _descriptor(thing)
        except Exception:  # noqa: BLE001 (a wrapper may raise anything; the harness only wants to know)
            return -1


@dataclass(frozen=True)
class Poller:
    """An epoll object or selector, and the names of what it watches."""

    real: Any
    names: Mapping[int, str]

    ends: list[int] = field(default_factory=list)
    """Descriptors that are closed with it."""

    def close(self) -> None:
        """Closes it."""
        self.real.close()
        while self.ends:
            os.close(self.ends.pop())

    def release(self) -> None:
        """Ends a wait for what it watches: from now on that is a pipe at its end, too, which is always ready."""
        outlet, inlet = os.pipe()
        os.close(inlet)
        self.ends.append(outlet)
        self.real.register(outlet, selectors.EVENT_READ)


def _descriptor(thing: Any) -> int:
    return thing if isinstance(thing, int) else int(thing.fileno())


def _native_int(number: int) -> bytes:
    import sys

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
    return options.packed(name, value) if name in options.OPTIONS else value


def _typed_option(name: str, read: Any) -> Any:
    from conformance.tables.error_names import canonical_errno

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


def _rights(ancillary: tuple[int, int, bytes]) -> list[int]:
    import array

    level, kind, content = ancillary
    if level != socket.SOL_SOCKET or kind != getattr(socket, "SCM_RIGHTS", None):
        return []
    numbers = array.array("i")
    numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    return list(numbers)


def _is_credentials(ancillary: tuple[int, int, bytes]) -> bool:
    return ancillary[:2] == (socket.SOL_SOCKET, getattr(socket, "SCM_CREDENTIALS", None))


_MESSAGE_FLAGS = ("MSG_OOB", "MSG_EOR", "MSG_TRUNC", "MSG_CTRUNC", "MSG_ERRQUEUE")


def _flag_names(found: int) -> list[str]:
    return [name for name in _MESSAGE_FLAGS if found & getattr(socket, name, 0)]


_EVENTS = ("IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDHUP")


def polled(poller: Any, events: Mapping[str, tuple[Any, int]], timeout: Optional[float]) -> dict[str, list[str]]:
    """What a poll object says of these, by name; ``timeout`` in seconds, or None."""
    for thing, mask in events.values():
        poller.register(thing, mask)
    found = dict(poller.poll(None if timeout is None else timeout * 1000))
    names = {_descriptor(thing): name for name, (thing, _) in events.items()}
    return {names[number]: _event_names("POLL", mask) for number, mask in found.items()}


def _event_names(prefix: str, mask: int) -> list[str]:
    return [prefix + event for event in _EVENTS if mask & getattr(select, prefix + event, 0)]


def _word(constant: Any) -> str:
    return str(getattr(constant, "name", constant))


def _kqueue_words(filter: int, flags: int) -> list[str]:
    found = [name for name in ("KQ_FILTER_READ", "KQ_FILTER_WRITE") if getattr(select, name) == filter]
    return found + [name for name in ("KQ_EV_EOF", "KQ_EV_ERROR") if flags & getattr(select, name)]


def _as_bytes(read: Any) -> Any:
    return read.encode() if isinstance(read, str) else read


def _as_written(file: Any, data: bytes) -> Any:
    return data.decode() if hasattr(file, "encoding") else data
