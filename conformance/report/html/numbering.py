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


LONGEST = 4_000
"""Characters of a text that the page holds."""


class Texts(Numbering[str]):
    """Numbers for texts in the form in which the page shows them."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, int] = {}

    def of(self, value: str) -> int:
        """The number of a text."""
        number = self._known.get(value)
        if number is None:
            number = self._known[value] = super().of(shown(value))
        return number


def shown(text: str, longest: int = LONGEST) -> str:
    """``text`` without characters that cannot be seen or that turn others around, and not too long."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
