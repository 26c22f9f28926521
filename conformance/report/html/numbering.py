"""Numbers for values, so that the page holds each text, step and behaviour once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Numbering(Generic[Value]):
    """Gives each different value a number, counted from 0 in the order in which the values come."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}

    def of(self, value: Value) -> int:
        """The number of a value; a new value gets the next one."""
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Value]:
        """All values, each at the place of its number."""
        return list(self._numbers)

    def __contains__(self, value: Value) -> bool:
        return value in self._numbers
