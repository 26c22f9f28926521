"""Changes settings of a host of our own, in its namespace, before the fixture is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from conformance.model.errors import Unsupported
from conformance.worker.network.namespaces import on_host


def change(host: Optional[int], settings: Mapping[str, Any]) -> None:
    """Sets these sysctls on a host. Unsupported if it is not a host of ours, or has no such key."""
    if host is None:
        raise Unsupported("settings can only be changed on hosts that were provisioned for the run")
    try:
        on_host(host, lambda: _set_all(settings))
    except OSError as error:
        raise Unsupported(f"a setting of the host cannot be changed: {error}") from None


def _set_all(settings: Mapping[str, Any]) -> None:
    """Called in a thread that joined the host: /proc/sys/net shows the namespace of the thread that opens it."""
    for key, value in settings.items():
        with open("/proc/sys/" + key.replace(".", "/"), "w", encoding="ascii") as file:
            file.write(str(value))
