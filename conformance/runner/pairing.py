"""Which mutants a scenario can tell from the original at all, and which of them are tried first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model import scenario as s
from conformance.mutants import Mutant
from conformance.mutants.correct import PassThrough, WrappingModule
from conformance.worker.adapters import adapter_for

_NO_BEHAVIOUR = frozenset({"__annotations__", "__dict__", "__doc__", "__firstlineno__", "__module__", "__qualname__",
                           "__static_attributes__", "__weakref__"})  # fmt: skip
"""What Python puts into every class."""

_NOTED = frozenset({"__init__", "__enter__", "__exit__", "__del__"})
"""The special methods whose use the noting wrapper sees."""

_OVERHEAD = 0.03
"""Seconds that a cell costs on top of its own time."""


@dataclass(frozen=True)
class Witness:
    """A cell that the raw socket and the correct wrappers pass every time.

    ``used``: the attributes of the implementation that the cell uses; None if unknown, because an actor has a process
    of its own and nothing is noted there.
    """

    scenario: s.Scenario
    case: s.Case
    transport: str
    seconds: float
    used: frozenset[str] | None


def changed(mutant: Mutant) -> frozenset[str] | None:
    """The attributes that the mutant changes; None if one of them is a special method whose use nobody sees."""
    adapter = adapter_for(mutant.reference)
    if isinstance(adapter.module, WrappingModule):
        return frozenset({adapter.module.mutated})
    made = adapter.factory
    own = [set(vars(each)) - _NO_BEHAVIOUR for each in made.__mro__[: made.__mro__.index(PassThrough)]]
    names = frozenset().union(*own)
    return None if any(name.startswith("__") for name in names - _NOTED) else names


class Pairs:
    """The pairs of scenario and mutant that are worth a run, likely kills first.

    A cell that uses nothing that a mutant changes runs the same code as under the correct wrapper, so it passes: those
    pairs are left out. Of the others, a cell that uses an attribute which few cells use is the likeliest to kill.
    """

    def __init__(self, mutants: Sequence[Mutant], witnesses: Sequence[Witness]) -> None:
        self._changed = {each.name: changed(each) for each in mutants}
        self._rows = {each.name: each for each in mutants}
        self._rarity = _rarity(witnesses)
        self._cells: dict[str, dict[str, list[Witness]]] = {name: {} for name in self._rows}
        for witness in sorted(witnesses, key=lambda each: each.seconds):
            for name in self._rows:
                if self._tells(witness, name):
                    self._cells[name].setdefault(witness.scenario.id, []).append(witness)
        self._likely = {
            (name, scenario): max(self._likelihood(each, name) for each in cells)
            for name, found in self._cells.items()
            for scenario, cells in found.items()
        }

    def cells(self, mutant: str, scenario: str) -> Sequence[Witness]:
        """The cells of a scenario that can tell a mutant from the original, the quickest first."""
        return self._cells[mutant].get(scenario, ())

    def scenarios(self, mutant: str) -> list[str]:
        """The scenarios that may kill a mutant, the likeliest first."""
        return sorted(self._cells[mutant], key=lambda scenario: -self._likely[mutant, scenario])

    def mutants(self, scenario: str) -> list[Mutant]:
        """The mutants that a scenario may kill, the likeliest first."""
        names = [name for name, found in self._cells.items() if scenario in found]
        return [self._rows[name] for name in sorted(names, key=lambda name: -self._likely[name, scenario])]

    def likelihood(self, mutant: str, scenario: str) -> float:
        """How likely a kill is for its cost; only for comparison with others."""
        return self._likely[mutant, scenario]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._likely)

    def __len__(self) -> int:
        return len(self._likely)

    def _tells(self, witness: Witness, name: str) -> bool:
        names = self._changed[name]
        return names is None or witness.used is None or bool(names & witness.used)

    def _likelihood(self, witness: Witness, name: str) -> float:
        shared = (self._changed[name] or frozenset()) & (witness.used or frozenset())
        return sum(self._rarity[each] for each in shared) / (_OVERHEAD + witness.seconds)


def _rarity(witnesses: Sequence[Witness]) -> Mapping[str, float]:
    """One, divided by the number of cells that use an attribute."""
    users = Counter(name for witness in witnesses for name in witness.used or ())
    return {name: 1 / number for name, number in users.items()}
