"""Messages about a name that does not exist: the nearest known name, or what there is to choose from."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable

MAX_SHOWN = 60

LISTED = {
    "claim": "claims", "file, folder or scenario": "scenarios", "transport": "transports",
    "mutant": "mutants",
}  # fmt: skip
"""What ``conformance list`` calls the names that there may be too many of for a message."""


def nearest(name: str, known: Iterable[str], listed: str = "") -> str:
    """``; did you mean "…"?`` where a known name is near, else what there is to choose from.

    If that is much, the list of ``conformance list`` is named that holds it, where one is ``listed``.
    """
    near = _nearest(name[:MAX_SHOWN], tuple(known))
    return near or (f"; conformance list {listed} names them" if listed else "")


@functools.lru_cache(maxsize=1024)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """The answer to a name that there is not."""
    return f'no {what} "{name}"{nearest(name, names, LISTED.get(what, ""))}'


def short(text: str) -> str:
    """Text from the file as messages show it."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
