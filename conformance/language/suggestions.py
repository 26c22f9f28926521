"""Messages about a name that does not exist: the nearest known name, or what there is to choose from."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Sequence

from conformance.model.errors import printable

MAX_SHOWN = 60

LISTED = {
    "claim": "claims", "file, folder or scenario": "scenarios", "transport": "transports",
    "mutant": "mutants",
}  # fmt: skip
"""What ``conformance list`` calls the names that there may be too many of for a message."""


_MEANT = {
    "android": "linux", "mac": "darwin", "macos": "darwin", "osx": "darwin", "nt": "windows", "win": "windows",
    "win32": "windows", "win64": "windows", "localhost": "loopback", "127.0.0.1": "loopback", "::1": "loopback",
    "0.0.0.0": "any", "::": "any", "hostname": "own-name", "wait": "await", "SOCK_TCP": "SOCK_STREAM",
    "SOCK_UDP": "SOCK_DGRAM", "timeout": "TimeoutError", "socket.timeout": "TimeoutError", "Timeout": "TimeoutError",
}  # fmt: skip
"""Words that people write, and the word of the language for the same thing."""


def nearest(name: str, known: Iterable[str], listed: str = "") -> str:
    """``; did you mean "…"?`` where a known name is near, else the names if there are few.

    ``listed``: what ``conformance list`` calls these names; the message then refers to that list.
    """
    near = _nearest(name[:MAX_SHOWN], tuple(known))
    return near or (f"; conformance list {listed} names them" if listed else "")


@functools.lru_cache(maxsize=1024)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    alike = [each for each in known if each.lower() == name.lower() or each == _MEANT.get(name)]
    close = alike or difflib.get_close_matches(name, known, 1, 0.6)
    return f'; did you mean "{close[0]}"?' if close else choices(known)


def choices(known: Sequence[str]) -> str:
    """``; known: …`` where there are few enough names to list."""
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """The answer to a name that there is not."""
    return f'no {what} "{name}"{nearest(name, names, LISTED.get(what, ""))}'


def short(text: str) -> str:
    """Text of a file as messages show it: cut after 60 characters, control characters escaped."""
    return printable(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…")
