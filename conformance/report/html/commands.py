"""The command that reproduces a cell."""

from __future__ import annotations

import shlex

from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord


def platform_argument(facts: HostFacts | None) -> str:
    """The platform to give to ``-p`` for a host like this one; ``native`` where no platform stands for it."""
    if facts is None:
        return "native"
    if facts.emulator:
        return f"windows-{facts.emulator}" if facts.family == "windows" else facts.machine
    if facts.family != "linux":
        return "native"
    major, minor = facts.python_version.split(".")[:2]
    return f"pypy{major}" if facts.python_implementation == "pypy" else f"cpython{major}.{minor}"


def reproduce(cell: CellRecord, platform: str, implementation: str) -> str:
    """The command line that runs the cell again, quoted for a shell."""
    words = ["conformance", "run", cell.scenario, "-t", cell.transport, "-p", platform, "-i", implementation]
    return shlex.join([*words, "-k", cell.case] if cell.case else words)
