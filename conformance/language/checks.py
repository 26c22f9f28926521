"""What the syntax cannot see: names that nothing binds, calls that nothing left waiting, expectations that tie."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from conformance.engine import choose
from conformance.language.reading import nearest
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.model.errors import Mistake, Position
from conformance.tables import selectors
from conformance.tables.operations import OPERATIONS
from conformance.tables.transports import FIXTURES, GROUPS, terms

_FIXTURE_OBJECTS = {
    "nothing": (),
    "fresh": ("client", "server"),
    "bound": ("client", "server"),
    "listening": ("client", "server"),
    "queued": ("client", "server"),
    "connected": ("client", "server"),
}


def check(scenario: s.Scenario) -> list[Mistake]:
    """Every mistake of a scenario whose syntax is right."""
    mistakes = list(_fixtures(scenario))
    for case in scenario.cases:
        mistakes += _Names(scenario, case).check()
        mistakes += _ties(scenario, case)
        mistakes += _groups(case)
    if scenario.level == "platform":
        mistakes += _sources(scenario)
    if scenario.level != "measure" and not scenario.sources:
        mistakes.append(Mistake(scenario.position, 'a scenario names its sources; write "sources: […]"'))
    return sorted(set(mistakes))


def _fixtures(scenario: s.Scenario) -> Iterator[Mistake]:
    for fixture in {case.given.fixture for case in scenario.cases}:
        for transport in scenario.transports:
            if transport not in FIXTURES[fixture]:
                possible = [name for name in GROUPS if set(GROUPS[name]) <= FIXTURES[fixture]]
                yield Mistake(scenario.position, f'given "{fixture}" cannot be made on transport "{transport}"; it '
                              f"can on the groups {', '.join(possible)}")  # fmt: skip


def _sources(scenario: s.Scenario) -> Iterator[Mistake]:
    for case in scenario.cases:
        for step in case.steps:
            for alternative in step.alternatives:
                if not any(leaf.source for leaf in (alternative.outcome, *choose.leaves(alternative.outcome))):
                    yield Mistake(alternative.position, 'under "level: platform" each alternative names its source')


def _groups(case: s.Case) -> Iterator[Mistake]:
    for _, members in itertools.groupby(case.steps, key=lambda step: step.group):
        seen: set[str] = set()
        for step in members:
            if step.actor in seen:
                yield Mistake(step.position, f'"{step.actor}" does one thing at a time; give the other step to another '
                              "actor (beside it)")  # fmt: skip
            seen.add(step.actor)


def _ties(scenario: s.Scenario, case: s.Case) -> Iterator[Mistake]:
    for step in case.steps:
        if len(step.alternatives) < 2:
            continue
        for here, facts in _universe(scenario, case, step):
            found = choose.applicable(step.alternatives, here, facts)
            if len(found) > 1 and choose.most_specific(found) is None:
                names = " and ".join(f'"{"+".join(sorted(each.selector))}"' for each in found)
                yield Mistake(found[-1].position, f"{names} both hold on {facts['family']} over {facts['transport']}, "
                              "and none is the more special; join their terms with +")  # fmt: skip
                break


def _universe(scenario: s.Scenario, case: s.Case, step: s.Step) -> Iterator[tuple[frozenset[str], dict[str, Any]]]:
    """Every kind of host that the step's selectors can tell apart, on every transport of the scenario."""
    mentioned: set[str] = set().union(*(alternative.selector for alternative in step.alternatives))
    facts = [pair for pair in selectors.EXCLUSIVE if mentioned & set(pair)]
    versions = sorted(term for term in mentioned if selectors.parse_version_term(term))
    switches = itertools.product(*((term, "") for term in versions))
    for family, transport, chosen, held in itertools.product(
        selectors.FAMILIES, scenario.transports, list(itertools.product(*facts)), list(switches)
    ):
        possible = {term for term in held if term.startswith((family, "python"))}
        here = selectors.FAMILIES[family] | terms(transport) | case.terms | set(chosen) | possible
        yield frozenset(here), {"family": family, "transport": transport, "python_version": "", "kernel": ""}


