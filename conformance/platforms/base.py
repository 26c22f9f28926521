"""The nouns of a platform: what a probe finds, how Python is started there, and a platform's interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Report = Callable[[str], None]
"""Receives one line of progress, without a line end."""

PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__")
"""Variables of the controller's Python that would mislead another one."""


class SetupError(Exception):
    """A platform cannot be provisioned or entered: the `reason`, and a `remedy` for a person (or '')."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} ({remedy})" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    """What a probe found.

    `detail` describes the platform or says why it is absent, `remedy` is a command or advice (or ''),
    `facts` are what its Python stated: implementation, python, machine, byteorder, bits, os, and more.
    """

    available: bool
    detail: str
    remedy: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Interpreter:
    """How to start Python on a platform, `[*argv, "-c", ...]` with `environ()`, and how it names files.

    `environment` is added to the environment, `unset` is removed from it; `drive` is '' where
    paths are the host's own, else the Windows drive under which the host's root is found.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = PYTHON_VARIABLES
    drive: str = ""

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The complete environment of a worker, made from `base` (default: this process's)."""
        inherited = os.environ if base is None else base
        kept = {name: value for name, value in inherited.items() if name not in self.unset}
        return {**kept, **self.environment}

    def guest_path(self, path: Path | str) -> str:
        """The name under which the platform's Python finds the host's file `path` (made absolute)."""
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
        """The family whose expectations apply: 'linux', 'windows', or 'host' (what this machine is)."""

    @property
    def emulator(self) -> str | None:
        """'wine', 'qemu-user', or None where Python runs natively."""

    def probe(self, cache: Path) -> Finding:
        """Say in well under a second whether the platform can be entered; never raises for an absence."""

    def setup(self, cache: Path, report: Report) -> None:
        """Provision the platform; idempotent and resumable. Raises `SetupError`."""

    def install(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        """Put packages (requirements, or paths of local wheels) into it. Raises `SetupError`."""

    def interpreter(self, cache: Path) -> Interpreter:
        """Enter the platform (start what it needs) and say how to start Python. Raises `SetupError`."""

    def leave(self, cache: Path) -> None:
        """End what entering left running, and wait for it; harmless when nothing was entered."""

    def clean(self, cache: Path) -> None:
        """Remove the platform's part of the cache. Raises `SetupError` while another run uses it."""
