"""Which expectation applies to a step: the one whose selector implies all the others that hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from conformance.model import scenario as s
from conformance.tables import selectors
from conformance.tables.transports import TRANSPORTS, expand

_GROUP_SETS = {name: frozenset(expand(name)) for row in TRANSPORTS.values() for name in row.groups}
_CLOSURES: dict[str, frozenset[str]] = {
    **{name: row.groups | {name} for name, row in TRANSPORTS.items()},
    **{
        group: frozenset(other for other, members in _GROUP_SETS.items() if _GROUP_SETS[group] <= members) | {group}
        for group in _GROUP_SETS
    },
}


def most_specific(applicable: Sequence[s.Alternative]) -> Optional[s.Alternative]:
    """The alternative that implies all others; None where there is no such one (a tie)."""
    for candidate in applicable:
        others = (other.selector for other in applicable)
        if all(selectors.implies(candidate.selector, other, _CLOSURES) for other in others):
            return candidate
    return None


def applicable(
    alternatives: Iterable[s.Alternative], terms: frozenset[str], facts: Mapping[str, Any]
) -> list[s.Alternative]:
    """The alternatives whose selectors hold."""
    return [each for each in alternatives if selectors.holds(each.selector, terms, facts)]


def outcome_for(step: s.Step, terms: frozenset[str], facts: Mapping[str, Any]) -> s.Outcome:
    """The outcome that is expected of a step here; ties were refused when the scenario was loaded."""
    found = applicable(step.alternatives, terms, facts)
    chosen = most_specific(found) if found else None
    return chosen.outcome if chosen else step.outcome


def guard_holds(guard: s.Guard, terms: frozenset[str], facts: Mapping[str, Any]) -> bool:
    """Whether any selector of a guard holds; an empty guard always does."""
    return not guard or any(selectors.holds(selector, terms, facts) for selector in guard)


def leaves(outcome: s.Outcome) -> list[s.Outcome]:
    """The single outcomes of an outcome, ``any_of`` unfolded."""
    if isinstance(outcome.what, s.AnyOf):
        return [leaf for each in outcome.what.outcomes for leaf in leaves(each)]
    return [outcome]


def blocking(outcome: s.Outcome) -> Optional[s.Blocks]:
    """The ``blocks`` among the legal outcomes, if there is one."""
    return next((leaf.what for leaf in leaves(outcome) if isinstance(leaf.what, s.Blocks)), None)
