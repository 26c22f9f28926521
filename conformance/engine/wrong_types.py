"""Values of a type that no socket returns: describes them for records, finds them there, and puts them into words."""

from __future__ import annotations

import re
import reprlib
from typing import Any, Optional

LONGEST = 200
"""Characters of a value's ``repr`` that are kept."""

_KEYS = {"type", "repr", "wanted"}
_NUMBER_OF_THIS_RUN = re.compile(r"\b0x[0-9a-fA-F]+")


def described(value: Any, wanted: str) -> dict[str, str]:
    """A value by its type and its ``repr``; ``wanted`` is the right kind of value: ``a count``."""
    return {"type": class_name(value), "repr": _shown(value), "wanted": wanted}


def class_name(value: Any) -> str:
    """The name of a value's class, whatever that class defines."""
    return str(type.__dict__["__name__"].__get__(type(value)))


class _Short(reprlib.Repr):
    """A ``repr`` that is bounded in depth and size, because containers may contain themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring = 4, LONGEST

    def repr_instance(self, x: Any, level: int) -> str:
        return repr(x)


def _shown(value: Any) -> str:
    try:
        text = str.__str__(_Short().repr(value))
    except BaseException as error:  # noqa: BLE001 (foreign code; nothing that it raises is a result of the call)
        text = f"its __repr__ raises {class_name(error)}"
    text = _NUMBER_OF_THIS_RUN.sub("0x…", text[: 2 * LONGEST])
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def wrong_type_in(canonical: Any) -> Optional[dict[str, str]]:
    """The first description of a value of a wrong type within a recorded result; None if there is none."""
    if isinstance(canonical, dict):
        if set(canonical) == _KEYS:
            return canonical
        canonical = list(canonical.values())
    if not isinstance(canonical, list):
        return None
    return next((found for each in canonical if (found := wrong_type_in(each))), None)


def in_words(description: dict[str, str]) -> str:
    """A described value for people: ``b'' (bytes) instead of a count``."""
    return f"{description['repr']} ({description['type']}) instead of {description['wanted']}"
