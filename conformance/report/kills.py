"""The result of a run under mutants: which scenario killed which mutant, and which survived; also as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from conformance.engine.wording import counted

MUTANTS, SCENARIOS, BOTH = "mutants", "scenarios", "both"
"""What a run is to settle: whether each mutant is killed, whether each scenario kills one, or both."""


@dataclass(frozen=True)
class Kill:
    """The first cell of a scenario that fails under a mutant and passes under the raw socket; where, and why."""

    mutant: str
    scenario: str
    cell: str
    step: int
    line: int
    operation: str
    expected: str
    observed: str
    reason: str


@dataclass(frozen=True)
class Sensitivity:
    """The result of a run.

    ``scenarios`` are those with a cell that counts. ``pairs`` is the number of pairs of scenario and mutant in which
    the scenario uses something that the mutant changes; ``tried`` is how many of them were run.
    """

    mutants: tuple[str, ...]
    scenarios: tuple[str, ...]
    cells: int
    settled: str
    """What the run was to settle: mutants, scenarios or both."""
    pairs: int
    tried: int
    kills: tuple[Kill, ...]
    false_alarms: tuple[Kill, ...]
    unsteady: tuple[str, ...]
    """Cells that the raw socket does not pass every time; they do not count."""
    not_here: dict[str, str]
    """Scenarios of which no cell passes on this host, and why."""
    reasons: dict[str, str]
    """The ``fails_only_if`` of the scenarios that have one."""
    equivalent: dict[str, str]
    """Mutants that no scenario can kill, with the reason; they were not run."""

    def killers(self) -> dict[str, list[str]]:
        """Mutant to the scenarios that killed it."""
        return _grouped(self.mutants, ((each.mutant, each.scenario) for each in self.kills))

    def killed_by(self) -> dict[str, list[str]]:
        """Scenario to the mutants that it killed."""
        return _grouped(self.scenarios, ((each.scenario, each.mutant) for each in self.kills))

    def survivors(self) -> list[str]:
        """Mutants that no scenario killed; empty if the run was not to settle mutants."""
        return [name for name, found in self.killers().items() if not found and self.settled != SCENARIOS]

    def idle(self) -> dict[str, str]:
        """Scenarios that killed nothing, with their ``fails_only_if``, or "" if they have none.

        Empty if the run was not to settle scenarios.
        """
        if self.settled == MUTANTS:
            return {}
        return {name: self.reasons.get(name, "") for name, found in self.killed_by().items() if not found}

    def unexplained(self) -> list[str]:
        """Scenarios that killed nothing and have no ``fails_only_if``."""
        return [name for name, reason in self.idle().items() if not reason]

    def wrongly_explained(self) -> dict[str, list[str]]:
        """Scenarios that have a ``fails_only_if`` and still killed something, with what they killed."""
        return {name: found for name, found in self.killed_by().items() if found and name in self.reasons}

    def as_json(self) -> dict[str, Any]:
        """All fields and what follows from them, as JSON values."""
        return {
            **asdict(self),
            "complete": self.tried == self.pairs,
            "killers": self.killers(),
            "killed_by": self.killed_by(),
            "survivors": self.survivors(),
            "idle": self.idle(),
            "unexplained": self.unexplained(),
            "wrongly_explained": self.wrongly_explained(),
        }


def kill_lines(found: Sensitivity) -> Iterator[str]:
    """The result as text: each kill with its step, then the score, then everything that is not as it should be."""
    for name, kills in _grouped(found.mutants, ((each.mutant, each) for each in found.kills)).items():
        if kills:
            yield f"{name}: killed by {counted(len(kills), 'scenario')}"
        for each in sorted(kills, key=lambda each: each.scenario):
            yield f"    {each.scenario}, step {each.step} ({each.operation}): {each.expected}; {each.observed}"
    yield from _score(found)
    yield from (f"survived: {name}" for name in found.survivors())
    yield from (f"equivalent: {name}: {reason}" for name, reason in found.equivalent.items())
    yield from (f'kills nothing and has no "fails_only_if": {name}' for name in found.unexplained())
    for name, killed in found.wrongly_explained().items():
        yield f'kills {", ".join(killed)} although it has a "fails_only_if": {name}'
    yield from (f"false alarm: {each.cell} fails under the correct wrapper {each.mutant}, step {each.step}: "
                f"{each.observed}" for each in found.false_alarms)  # fmt: skip
    yield from (f"unsteady: {cell}" for cell in found.unsteady)


def _score(found: Sensitivity) -> Iterator[str]:
    killed, killing = ({getattr(each, name) for each in found.kills} for name in ("mutant", "scenario"))
    idle = found.idle()
    explained = sum(1 for reason in idle.values() if reason)
    total = len(found.mutants) + len(found.equivalent)
    survived = f", {len(found.survivors())} survived" if found.settled != SCENARIOS else ""
    equivalent = f" ({len(found.equivalent)} equivalent, with reasons)" if found.equivalent else ""
    yield f"{counted(total, 'mutant')}, {len(killed)} killed{survived}{equivalent}"
    yield f"{len(killing)} of {counted(len(found.scenarios), 'scenario')} killed one, {explained} say why they cannot"
    yield f"{found.tried} of {counted(found.pairs, 'pair')} that can differ were run"
    if found.not_here:
        yield f"{counted(len(found.not_here), 'more scenario')} cannot be run on this host"


def _grouped(keys: Sequence[str], pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """Each key, in order, with its distinct values in order."""
    found: dict[str, dict[Any, None]] = {key: {} for key in keys}
    for key, value in pairs:
        found[key][value] = None
    return {key: list(values) for key, values in found.items()}
