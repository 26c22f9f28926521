"""Which wrong implementations a scenario can tell from the original at all, and which of them are tried first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model import scenario as s
from conformance.mutants import WrongImplementation
from conformance.mutants.correct import PassThrough
from conformance.worker.adapters import adapter_for

_NO_BEHAVIOUR = frozenset({"__annotations__", "__dict__", "__doc__", "__firstlineno__", "__module__", "__qualname__",
                           "__static_attributes__", "__weakref__"})  # fmt: skip
"""What Python puts into every class."""

_OVERHEAD = 0.03
"""Seconds that a cell costs beside what it lasts."""


@dataclass(frozen=True)
class Witness:
    """A cell that the raw socket and the correct wrappers pass, every time.

    ``used``: the attributes of the implementation that it uses; None where that was not seen, since actors with a
    process of their own note nothing in the worker's.
    """

    scenario: s.Scenario
    case: s.Case
    transport: str
    seconds: float
    used: frozenset[str] | None


def changed(implementation: WrongImplementation) -> frozenset[str] | None:
    """The attributes that it has of its own; None where special methods are among them that nobody sees used."""
    made = adapter_for(implementation.reference).factory
    own = [set(vars(each)) - _NO_BEHAVIOUR for each in made.__mro__[: made.__mro__.index(PassThrough)]]
    names = frozenset().union(*own)
    return None if any(name.startswith("__") and name != "__init__" for name in names) else names


class Pairs:
    """The pairs of scenario and wrong implementation worth a run, likely catches first.

    A cell that uses nothing of what an implementation changes runs the very same code as under the correct wrapper, so
    that it passes too: such pairs are left out. Of the others those are likely whose cell uses what few cells use.
    """

    def __init__(self, implementations: Sequence[WrongImplementation], witnesses: Sequence[Witness]) -> None:
        self._changed = {each.name: changed(each) for each in implementations}
        self._rows = {each.name: each for each in implementations}
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

    def cells(self, implementation: str, scenario: str) -> Sequence[Witness]:
        """The cells of a scenario that can tell an implementation from the original, the quickest first."""
        return self._cells[implementation].get(scenario, ())

    def scenarios(self, implementation: str) -> list[str]:
        """The scenarios that may catch an implementation, the likeliest first."""
        return sorted(self._cells[implementation], key=lambda scenario: -self._likely[implementation, scenario])

    def implementations(self, scenario: str) -> list[WrongImplementation]:
        """The implementations that a scenario may catch, the likeliest first."""
        names = [name for name, found in self._cells.items() if scenario in found]
        return [self._rows[name] for name in sorted(names, key=lambda name: -self._likely[name, scenario])]

    def likelihood(self, implementation: str, scenario: str) -> float:
        """How likely a catch is, for what it costs; to be compared only."""
        return self._likely[implementation, scenario]

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
