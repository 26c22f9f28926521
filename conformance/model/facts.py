"""The facts of a host: what a record says of the platform it was made on, and what expectations are chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from conformance.model.codec import WHOLE, Count, Name


@dataclass(frozen=True)
class HostFacts:
    """Operating system, kernel, machine, libc and Python of a host, and the emulator where there is one."""

    json_form: ClassVar[str] = WHOLE

    family: Name
    os: Name
    kernel: Name
    kernel_version: Name
    machine: Name
    byteorder: Name
    word_bits: Count
    libc: Name
    python_implementation: Name
    python_version: Name
    emulator: Optional[Name] = None
