"""Operations that the harness does itself: files, locks, snapshots of readiness, byte order."""

from __future__ import annotations

import contextlib
import enum
import gc
import os
import re
import select
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Optional

from conformance.model.errors import HarnessError, Missing, Unsupported, WrongType
from conformance.worker.adapters.returned import descriptor_of
from conformance.worker.adapters.shaped import Descriptor, Made, ShapedAdapter
from conformance.worker.calls.scope import Scope
from conformance.worker.calls.shared_memory import SharedMemory
from conformance.worker.network.forged_segments import TCP_REPAIR

_SETTING = re.compile(r"net(\.[a-zA-Z0-9_-]+)+\Z")

_HAS_SOCKET = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).getsockname()"
"""A program that fails unless the descriptor with this number is a socket."""


class Lock:
    """A lock that the clean-up can open for good, even if somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False

    def acquire(self) -> None:
        """Takes it, and waits for it."""
        self._lock.acquire()
        if self._open:
            self._lock.release()

    def release(self) -> None:
        """Gives it back. RuntimeError where nobody has it."""
        self._lock.release()

    def close(self) -> None:
        """Lets everybody through from now on."""
        self._open = True
        with contextlib.suppress(RuntimeError):
            self._lock.release()


_EPOLLRDHUP = 0x2000
"""The number in linux/eventpoll.h; the select module of PyPy lacks the name."""


class _Arrivals:
    """Waits for data to arrive on a descriptor. Unsupported where the system does not report each arrival once."""

    def __init__(self, number: int) -> None:
        system: Any = select  # each platform has one of the two
        if hasattr(select, "epoll"):
            self._queue = system.epoll()
            self._queue.register(number, system.EPOLLIN | _EPOLLRDHUP | system.EPOLLET)
        elif hasattr(select, "kqueue"):
            self._queue = system.kqueue()
            flags = system.KQ_EV_ADD | system.KQ_EV_CLEAR
            self._queue.control([system.kevent(number, system.KQ_FILTER_READ, flags)], 0)
        else:
            raise Unsupported("only epoll and kqueue report each arrival once; this system has neither")
        self._ends = _EPOLLRDHUP | getattr(select, "EPOLLHUP", 0) | getattr(select, "EPOLLERR", 0)

    def wait(self) -> bool:
        """Returns at the next arrival; True if no more can come."""
        if hasattr(self._queue, "poll"):
            return any(mask & self._ends for _, mask in self._queue.poll())
        ends: int = select.KQ_EV_EOF  # type: ignore[attr-defined,unused-ignore]  # only where there is kqueue
        return any(event.flags & ends for event in self._queue.control(None, 1))

    def close(self) -> None:
        """Closes the epoll object or kqueue."""
        self._queue.close()


class HarnessOperations:
    """The operations of kind ``harness`` of one cell."""

    def __init__(self, adapter: ShapedAdapter, scope: Scope) -> None:
        self._adapter = adapter
        self._scope = scope

    # objects

    def forget(self, name: str) -> dict[str, Any]:
        """Drops the reference of the scenario, and collects the warnings of the implementation."""
        if name not in self._scope.objects:
            raise Missing(f'there is no object "{name}"')
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del self._scope.objects[name]
            gc.collect()
        return {"warnings": [each.category.__name__ for each in caught]}

    def setting(self, key: str) -> Any:
        """/proc/sys/net shows the namespace of the calling thread, which is on the actor's host (proc_sys_net(5))."""
        if not _SETTING.match(key):
            raise Unsupported(f"{key} is no setting of the network; they begin with net.")
        try:
            with open("/proc/sys/" + key.replace(".", "/"), encoding="ascii") as file:
                value = file.read().strip()
        except OSError as error:
            raise Unsupported(f"there is no setting {key} here: {error.strerror}") from None
        return int(value) if value.lstrip("-").isdigit() else value

    def vanish(self, sock: Any) -> None:
        if sys.platform != "linux":
            raise Unsupported("a connection can vanish silently on Linux only (TCP_REPAIR)")
        duplicate = socket.socket(fileno=os.dup(descriptor_of(sock)))
        try:
            duplicate.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except PermissionError:
            raise Unsupported("TCP_REPAIR needs CAP_NET_ADMIN") from None
        finally:
            duplicate.close()
        self._adapter.close(sock)

    def open(self, content: bytes, path: Optional[str]) -> Made:
        if path is None:
            file: Any = tempfile.TemporaryFile(dir=self._scope.path(), buffering=0)  # noqa: SIM115 (the cell closes it)
        else:
            file = open(self._path(path), "xb+", buffering=0)  # noqa: SIM115 (the cell closes it)
        file.write(content)
        file.seek(0)
        return Made(file)

    def pipe(self) -> Made:
        read, write = os.pipe()
        return Made({"read": Descriptor(read), "write": Descriptor(write)})

    def inspect(self, sock: Any, fields: Sequence[str]) -> dict[str, Any]:
        return {field: _ATTRIBUTES[field](sock) for field in fields}

    def spawn(self, sock: Any) -> bool:
        """Whether a program that closes no descriptors inherits the socket."""
        number = descriptor_of(sock)
        command = [sys.executable, "-I", "-S", "-c", _HAS_SOCKET, str(number)]
        try:
            return subprocess.run(command, close_fds=False, stderr=subprocess.DEVNULL, check=False).returncode == 0
        except OSError as error:
            raise HarnessError(f"no program can be started: {error}") from None

    # locks

    def lock(self) -> Made:
        return Made(Lock())

    def acquire(self, lock: Lock) -> None:
        lock.acquire()

    def release(self, lock: Lock) -> None:
        lock.release()

    # shared memory

    def shared_memory(self, size: int) -> Made:
        return Made(SharedMemory(size))

    def put(self, memory: SharedMemory, data: bytes) -> None:
        memory.put(data)

    def get(self, memory: SharedMemory, size: int) -> bytes:
        return memory.get(size)

    # paths

    def unlink(self, path: str) -> None:
        os.unlink(self._path(path))

    def rename(self, path: str, to: str) -> None:
        os.rename(self._path(path), self._path(to))

    def chmod(self, path: str, mode: str) -> None:
        os.chmod(self._path(path), octal(mode))

    def stat(self, path: str) -> dict[str, str]:
        found = os.stat(self._path(path))
        kind = "socket" if stat.S_ISSOCK(found.st_mode) else "file" if stat.S_ISREG(found.st_mode) else "other"
        return {"type": kind, "mode": f"{stat.S_IMODE(found.st_mode):04o}"}

    def _path(self, name: str) -> str:
        return self._scope.path(os.path.basename(name))

    # readiness

    def fionread(self, sock: Any) -> int:
        """Python has ioctl() on POSIX systems only."""
        if sys.platform == "win32":
            raise Unsupported("Python has no ioctl() for FIONREAD here")
        import fcntl
        import termios

        found = fcntl.ioctl(descriptor_of(sock), termios.FIONREAD, bytes(struct.calcsize("i")))
        return int(struct.unpack("i", found)[0])

    def ready(self, sock: Any) -> list[str]:
        number = [descriptor_of(sock)]
        lists = select.select(number, number, number, 0)
        return [word for word, found in zip(("read", "write", "error"), lists) if found]

    def await_(self, sock: Any, event: str) -> None:
        """Returns when the event has happened; consumes nothing."""
        number = descriptor_of(sock)
        if event in ("readable", "writable", "urgent") or not hasattr(select, "poll"):
            wanted = {"writable": 1, "urgent": 2}.get(event, 0)
            lists: list[list[int]] = [[], [], []]
            lists[wanted] = [number]
            select.select(lists[0], lists[1], lists[2])
            return
        poller = select.poll()
        poller.register(number, 0 if event == "reset" else select.POLLRDHUP if hasattr(select, "POLLRDHUP") else 1)
        poller.poll()

    def await_bytes(self, sock: Any, size: int) -> int:
        """Looks how many bytes are there, each time that the system reports new ones. The end is reported, too.

        The events are edges, so nothing is consumed, and what has come already wakes nobody again.
        """
        number = descriptor_of(sock)
        with contextlib.closing(_Arrivals(number)) as arrivals:
            ended = False
            while (there := self.fionread(number)) < size and not ended:
                ended = arrivals.wait()
        return there

    # binary data

    def pack(self, format: str, values: Sequence[Any]) -> bytes:
        return struct.pack(format, *values)

    def unpack(self, format: str, data: bytes) -> list[Any]:
        return list(struct.unpack(format, data))

    def call(self, function: str, arguments: Sequence[Any]) -> Any:
        found = _FUNCTIONS.get(function)
        if found is None:
            module, _, name = function.partition(".")
            found = getattr({"socket": socket, "struct": struct}[module], name, None)
        if found is None:
            raise Unsupported(f"{function}() does not exist here")
        return found(*arguments)

    def has(self, name: str) -> bool:
        return hasattr(socket, name)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sys.byteorder": lambda: sys.byteorder,
    "int.to_bytes": lambda number, *how: int(number).to_bytes(*how),
    "int.from_bytes": lambda data, order: int.from_bytes(data, order),
    "len": len,
}


