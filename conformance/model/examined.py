"""The findings of a worker about an implementation before the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

OWN, PLAIN = "own", "plain"
"""Two kinds of sockets that an operation can give: the implementation's, and Python's plain ones."""

_UNTESTED = {"accept": "the server's side of connections", "dup": "duplicates", "socketpair": "pairs"}
"""The parts that are not tested if an operation gives plain sockets."""


@dataclass(frozen=True)
class Examined:
    """The findings so far; ``doing`` is empty in the last ones.

    A worker sends its findings before each part of the examination, since that part may hang or end the process.
    """

    implementation: str
    doing: str = ""
    reason: str = ""
    """Why the implementation cannot be used; empty if it can."""
    remedy: str = ""
    absent: str = ""
    """The library that is not installed, if that is the reason."""
    path: Optional[str] = None
    """The file of the module that was imported."""
    version: Optional[str] = None
    """The version of the distribution that this file belongs to."""
    gives: Mapping[str, str] = field(default_factory=dict)
    """Operation to ``OWN`` or ``PLAIN``."""
    raised: Mapping[str, str] = field(default_factory=dict)
    """Operation to its error, or to another way in which it failed."""

    @property
    def mistake(self) -> str:
        """The line that refuses the implementation; empty if it can be used."""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"the implementation {self.implementation} cannot be used: {self.reason}{remedy}" if self.reason else ""

    @property
    def note(self) -> str:
        """The line that names the parts that a run will not test; empty if it tests all."""
        plain = [name for name, kind in self.gives.items() if kind == PLAIN]
        notes = [f"{name}() {failure}, so cells that need it will not pass" for name, failure in self.raised.items()]
        if plain:
            calls = " and ".join(f"{each}()" for each in plain)
            lost = " and ".join(_UNTESTED[each] for each in plain)
            verb = "gives plain sockets" if len(plain) == 1 else "give plain sockets"
            notes.append(f"{calls} {verb}, so this run does not test {lost} (see docs/implementations.md)")
        return f"{self.implementation}: {'; '.join(notes)}" if notes else ""
