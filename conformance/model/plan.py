"""Plans: a cell as the worker gets it, with variables replaced, guards decided, and no expectations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from conformance.model.values import Value

Names = Any
"""The shape of ``as``: a name, a list of such shapes, or a mapping of result fields to such shapes."""


@dataclass(frozen=True)
class PlanStep:
    """One step to carry out; ``number`` counts from 1 through the whole scenario, groups flattened."""

    number: int
    actor: str
    operation: str
    group: int
    group_kind: str = "single"
    pending: bool = False
    arguments: tuple[tuple[str, Value], ...] = ()
    using: Optional[str] = None
    names: Names = None
    applicable: bool = True
    repeat: int = 0
    """How often the call is made at most; the result is then a count. 0: it is made once and not counted."""
    may_block: bool = False
    for_at_least: float = 0.0
    limit: float = 5.0


@dataclass(frozen=True)
class Placement:
    """The process and host of an actor."""

    beside: Optional[str] = None
    own_process: bool = False
    unprivileged: bool = False
    byteorder: Optional[str] = None
    own_host: bool = False
    raw: bool = False
    """True if the actor uses the plain socket module, whatever the implementation under test is."""

    @property
    def has_process(self) -> bool:
        """True if the actor gets a process of its own."""
        return self.own_process or self.unprivileged


@dataclass(frozen=True)
class Given:
    """The fixture that is ready before the first step."""

    fixture: str = "nothing"
    backlog: int = 8
    options: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that a worker needs to run one cell."""

    cell: str
    transport: str
    implementation: str
    given: Given
    steps: tuple[PlanStep, ...]
    actors: dict[str, Placement] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    sysctls: dict[str, dict[str, Any]] = field(default_factory=dict)
    topology: str = ""
    """The topology, if the file names one."""
    conditions: tuple[PlanStep, ...] = ()
    """Faults that are made before the fixture; these steps have the number 0."""
    tape: Optional[str] = None
    """The tape that is played to the actors' calls, in a worker whose sockets are taped."""
