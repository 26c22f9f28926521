"""Wine on Linux: the call that a thread of this process waits in, read from the thread's stack on the Windows side.

The thread is not stopped: the result is valid only if the kernel shows before and after that it did not run.
"""

from __future__ import annotations

import ctypes
from typing import Any

from conformance.worker.waiting.wine_traffic import library

_WINSOCK = ("accept", "connect", "recv", "recvfrom", "select", "send", "sendto")
"""The functions that Python's socket and select modules wait in."""

_NT = ("NtDelayExecution", "NtReadFile", "NtWaitForMultipleObjects", "NtWaitForSingleObject", "NtWriteFile")

CALLS = (*_WINSOCK, *_NT)
"""The calls of Windows in which the probe can see a thread wait."""

_SYSCALL_FRAME = 0x328
"""Where the TEB of a thread points to the registers with which it left Windows (Wine 10, ntdll/unix/signal_x86_64.c,
struct amd64_thread_data)."""

_PTHREAD, _TID = 0x320, 0x2D0
"""Where the TEB points to glibc's struct pthread, and where that struct holds the kernel's thread id (nptl/descr.h)."""

_FRAME_SIZE, _CONTEXT_SIZE = 0xA0, 0x4D0
_RSP, _RIP = 0x98, 0xF8
_REGISTERS = {
    0x08: 0x90, 0x20: 0xA8, 0x28: 0xB0, 0x50: 0xD8, 0x58: 0xE0, 0x60: 0xE8, 0x68: 0xF0,
    0x70: _RIP, 0x88: _RSP, 0x98: 0xA0,
}  # fmt: skip
"""rbx, rsi, rdi, r12 to r15, rip, rsp and rbp: from Wine's struct syscall_frame to CONTEXT (winnt.h)."""

_FRAMES = 12
"""The most frames that are searched; fewer lie between a system call and the function of Winsock that made it."""


class Stacks:
    """Looks into the threads of this process. OSError if there is nothing to read."""

    def __init__(self) -> None:
        self._kernel, self._ntdll, winsock = library("kernel32"), library("ntdll"), library("ws2_32")
        pointer, number = ctypes.c_void_p, ctypes.c_uint64
        self._kernel.OpenThread.restype = pointer
        self._kernel.CloseHandle.argtypes = (pointer,)
        self._ntdll.NtQueryInformationThread.argtypes = (pointer, ctypes.c_int, pointer, ctypes.c_ulong, pointer)
        self._ntdll.RtlLookupFunctionEntry.restype = pointer
        self._ntdll.RtlLookupFunctionEntry.argtypes = (number, pointer, pointer)
        self._ntdll.RtlVirtualUnwind.restype = pointer
        self._ntdll.RtlVirtualUnwind.argtypes = (ctypes.c_uint32, number, number, *[pointer] * 5)
        self._names = {_address(self._ntdll, name): name for name in _NT}
        self._names.update((_address(winsock, name), name) for name in _WINSOCK)
        self._winsock, self._nt = winsock._handle, self._ntdll._handle
        self._base = library("kernelbase")._handle

    def teb(self, thread: int) -> int:
        """The address of a thread's environment block, by its id on Windows."""
        handle = self._kernel.OpenThread(0x0040, False, thread)  # THREAD_QUERY_INFORMATION
        if not handle:
            raise OSError(f"thread {thread} cannot be opened")
        information = (ctypes.c_uint64 * 6)()  # THREAD_BASIC_INFORMATION: status, TEB, …
        status = self._ntdll.NtQueryInformationThread(handle, 0, information, ctypes.sizeof(information), None)
        self._kernel.CloseHandle(handle)
        if status:
            raise OSError(f"thread {thread} cannot be queried")
        return information[1]

    def kernel_id(self, teb: int) -> int:
        """Linux's id of the thread."""
        return int.from_bytes(_read(_pointer(teb + _PTHREAD) + _TID, 4), "little")

    def call(self, teb: int) -> str:
        """The call that a thread waits in: the function of Winsock if that itself waits, else the system call of NT.

        A lock within Winsock or the heap does not count as a wait of Winsock. In that case more of ntdll than the
        system call lies below the function of Winsock, and the result is the system call.
        """
        context = _context(_pointer(teb + _SYSCALL_FRAME))
        module, innermost = self._unwind(context)
        if module != self._nt:
            return "no system call"
        found = ""
        for _ in range(_FRAMES):
            module, name = self._unwind(context)
            if module not in ((self._winsock,) if found else (self._base, self._winsock)):
                break
            found = name if module == self._winsock and name else found
        return found or innermost or "a system call of NT"

    def _unwind(self, context: Any) -> tuple[int, str]:
        """Leaves one function: the module that it is in, and its name if it is a known one."""
        at, module, unused = _get(context, _RIP), ctypes.c_uint64(), ctypes.c_uint64()
        entry = self._ntdll.RtlLookupFunctionEntry(at, ctypes.byref(module), None)
        if not entry:
            return 0, ""
        begins = module.value + int.from_bytes(_read(entry, 4), "little")
        handler = ctypes.c_void_p()
        self._ntdll.RtlVirtualUnwind(
            0, module.value, at, entry, context, ctypes.byref(handler), ctypes.byref(unused), None
        )
        return module.value, self._names.get(begins, "")


def _address(library: Any, name: str) -> int:
    return int(ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0)


def _read(address: int, size: int) -> bytes:
    """Memory of this process; OSError if the address has none (ctypes turns an access violation into one)."""
    buffer = ctypes.create_string_buffer(size)
    ctypes.memmove(buffer, address, size)
    return buffer.raw


def _pointer(address: int) -> int:
    return int.from_bytes(_read(address, 8), "little")


def _context(frame: int) -> Any:
    """A CONTEXT, aligned to 16 bytes, with the registers of a system call's frame."""
    saved = _read(frame, _FRAME_SIZE)
    room = (ctypes.c_char * (_CONTEXT_SIZE + 16))()
    context = (ctypes.c_char * _CONTEXT_SIZE).from_buffer(room, -ctypes.addressof(room) % 16)
    for source, target in _REGISTERS.items():
        ctypes.memmove(ctypes.addressof(context) + target, saved[source : source + 8], 8)
    return context


def _get(context: Any, offset: int) -> int:
    return int.from_bytes(context[offset : offset + 8], "little")
