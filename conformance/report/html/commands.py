"""The names under which commands know the platform of a record."""

from __future__ import annotations

from conformance.model.facts import HostFacts


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
