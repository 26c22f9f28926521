"""A scenario as loaded: its steps per case, the outcome expected of each, and the place of everything in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from conformance.model.errors import Position
from conformance.model.plan import Given, Names, Placement
from conformance.model.values import Value


@dataclass(frozen=True)
class Anything:
    """Any result."""


@dataclass(frozen=True)
class Exactly:
    """This value and no other."""

    value: Value


@dataclass(frozen=True)
class OneOf:
    """Any of these."""

    options: tuple[Expected, ...]


@dataclass(frozen=True)
class Not:
    """Anything but this."""

    expected: Expected


@dataclass(frozen=True)
class Range:
    """A number within these bounds, both included."""

    low: Optional[Value] = None
    high: Optional[Value] = None


@dataclass(frozen=True)
class PrefixOf:
    """A non-empty prefix of this data."""

    data: Value


@dataclass(frozen=True)
class SizeIs:
    """Data of this many bytes."""

    size: Expected


@dataclass(frozen=True)
class Record:
    """A result with these fields; fields that are not listed are free."""

    fields: tuple[tuple[str, Expected], ...]


@dataclass(frozen=True)
class Sequence:
    """A list with exactly these items."""

    items: tuple[Expected, ...]


Expected = Union[Anything, Exactly, OneOf, Not, Range, PrefixOf, SizeIs, Record, Sequence]


@dataclass(frozen=True)
class ExpectedError:
    """An error by canonical name, by class, or by both."""

    name: Optional[str] = None
    cls: Optional[str] = None


@dataclass(frozen=True)
class Returns:
    """The step returns, with this result."""

    expected: Expected


@dataclass(frozen=True)
class Raises:
    """The step raises one of these errors."""

    errors: tuple[ExpectedError, ...]


@dataclass(frozen=True)
class Blocks:
    """The step waits: at least so long, and with at most so much processor time, if stated."""

    for_at_least: float = 0.0
    cpu_at_most: Optional[float] = None


@dataclass(frozen=True)
class Dies:
    """The actor's process is ended by this signal."""

    signal: str


@dataclass(frozen=True)
class AnyOf:
    """Any of these outcomes."""

    outcomes: tuple[Outcome, ...]


OBSERVED = "observed"

BASES = {
    OBSERVED: "a run there showed it",
    "documented": "the platform's documentation states it",
    "source-code": "it was read in the platform's source code",
    "inferred": "it follows from the source, which does not state it",
}
"""How an alternative is known to hold, the surest first."""


@dataclass(frozen=True)
class Outcome:
    """What a step may do, how long it may last, and the source of that."""

    what: Union[Returns, Raises, Blocks, Dies, AnyOf]
    position: Position
    lasts: Optional[Range] = None
    source: Optional[str] = None
    basis: Optional[str] = None
    """How the outcome is known to hold: one of ``BASES``."""


Term = str
Selector = frozenset[Term]
"""All of these terms."""
Guard = tuple[Selector, ...]
"""Any of these selectors; empty: everywhere."""


@dataclass(frozen=True)
class Alternative:
    """An outcome that replaces the usual one where the selector applies."""

    selector: Selector
    outcome: Outcome
    position: Position


@dataclass(frozen=True)
class Step:
    """One operation by one actor, and what it may do."""

    number: int
    actor: str
    operation: str
    group: int
    group_kind: str
    pending: bool
    arguments: tuple[tuple[str, Value], ...]
    using: Optional[str]
    names: Names
    outcome: Outcome
    alternatives: tuple[Alternative, ...]
    only: Guard
    measures: Optional[str]
    limit: Optional[float]
    level: Optional[str]
    position: Position
    repeat: int = 0
    """How often the call is made at most; the result is then a count. 0: it is made once and not counted."""
    places: tuple[tuple[str, Position], ...] = ()
    """The place of each key of the action: the operation, ``using``, ``as`` and so on."""

    def place(self, key: str) -> Position:
        """The place of a key of the action; the place of the step if the key is missing."""
        return dict(self.places).get(key, self.position)


@dataclass(frozen=True)
class HostSettings:
    """Settings of the host on which the actor of the same name lives, and the faults that it has from the start."""

    sysctls: dict[str, Any]
    faults: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...] = ()
    """Each with its arguments."""


@dataclass(frozen=True)
class Case:
    """One row of a parametrised scenario, or the whole of an ordinary one (``name`` is then empty)."""

    name: str
    terms: frozenset[str]
    given: Given
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Scenario:
    """One scenario file."""

    id: str
    path: Path
    digest: str
    summary: str
    why: str
    fails_only_if: str
    """What would make it fail, if no implementation can; empty otherwise."""
    level: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]
    tags: tuple[str, ...]
    formerly: tuple[str, ...]
    transports: tuple[str, ...]
    actors: dict[str, Placement]
    hosts: dict[str, HostSettings]
    needs: tuple[str, ...]
    only: Guard
    limit: Optional[float]
    cases: tuple[Case, ...]
    position: Position
    topology: str = ""
    """Its topology, if it names one."""

    def cells(self) -> list[tuple[Case, str]]:
        """Each case on each transport, in the order written."""
        return [(case, transport) for case in self.cases for transport in self.transports]
