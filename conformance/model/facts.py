"""The facts of a host, for the header of a record and for the choice of expectations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from conformance.model.codec import WHOLE, Count, Name


@dataclass(frozen=True)
class HostFacts:
    """Operating system, kernel, machine, libc and Python of a host, and the emulator if there is one."""

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
