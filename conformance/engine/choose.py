"""Chooses the expectation of a step: the alternative whose selector implies every other one that holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional

from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.tables import selectors
from conformance.tables.selectors import Host
from conformance.tables.transports import TRANSPORTS, expand, terms

_GROUP_SETS = {name: frozenset(expand(name)) for row in TRANSPORTS.values() for name in row.groups}
_CLOSURES: dict[str, frozenset[str]] = {
    **{name: row.groups | {name} for name, row in TRANSPORTS.items()},
    **{
        group: frozenset(other for other, members in _GROUP_SETS.items() if _GROUP_SETS[group] <= members) | {group}
        for group in _GROUP_SETS
    },
}


def most_specific(applicable: Sequence[s.Alternative]) -> Optional[s.Alternative]:
    """The alternative that implies all others; None if none does (a tie)."""
    for candidate in applicable:
        others = (other.selector for other in applicable)
        if all(selectors.implies(candidate.selector, other, _CLOSURES) for other in others):
            return candidate
    return None


def here(cell: Cell, host: Host) -> Host:
    """The host with the terms of the cell's transport and case."""
    return host.also(terms(cell.transport) | cell.case.terms)


def applicable(alternatives: Iterable[s.Alternative], host: Host) -> list[s.Alternative]:
    """The alternatives whose selectors hold."""
    return [each for each in alternatives if host.holds(each.selector)]


def alternative_for(step: s.Step, host: Host) -> Optional[s.Alternative]:
    """The alternative that is expected of a step on this host; None for the usual outcome. The loader refused ties."""
    found = applicable(step.alternatives, host)
    return most_specific(found) if found else None


def outcome_for(step: s.Step, host: Host) -> s.Outcome:
    """The outcome that is expected of a step on this host."""
    chosen = alternative_for(step, host)
    return chosen.outcome if chosen else step.outcome


def guard_holds(guard: s.Guard, host: Host) -> bool:
    """Whether any selector of a guard holds; an empty guard always does."""
    return not guard or any(host.holds(selector) for selector in guard)


def leaves(outcome: s.Outcome) -> list[s.Outcome]:
    """The single outcomes of an outcome, ``any_of`` unfolded."""
    if isinstance(outcome.what, s.AnyOf):
        return [leaf for each in outcome.what.outcomes for leaf in leaves(each)]
    return [outcome]


def blocking(outcome: s.Outcome) -> Optional[s.Blocks]:
    """The ``blocks`` among the legal outcomes; None if there is none."""
    return next((leaf.what for leaf in leaves(outcome) if isinstance(leaf.what, s.Blocks)), None)
