"""What the processes of one cell tell each other: values that were saved, and addresses that objects have had."""

from __future__ import annotations

import pickle
from typing import Any

from conformance.worker.calls.scope import Scope

News = tuple[dict[str, Any], dict[str, Any]]
"""Values and addresses that the other side does not know."""


class Shared:
    """One side's account of what the other one knows."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._values: dict[str, Any] = {}
        self._addresses: dict[str, Any] = {}

    def news(self) -> News:
        """What changed here since the last time; what cannot travel stays."""
        values = {name: value for name, value in _unknown(self._scope.values, self._values).items() if _travels(value)}
        addresses = _unknown(self._scope.addresses, self._addresses)
        self._values.update(values)
        self._addresses.update(addresses)
        return values, addresses

    def take(self, news: News) -> None:
        """Takes in what the other side told."""
        values, addresses = news
        self._scope.values.update(values)
        self._scope.addresses.update(addresses)
        self._values.update(values)
        self._addresses.update(addresses)


def _unknown(mine: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in list(mine.items()) if name not in known or known[name] is not value}


def _travels(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 (an implementation's object may refuse in any way)
        return False
    return True
