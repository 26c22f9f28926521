"""The facts of this host, for the header of a record and for the choice of expectations."""

from __future__ import annotations

import os
import platform
import struct
import sys
from typing import Any, Optional

_FAMILIES = {"win32": "windows", "darwin": "darwin", "cygwin": "windows"}


def host_facts() -> dict[str, Any]:
    """OS, kernel, machine, byte order, word size in bits, libc, Python, and the emulator if one is detected."""
    uname = platform.uname()
    return {
        "family": _family(),
        "os": uname.system,
        "kernel": uname.release,
        "kernel_version": uname.version,
        "machine": uname.machine,
        "byteorder": sys.byteorder,
        "word_bits": struct.calcsize("P") * 8,
        "libc": _libc(),
        "python_implementation": sys.implementation.name,
        "python_version": platform.python_version(),
        "emulator": emulator(),
    }


def _family() -> str:
    if sys.platform.startswith("freebsd"):
        return "freebsd"
    return _FAMILIES.get(sys.platform, "linux")


def _libc() -> str:
    if sys.platform == "win32":
        return "msvcrt"
    return " ".join(part for part in platform.libc_ver() if part)


def emulator() -> Optional[str]:
    """``qemu-user``, ``wine`` or ``gvisor`` if this process shows signs of one; None on a real host."""
    if sys.platform == "win32":
        return _wine()
    if _qemu_binary():
        return "qemu-user"
    return "gvisor" if _is_gvisor() else None


def _wine() -> Optional[str]:
    import ctypes

    ntdll = getattr(ctypes, "WinDLL")("ntdll")  # noqa: B009 (absent from the typing of other platforms)
    return "wine" if hasattr(ntdll, "wine_get_version") else None


def _qemu_binary() -> Optional[str]:
    """qemu-user answers for /proc/self/exe, but not for the same file reached through /proc/thread-self."""
    try:
        target = os.readlink("/proc/thread-self/exe")
    except OSError:
        return None
    return target if os.path.basename(target).startswith("qemu-") else None


def _is_gvisor() -> bool:
    try:
        with open("/proc/version", encoding="ascii", errors="replace") as file:
            version = file.read()
    except OSError:
        return False
    return "gvisor" in version.lower() or "Linux version 4.4.0 #1 SMP Sun Jan 10" in version


_ELF_MACHINES = {
    62: "x86_64", 183: "aarch64", 3: "i386", 22: "s390x", 243: "riscv64", 21: "ppc64le", 40: "arm", 8: "mips64",
    258: "loongarch64",
}  # fmt: skip
"""Number in an ELF header (elf.h, EM_…) to the machine as uname(2) calls it."""


def kernel_machine() -> str:
    """The machine of the kernel: under qemu-user the host's, by the emulator's own program."""
    if not _qemu_binary():
        return platform.machine()
    header = _header_of_qemu()
    order = _order(header)
    return _ELF_MACHINES.get(int.from_bytes(header[18:20], order), "")  # type: ignore[arg-type]  # a literal on 3.9


def kernel_word_bits() -> int:
    """The word size of the process that calls the kernel, in bits: under qemu-user that of the emulator."""
    if not _qemu_binary():
        return struct.calcsize("P") * 8
    return 64 if _header_of_qemu()[4:5] == b"\2" else 32


def kernel_byteorder() -> str:
    """The byte order in which the kernel reads and writes integers: under qemu-user the host's."""
    return _order(_header_of_qemu()) if _qemu_binary() else sys.byteorder


def _header_of_qemu() -> bytes:
    """The first bytes of the emulator's own program (elf(5)); empty if they cannot be read."""
    try:
        with open("/proc/thread-self/exe", "rb") as file:
            return file.read(20)
    except OSError:
        return b""


def _order(header: bytes) -> str:
    return "little" if header[5:6] == b"\1" else "big"
