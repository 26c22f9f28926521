"""What the syntax cannot see: names that nothing binds, calls that nothing left waiting, expectations that tie."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from conformance.engine import choose
from conformance.engine.evaluate import nodes_in
from conformance.language.object_owners import Peers, Processes, leaves_of_names, rights, watched
from conformance.language.reading import MAX_MISTAKES
from conformance.language.suggestions import nearest, short
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.model.cell import MEASURE
from conformance.model.errors import Mistake, Position
from conformance.tables import selectors
from conformance.tables.faults import ACTORS as FAULT_ACTORS
from conformance.tables.faults import FAULTS, ROWS
from conformance.tables.operations import SOCKET, Operation
from conformance.tables.places import HOSTS
from conformance.tables.selectors import Host
from conformance.tables.topologies import TOPOLOGIES
from conformance.tables.transports import GROUPS, terms

_FIXTURE_OBJECTS = {
    "nothing": (),
    "fresh": ("client", "server"),
    "bound": ("client", "server"),
    "listening": ("client", "server"),
    "queued": ("client", "server"),
    "connected": ("client", "server"),
}

_PLAIN = {"bool", "count", "data", "int", "ordinal", "parts", "seconds", "size", "times"}
"""Types of parameters and results that no object and no address can be."""


def check(scenario: s.Scenario) -> list[Mistake]:
    """Every mistake of a scenario that its syntax does not show; steps that could not be read are left out of it."""
    mistakes: list[Mistake] = []
    tied = _Ties(scenario)
    for case in scenario.cases:
        mistakes += _Names(scenario, case).check()
        mistakes += tied.check(case)
        mistakes += _groups(case)
        mistakes += _links(scenario, case)
        mistakes += _queues(scenario, case)
        mistakes += Processes(scenario, case).check()
        mistakes += Peers(scenario, case).check()
        if len(mistakes) >= MAX_MISTAKES:
            break
    if scenario.level == "platform":
        mistakes += _sources(scenario)
    if scenario.level != MEASURE and not scenario.sources:
        mistakes.append(Mistake(scenario.position, 'a scenario names its sources; write "sources: […]"'))
    return sorted(set(mistakes))[:MAX_MISTAKES]


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


def _links(scenario: s.Scenario, case: s.Case) -> Iterator[Mistake]:
    """Faults of a link that packets go past."""
    used = _faults(scenario, case)
    rule = next((name for name, _ in used if FAULTS[name].of_packets), None)
    for name, position in used if rule else ():
        if scenario.topology or any(place.own_host for place in scenario.actors.values()):
            yield Mistake(position, f'"{rule}" tells the packets between two hosts apart; here are more')
            return
        if FAULTS[name].of_link:
            yield Mistake(position, f'"{name}" is done to the link, and "{rule}" has packets go past it; use one of '
                          "them, or cut")  # fmt: skip


def _queues(scenario: s.Scenario, case: s.Case) -> Iterator[Mistake]:
    """Faults of which the second takes the queue of the link from the first."""
    used = [(name, position) for name, position in _faults(scenario, case) if FAULTS[name].takes_queue]
    for name, position in used:
        if name != used[0][0]:
            yield Mistake(position, f'"{name}" and "{used[0][0]}" need the same queue of the link, and one would undo '
                          'the other; use one of them, or "firewall: drop", which needs no queue')  # fmt: skip
            return


def _faults(scenario: s.Scenario, case: s.Case) -> list[tuple[str, Position]]:
    """The faults of a case, with those that its hosts have from the start."""
    conditions = [(name, scenario.position) for host in scenario.hosts.values() for name, _ in host.faults]
    return [*conditions, *((step.operation, step.position) for step in case.steps if step.operation in FAULTS)]


class _Ties:
    """Finds hosts on which two alternatives of a step hold and neither is the more special."""

    def __init__(self, scenario: s.Scenario) -> None:
        self.scenario = scenario
        self.seen: set[tuple[Position, frozenset[str]]] = set()

    def check(self, case: s.Case) -> Iterator[Mistake]:
        for step in case.steps:
            mentioned: frozenset[str] = frozenset().union(*(each.selector for each in step.alternatives))
            key = (step.position, case.terms & mentioned)
            if len(step.alternatives) > 1 and key not in self.seen:
                self.seen.add(key)
                yield from self._step(case, step, mentioned)

    def _step(self, case: s.Case, step: s.Step, mentioned: frozenset[str]) -> Iterator[Mistake]:
        alike: set[tuple[frozenset[str], str, str]] = set()
        for host in _universe(self.scenario, case, mentioned):
            here, facts = host.terms, host.facts
            same = (here & mentioned, facts["python_version"], facts["kernel"] and facts["family"] + facts["kernel"])
            if same in alike:
                continue
            alike.add(same)
            found = choose.applicable(step.alternatives, host)
            if found and choose.most_specific(found) is None:
                names = " and ".join(f'"{"+".join(sorted(each.selector))}"' for each in found)
                yield Mistake(found[-1].position, f"{names} both hold on {facts['family']} over {facts['transport']}, "
                              "and none is the more special; join their terms with +")  # fmt: skip
                return


def _universe(scenario: s.Scenario, case: s.Case, mentioned: frozenset[str]) -> Iterator[Host]:
    """Every kind of host that selectors with these terms can tell apart, on every transport of the scenario."""
    pairs = [pair for pair in selectors.EXCLUSIVE if mentioned & set(pair)]
    for family, transport, chosen, python in itertools.product(
        selectors.FAMILIES, scenario.transports, list(itertools.product(*pairs)), _versions("python", mentioned)
    ):
        here = selectors.FAMILIES[family] | terms(transport) | case.terms | set(chosen)
        for kernel in _versions(family, mentioned):
            facts = {"family": family, "transport": transport, "python_version": python, "kernel": kernel}
            yield Host(facts, here)


def _versions(what: str, mentioned: frozenset[str]) -> list[str]:
    """A version below all that the terms name ("", which is less than any), and each of those."""
    parsed = [selectors.parse_version_term(term) for term in mentioned]
    named = {each[2] for each in parsed if each is not None and each[0] == what}
    return ["", *(".".join(map(str, version)) for version in sorted(named))]


class _Names:
    """Walks the steps of a case in order and keeps track of what is bound and what is parked."""

    def __init__(self, scenario: s.Scenario, case: s.Case) -> None:
        self.case = case
        self.objects = set(_FIXTURE_OBJECTS[case.given.fixture])
        joined = scenario.transports or GROUPS["listening"]
        if case.given.fixture == "connected" and any(name in GROUPS["listening"] for name in joined):
            self.objects.add("listener")
        self.kinds: dict[str, set[str]] = {name: {"socket"} for name in self.objects}
        """What kind of object each name may be; those of received rights are not known."""
        self.values: set[str] = set()
        self.addresses: set[str] = set(self.objects)
        self.parked: dict[tuple[str, str], s.Step] = {}
        """By actor and operation, the step whose call was left waiting and has not come back since."""
        self.waits: s.Step | None = None
        """The step just before, where its call is certain to be left waiting."""
        self.guarded: set[str] = set()
        self.elsewhere = frozenset().union(*(each.terms for each in scenario.cases)) - case.terms
        """The terms that hold in other cases only."""
        self.mistakes: list[Mistake] = []
        self.actors = {"client", "server"} | {step.actor for step in case.steps} | set(scenario.actors)
        self.hosts = self.actors - set(FAULT_ACTORS)
        if scenario.topology:
            self.hosts |= set(TOPOLOGIES[scenario.topology].hosts)

    def check(self) -> list[Mistake]:
        for number, step in enumerate(self.case.steps, 1):
            if step.number != number or len(self.mistakes) >= MAX_MISTAKES:
                break  # a step before this one could not be read; what it made is unknown
            self._uses(step)
            if not step.only or any(selector.isdisjoint(self.elsewhere) for selector in step.only):
                self._pending(step)
            self._binds(step)
        return self.mistakes

    def _add(self, position: Position, message: str) -> None:
        self.mistakes.append(Mistake(position, message))

    def _uses(self, step: s.Step) -> None:
        operation = ROWS[step.operation]
        if operation.on is not None and not step.pending:
            place = step.place("using" if step.using else operation.name)
            self._object(step.using or step.actor, step, place)
            self._kind(step.using or step.actor, operation, place)
        bound_here = set(leaves_of_names(step.names))
        for value in nodes_in([value for _, value in step.arguments]):
            self._value(value, step, step.place(operation.name), set())
        for name, value in step.arguments:
            parameter = operation.parameter(name)
            if operation.kind == "fault" and parameter is not None and parameter.type == "actor":
                self._host(
                    str(getattr(value, "value", "")), step.place(operation.name if name == operation.main else name)
                )
            if parameter is not None and parameter.type in _PLAIN:
                self._plain(value, step.place(operation.name), set())
        for name in watched(step):
            self._object(name, step, step.place(operation.name))
        for outcome in (step.outcome, *(each.outcome for each in step.alternatives)):
            for value in nodes_in(outcome):
                self._value(value, step, outcome.position, bound_here)
            result = operation.result_if(bool(step.repeat))
            self._plain(_plain_results(result, outcome), outcome.position, bound_here)

    def _plain(self, node: Any, place: Position, also: set[str]) -> None:
        """Refuses ``$name`` of an object, which stands for its address, where data or a number is wanted."""
        objects = (self.objects | self.addresses) - self.values - also
        for value in nodes_in(node):
            if isinstance(value, v.Saved) and value.field is None and value.name in objects:
                self._add(place, f'"{short(value.name)}" is an object; here a value is wanted, such as a result to '
                          "which a step gave a name with as")  # fmt: skip

    def _host(self, name: str, place: Position) -> None:
        if name not in self.hosts | self.objects:
            self._add(place, f'there is no actor "{short(name)}"{nearest(name, sorted(self.hosts))}')

    def _value(self, value: Any, step: s.Step, place: Position, also: set[str]) -> None:
        if isinstance(value, v.Object) and value.name not in also:
            self._object(value.name, step, place)
        elif isinstance(value, v.AddressOf):
            name = step.actor if value.object == "self" else value.object
            self._known(name, self.objects | self.addresses | also, "object", place)
        elif isinstance(value, v.Saved):
            values = self.values | also
            self._known(value.name, values | self.objects | self.addresses, "saved value", place, values)
        elif isinstance(value, v.HostPort) and not value.verbatim and value.host not in {*HOSTS, *self.hosts}:
            name = " To have the name looked up, write {name: localhost}" if value.host == "localhost" else ""
            near = nearest(value.host, [*HOSTS, *sorted(self.hosts)])
            self._add(place, f'"{short(value.host)}" is no host and no actor{near}{name}')

    def _kind(self, name: str, operation: Operation, place: Position) -> None:
        """Whether an object is one that an operation can be used on."""
        usable, kinds = operation.usable_on, self.kinds.get(name)
        if usable and kinds and not usable & kinds:
            self._add(place, f'{operation.name} is used on a {operation.on}; "{short(name)}" is a '
                      f"{' or '.join(sorted(kinds))}")  # fmt: skip

    def _object(self, name: str, step: s.Step, place: Position) -> None:
        self._known(step.actor if name == "self" else name, self.objects | self.values, "object", place)

    def _known(self, name: str, known: set[str], what: str, place: Position, meant: set[str] | None = None) -> None:
        """Notes a name that is not known, with the nearest of those that can be ``meant``."""
        if name not in known:
            article = "a" if what.startswith("s") else "an"
            near = nearest(name, sorted(known if meant is None else meant))
            self._add(place, f'no step before this one makes {article} {what} "{short(name)}"{near}')

    def _pending(self, step: s.Step) -> None:
        key = (step.actor, step.operation)
        before, self.waits = self.waits, None
        if step.pending and key not in self.parked:
            self._add(step.place("pending"), f'no earlier step left "{step.actor}" waiting in {step.operation}; '
                      "that step needs blocks: true")  # fmt: skip
        if not step.pending and before is not None and (before.actor, before.group) == (step.actor, step.group - 1):
            self._add(step.position, f'"{step.actor}" still waits in {before.operation} of line '
                      f"{before.position.line}; no step in between could release that call")  # fmt: skip
        outcomes = [step.outcome, *(each.outcome for each in step.alternatives)]
        if any(choose.blocking(outcome) for outcome in outcomes):
            self.parked[key] = step
        elif step.pending and not step.only:
            self.parked.pop(key, None)
        if not step.only and all(isinstance(outcome.what, s.Blocks) for outcome in outcomes):
            self.waits = step

    def _binds(self, step: s.Step) -> None:
        operation = ROWS[step.operation]
        names = list(leaves_of_names(step.names))
        makes_own = operation.makes == SOCKET and operation.on is None and not step.repeat
        if not names and makes_own and step.actor not in self.objects:
            names = [step.actor]
        for name in names:
            if name in self.objects | self.values and not (step.only and name in self.guarded):
                self._add(step.place("as"), f'the name "{short(name)}" is already bound; use another one')
        if step.actor in self.objects:
            self.objects.update(operation.new_actors(step.arguments))
        if step.only:
            self.guarded.update(names)
        for name in names if operation.makes else ():
            self.kinds.setdefault(name, set()).add(operation.made)
        objects = set(names) if operation.makes else set(leaves_of_names(rights(step.names)))
        self.objects |= objects
        self.addresses |= objects
        self.values |= set(names) - objects


def _plain_results(result: Any, outcome: s.Outcome) -> list[Any]:
    """What is expected where the result, or a field of it, is data or a number."""
    if isinstance(result, str):
        return [outcome] if result in _PLAIN else []
    plain = {name for name, kind in result if kind in _PLAIN}
    records = (each for each in nodes_in(outcome) if isinstance(each, s.Record))
    return [expected for record in records for name, expected in record.fields if name in plain]
