"""Settings of a host while a cell runs: set in the host's own namespace, and put back afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Optional

from conformance.model.errors import HarnessError
from conformance.worker.namespaces import join
from conformance.worker.scope import Unsupported


def change(host: Optional[int], settings: Mapping[str, Any]) -> dict[str, str]:
    """Sets these sysctls on a host; what they were. Unsupported where there is no host of our own, or no such key."""
    if host is None:
        raise Unsupported("settings can only be changed on hosts that were provisioned for the run")
    return _on_host(host, lambda: {key: _swap(key, str(value)) for key, value in settings.items()})


def restore(host: Optional[int], before: Mapping[str, str]) -> None:
    """Puts back what :func:`change` gave."""
    if host is not None and before:
        _on_host(host, lambda: {key: _swap(key, value) for key, value in before.items()})


def _on_host(host: int, work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Runs ``work`` in a thread that has joined the host: /proc/sys/net shows the namespace of whoever opens it."""
    results: list[dict[str, str]] = []
    errors: list[Exception] = []

    def live() -> None:
        try:
            join(host)
            results.append(work())
        except (OSError, Unsupported, HarnessError) as error:
            errors.append(error)

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    if errors:
        raise Unsupported(f"a setting of the host cannot be changed: {errors[0]}")
    return results[0]


def _swap(key: str, value: str) -> str:
    path = "/proc/sys/" + key.replace(".", "/")
    with open(path, encoding="ascii") as file:
        before = file.read().strip()
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
    return before
