"""Saved values, and addresses of objects, that the processes of one cell send each other."""

from __future__ import annotations

import pickle
from typing import Any

from conformance.worker.calls.scope import Scope

News = tuple[dict[str, Any], dict[str, Any]]
"""Values and addresses that the other side does not have."""


class Shared:
    """One side of an exchange: remembers what the other side has."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._values: dict[str, Any] = {}
        self._addresses: dict[str, Any] = {}

    def news(self) -> News:
        """The changes since the last call; values that cannot be pickled are left out."""
        values = {name: value for name, value in _unknown(self._scope.values, self._values).items() if _travels(value)}
        addresses = _unknown(self._scope.addresses, self._addresses)
        self._values.update(values)
        self._addresses.update(addresses)
        return values, addresses

    def take(self, news: News) -> None:
        """Takes over changes from the other side."""
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
    except Exception:  # noqa: BLE001 (an implementation's object may raise anything)
        return False
    return True