class _Names:
    """Walks the steps of a case in order and keeps track of what is bound and what is parked."""

    def __init__(self, scenario: s.Scenario, case: s.Case) -> None:
        self.case = case
        self.objects = set(_FIXTURE_OBJECTS[case.given.fixture])
        if case.given.fixture == "connected" and any(name in GROUPS["listening"] for name in scenario.transports):
            self.objects.add("listener")
        self.values: set[str] = set()
        self.addresses: set[str] = set(self.objects)
        self.parked: set[tuple[str, str]] = set()
        self.guarded: set[str] = set()
        self.mistakes: list[Mistake] = []
        self.actors = {step.actor for step in case.steps} | set(scenario.actors)

    def check(self) -> list[Mistake]:
        for step in self.case.steps:
            self._uses(step)
            self._pending(step)
            self._binds(step)
        return self.mistakes

    def _add(self, position: Position, message: str) -> None:
        self.mistakes.append(Mistake(position, message))

    def _uses(self, step: s.Step) -> None:
        operation = OPERATIONS[step.operation]
        if operation.on is not None and not step.pending:
            self._object(step.using or step.actor, step)
        expected = [step.outcome, *(each.outcome for each in step.alternatives)]
        bound_here = set(_leaves_of_names(step.names))
        for value in _values_in([value for _, value in step.arguments]):
            self._value(value, step, set())
        for value in _values_in(expected):
            self._value(value, step, bound_here)

    def _value(self, value: Any, step: s.Step, also: set[str]) -> None:
        if isinstance(value, v.Object) and value.name not in also:
            self._object(step.actor if value.name == "self" else value.name, step)
        elif isinstance(value, v.AddressOf):
            self._known(value.object, self.objects | self.addresses | also, "object", step)
        elif isinstance(value, v.Saved):
            self._known(value.name, self.values | self.objects | self.addresses | also, "saved value", step)

    def _object(self, name: str, step: s.Step) -> None:
        self._known(name, self.objects | self.values, "object", step)

    def _known(self, name: str, known: set[str], what: str, step: s.Step) -> None:
        if name not in known:
            self._add(step.position, f'no step before this one makes an {what} "{name}"{nearest(name, sorted(known))}')

    def _pending(self, step: s.Step) -> None:
        key = (step.actor, step.operation)
        outcomes = [step.outcome, *(each.outcome for each in step.alternatives)]
        if step.pending:
            if key not in self.parked:
                self._add(step.position, f'no earlier step left "{step.actor}" waiting in {step.operation}; '
                          "that step needs blocks: true")  # fmt: skip
        elif any(choose.blocking(outcome) for outcome in outcomes):
            self.parked.add(key)

    def _binds(self, step: s.Step) -> None:
        operation = OPERATIONS[step.operation]
        names = list(_leaves_of_names(step.names))
        if not names and operation.makes == "socket" and step.actor not in self.objects:
            names = [step.actor] if step.operation == "socket" else []
        for name in names:
            if name in self.objects | self.values and not (step.only and name in self.guarded):
                self._add(step.position, f'the name "{name}" is already bound; give what this step makes another one')
        if step.only:
            self.guarded.update(names)
        objects = set(names) if operation.makes else set(_leaves_of_names(_rights(step.names)))
        self.objects |= objects
        self.addresses |= objects
        self.values |= set(names) - objects


def _rights(names: Any) -> Any:
    return names.get("rights") if isinstance(names, dict) else None


def _leaves_of_names(names: Any) -> Iterator[str]:
    if isinstance(names, str):
        yield names
    elif isinstance(names, list):
        for each in names:
            yield from _leaves_of_names(each)
    elif isinstance(names, dict):
        for each in names.values():
            yield from _leaves_of_names(each)


def _values_in(node: Any) -> Iterator[Any]:
    """Every dataclass of the model inside ``node``, depth first."""
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _values_in(each)
    elif is_dataclass(node) and not isinstance(node, (type, Position)):
        yield node
        for field in fields(node):
            yield from _values_in(getattr(node, field.name))
