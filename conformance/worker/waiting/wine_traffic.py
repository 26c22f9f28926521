"""Wine on Linux: data on its way to a socket, in the kernel's queues or in the Wine server, or held back by TCP.

The server opens the files of /proc, this process reads them: so a look does not disturb the server.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from conformance.worker.waiting.settling import SIOCOUTQNSD, queued
from conformance.worker.waiting.system_calls import SYSTEM_CALLS

_PROC = r"\\?\unix\proc"
"""/proc of the host, as a path that does not depend on Wine's drives."""

_NUMBERS = {name: number for number, name in SYSTEM_CALLS["x86_64"].items()}

_LOOKS = 5
_PAUSE = 200_000
"""Nanoseconds between two looks at a server that is not asleep: it may have woken us, and we took its processor. The
pause is a system call of Linux, because waiting through Windows would itself wake the server."""

_SYSTEM_CALL = bytes.fromhex("57 56 89c8 4889d7 4c89c6 4c89ca 0f05 5e 5f c3")
"""push rdi; push rsi; mov eax,ecx; mov rdi,rdx; mov rsi,r8; mov rdx,r9; syscall; pop rsi; pop rdi; ret: from the
calling convention of Windows to that of Linux. Wine 10 leaves system calls that a program itself makes to Linux."""

_COMMIT, _EXECUTE_READ_WRITE = 0x3000, 0x40  # MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE (winnt.h)
_READ, _SHARED, _EXISTING = 0x80000000, 7, 3  # GENERIC_READ; FILE_SHARE_READ, _WRITE, _DELETE; OPEN_EXISTING


class WineTraffic:
    """Linux below Wine. OSError if it cannot be asked."""

    def __init__(self) -> None:
        self._softnet = HostFile("net", "softnet_stat")
        self._server = HostFile("self", "syscall")  # the server opens the file, so "self" is the server
        self._descriptor_of = library("ntdll").wine_server_handle_to_fd
        self._descriptor_of.argtypes = (ctypes.c_size_t, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
        self._call = _system_call()

    def busy(self) -> bool:
        """True while packets lie in a queue or the server is awake; when it sleeps, it has handed on all that came.

        It looks twice: a packet that has just left its queue may not have reached the server yet.
        """
        return any(queued(self._softnet.read()) or not self._server_sleeps() for _ in range(2))

    def unsent(self, streams: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        """Bytes not sent yet, by name, as Linux reports them to its own programs."""
        for name, handle in streams:
            descriptor, size = ctypes.c_int(), ctypes.c_int()
            if self._descriptor_of(handle, 0, ctypes.byref(descriptor), None):
                continue  # it was closed in the meantime
            failed = self._call(_NUMBERS["ioctl"], descriptor.value, SIOCOUTQNSD, ctypes.addressof(size))
            self._call(_NUMBERS["close"], descriptor.value, 0, 0)
            if not failed:
                yield name, size.value

    def _server_sleeps(self) -> bool:
        pause = (ctypes.c_int64 * 2)(0, _PAUSE)  # a struct timespec
        for look in range(_LOOKS):
            if look:
                self._call(_NUMBERS["nanosleep"], ctypes.addressof(pause), 0, 0)
            number = self._server.read().partition(" ")[0]
            if number.isdigit() and int(number) in (_NUMBERS["epoll_wait"], _NUMBERS["epoll_pwait"]):
                return True
        return False


def _system_call() -> Any:
    """A function that makes a system call of Linux from its number and three arguments; negative if it fails."""
    kernel = library("kernel32")
    kernel.VirtualAlloc.restype = ctypes.c_void_p
    room: Optional[int] = kernel.VirtualAlloc(None, len(_SYSTEM_CALL), _COMMIT, _EXECUTE_READ_WRITE)
    if not room:
        raise OSError("no executable memory")
    ctypes.memmove(room, _SYSTEM_CALL, len(_SYSTEM_CALL))
    return ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_int, *[ctypes.c_size_t] * 3)(room)


def library(name: str) -> Any:
    """A library of Windows, with its own set of prototypes."""
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009 (absent from the typing of other platforms)


class HostFile:
    """A short file of /proc, kept open because opening is slow. OSError if the file does not exist, or no longer.

    It is a handle without a file descriptor, so that scenarios find the usual descriptors in the process: select() on
    Windows takes the number of a descriptor for a handle.
    """

    def __init__(self, *parts: str) -> None:
        self._kernel = library("kernel32")
        self._kernel.CreateFileW.restype = ctypes.c_void_p
        self._kernel.CreateFileW.argtypes = (ctypes.c_wchar_p, *[ctypes.c_uint32] * 2, ctypes.c_void_p,
                                             *[ctypes.c_uint32] * 2, ctypes.c_void_p)  # fmt: skip
        self._kernel.ReadFile.argtypes = (*[ctypes.c_void_p] * 2, ctypes.c_uint32, *[ctypes.c_void_p] * 2)
        self._kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
        path = "\\".join((_PROC, *parts))
        handle: Optional[int] = self._kernel.CreateFileW(path, _READ, _SHARED, None, _EXISTING, 0, None)
        if handle in (None, ctypes.c_void_p(-1).value):
            raise OSError(f"{path} cannot be opened")
        self._handle = handle
        self._buffer = ctypes.create_string_buffer(8192)

    def read(self) -> str:
        """The current content."""
        size, start = ctypes.c_uint32(), (ctypes.c_uint64 * 4)()  # an OVERLAPPED: from the beginning of the file
        if not self._kernel.ReadFile(self._handle, self._buffer, 8192, ctypes.byref(size), start):
            raise OSError("the thread or process of this file is gone")
        return self._buffer.raw[: size.value].decode("ascii")

    def close(self) -> None:
        """Closes the file."""
        self._kernel.CloseHandle(self._handle)
