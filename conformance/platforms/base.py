"""What every platform has: the finding of a probe, the way to start its Python, and its interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Report = Callable[[str], None]
"""Receives one line of progress, without a line end."""

PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__")
"""Environment variables of the controller's Python that would mislead another Python."""


class SetupError(Exception):
    """A platform cannot be provisioned or entered: the `reason`, and a `remedy` for a person (or '')."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} ({remedy})" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    """The result of a probe.

    `detail` describes the platform or says why it is absent. `remedy` is a command or advice (or '').
    `facts` come from its Python: implementation, python, machine, byteorder, bits, os, and more.
    """

    available: bool
    detail: str
    remedy: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Interpreter:
    """The way to start Python on a platform: `[*argv, "-c", ...]` with `environ()`, and its names for files.

    `environment` is added to the environment, `unset` is removed from it. `drive` is the Windows drive that
    stands for the root of the host, or '' if the platform uses the host's own paths.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = PYTHON_VARIABLES
    drive: str = ""

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The complete environment of a worker, based on `base` (default: the environment of this process)."""
        inherited = os.environ if base is None else base
        kept = {name: value for name, value in inherited.items() if name not in self.unset}
        return {**kept, **self.environment}

    def guest_path(self, path: Path | str) -> str:
        """The absolute path by which the platform's Python finds the host's file `path`."""
        absolute = os.path.abspath(path)
        return self.drive + absolute.replace("/", "\\") if self.drive else absolute


class Platform(Protocol):
    """One platform that tests can run on. `cache` is the folder of all platforms (see `cache_directory`)."""

    @property
    def name(self) -> str:
        """The name in the registry and on the command line."""

    @property
    def summary(self) -> str:
        """One line for a person."""

    @property
    def stands_for(self) -> str:
        """The family that it stands for: 'linux', 'windows', or 'host' (the family of this machine)."""

    @property
    def emulator(self) -> str | None:
        """'wine', 'qemu-user', or None if Python runs natively."""

    def probe(self, cache: Path) -> Finding:
        """Check quickly whether the platform can be entered. An absent platform is a finding, not an error."""

    def setup(self, cache: Path, report: Report) -> None:
        """Set the platform up, or go on with an interrupted setup. Raises `SetupError`."""

    def install(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        """Install packages (requirements, or paths of local wheels). Raises `SetupError`."""

    def interpreter(self, cache: Path) -> Interpreter:
        """Start the programs that the platform needs, and return its interpreter. Raises `SetupError`."""

    def leave(self, cache: Path) -> None:
        """End the programs that `interpreter` started, and wait for them; without any, do nothing."""

    def clean(self, cache: Path) -> None:
        """Remove the platform's part of the cache. Raises `SetupError` while another run uses it."""
