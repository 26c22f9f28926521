"""The two families of our exceptions. Errors of an implementation are observations, never one of these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def printable(text: str) -> str:
    """Text whose control and unprintable characters are written as escapes: ``\\x1b``, ``\\u202e``."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake of a scenario's author, with its place; the message has the remedy, if there is one."""

    position: Position
    message: str

    def __str__(self) -> str:
        return printable(f"{self.position}: {self.message}")


class ScenarioError(Exception):
    """All of the author's mistakes in a file, in its order."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class RecordError(Exception):
    """A record cannot be read: the message names the file, the line if known, and the remedy."""


class HarnessError(Exception):
    """The harness or its environment failed: the cell is inconclusive, never passed or failed."""


class RecordInUse(HarnessError):  # noqa: N818 (the user started two runs; the message says so)
    """Another run is writing the same record."""


class FixtureFailed(HarnessError):  # noqa: N818 (the judge decides whose error this is)
    """A call raised or hung while the fixture was made; the implementation's failure if the raw socket can make it.

    ``call``: the call and its actor; ``hung``: it neither returned nor raised; ``traceback``: the implementation's own
    frames.
    """

    def __init__(self, message: str, call: str = "", hung: bool = False, traceback: str = "") -> None:
        self.call, self.hung, self.traceback = call, hung, traceback
        super().__init__(message)


class Unsupported(Exception):  # noqa: N818 (an outcome: the platform or the implementation lacks something)
    """The platform or the implementation lacks something; the message names it."""


class WrongType(Exception):  # noqa: N818 (an outcome: the call returned)
    """An implementation returned a value of a type that no socket returns; ``wanted``: the right kind of value."""

    def __init__(self, value: object, wanted: str) -> None:
        super().__init__(f"returned something other than {wanted}")
        self.value = value
        self.wanted = wanted


class Missing(Exception):  # noqa: N818 (an outcome: an earlier step did not make what this one needs)
    """An object or value that an earlier step should have made is not there."""
