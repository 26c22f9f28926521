"""Settings of a host while a cell runs: set in the host's own namespace, and put back afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from conformance.worker.namespaces import on_host
from conformance.worker.scope import Unsupported


def change(host: Optional[int], settings: Mapping[str, Any]) -> dict[str, str]:
    """Sets these sysctls on a host; what they were. Unsupported where there is no host of our own, or no such key."""
    if host is None:
        raise Unsupported("settings can only be changed on hosts that were provisioned for the run")
    return _set(host, settings)


def restore(host: Optional[int], before: Mapping[str, str]) -> None:
    """Puts back what :func:`change` gave."""
    if host is not None and before:
        _set(host, before)


def _set(host: int, settings: Mapping[str, Any]) -> dict[str, str]:
    """/proc/sys/net shows the namespace of whoever opens it, so a thread that joined the host does this."""
    try:
        return on_host(host, lambda: _swap_all(settings))
    except OSError as error:
        raise Unsupported(f"a setting of the host cannot be changed: {error}") from None


def _swap_all(settings: Mapping[str, Any]) -> dict[str, str]:
    """Sets all or none."""
    before: dict[str, str] = {}
    try:
        for key, value in settings.items():
            before[key] = _swap(key, str(value))
    except OSError:
        for key, value in before.items():
            _swap(key, value)
        raise
    return before


def _swap(key: str, value: str) -> str:
    path = "/proc/sys/" + key.replace(".", "/")
    with open(path, encoding="ascii") as file:
        before = file.read().strip()
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
    return before