def octal(mode: str) -> int:
    """The number of a mode such as ``0750``. HarnessError where it is none: the scenario is wrong."""
    try:
        return int(mode, 8)
    except ValueError:
        raise HarnessError(f"{mode!r} is no mode; write octal digits, as in 0750") from None


def _descriptor_blocking(sock: Any) -> bool:
    if os.name == "nt":
        raise Unsupported("Winsock does not tell whether a socket is blocking")
    return os.get_blocking(descriptor_of(sock))


def _kind(known: type[enum.IntEnum], value: Any, wanted: str) -> Any:
    """The symbol of a number that an implementation returned."""
    number = int.__add__(value, 0) if isinstance(value, int) else None
    if number not in set(known):
        raise WrongType(value, wanted)
    return known(number)


def _socket_kind(value: Any) -> Any:
    """The symbol of a socket type; in hex the number with flags that some libraries return."""
    try:
        return _kind(socket.SocketKind, value, "a socket type")
    except WrongType:
        if not isinstance(value, int):
            raise
        return f"{int.__add__(value, 0):#x}"


_ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "family": lambda sock: _kind(socket.AddressFamily, sock.family, "an address family"),
    "type": lambda sock: _socket_kind(sock.type),
    "protocol": lambda sock: sock.proto,
    "timeout": lambda sock: sock.gettimeout(),
    "blocking": lambda sock: sock.getblocking(),
    "descriptor_blocking": _descriptor_blocking,
    "descriptor": lambda sock: "open" if descriptor_of(sock) >= 0 else -1,
    "inheritable": lambda sock: sock.get_inheritable(),
    "closed": lambda sock: descriptor_of(sock) < 0,
}
"""How each attribute of a socket is read. WrongType where its value makes no sense."""
