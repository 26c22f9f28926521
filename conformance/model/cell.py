"""A cell: one scenario and case on one transport under one implementation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from conformance.model import scenario as s

MEASURE = "measure"
"""The level of what is recorded and compared but never judged."""

LEVELS = ("must", "platform", MEASURE)
"""Who promises an outcome: a standard, each platform for itself, or nobody."""


@dataclass(frozen=True)
class Cell:
    """One scenario and case on one transport under one implementation."""

    scenario: s.Scenario
    case: s.Case
    transport: str
    implementation: str = "stdlib"
    tape: Optional[str] = None
    """The tape to play, in a worker whose sockets are taped."""

    @property
    def place(self) -> str:
        """Case and transport: ``case-transport``."""
        return "-".join(part for part in (self.case.name, self.transport) if part)

    @property
    def id(self) -> str:
        """The stable id: ``section/behaviour[case-transport]``, with the implementation if it is not stdlib."""
        under = f"-{self.implementation}" if self.implementation != "stdlib" else ""
        return f"{self.scenario.id}[{self.place}{under}]"

    def measures(self, step: s.Step) -> bool:
        """Whether a step is only measured."""
        return (step.level or self.scenario.level) == MEASURE
