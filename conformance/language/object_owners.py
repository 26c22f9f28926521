"""Who has which object: the processes in which a name is known, and which side of a raw peer made its object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.engine.evaluate import nodes_in
from conformance.language.suggestions import short
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.model.errors import Mistake
from conformance.tables.faults import ACTORS as FAULT_ACTORS
from conformance.tables.faults import ROWS, SYSTEM
from conformance.tables.operations import SOCKET, Operation


def _targets(operation: Operation, step: s.Step) -> set[str]:
    """The actors whose processes a fault of the system is done to."""
    if getattr(operation, "by", None) != SYSTEM:
        return set()
    taken = {each.name for each in operation.parameters if each.type == "actor"}
    return {str(getattr(value, "value", "")) for name, value in step.arguments if name in taken}


class Processes:
    """Follows which process has which object, and finds steps that use one of another process."""

    def __init__(self, scenario: s.Scenario, case: s.Case) -> None:
        self.scenario, self.case = scenario, case
        self.homes = {name: self._home(name) for name in scenario.actors}
        """By actor, the actor that leads its process; ``""`` is the worker's own process."""
        listener = self.homes.get("server", "")
        self.holders = {name: {self.homes.get(name, "")} for name in ("client", "server")} | {"listener": {listener}}
        """By object, the processes that have it."""

    def check(self) -> Iterator[Mistake]:
        """The mistakes of the case."""
        for step in self.case.steps:
            home = self.homes.get(step.actor, "")
            operation = ROWS[step.operation]
            for name in sorted({step.actor} if operation.kind == "process" else _targets(operation, step)):
                if not self.homes.get(name):
                    yield Mistake(step.place(step.operation), f"{step.operation} is for an actor with a process of its "
                                  f"own; write actors: {{{name}: {{process: own}}}}")  # fmt: skip
            for name in () if step.pending or step.actor in FAULT_ACTORS else _used(step):
                if home not in self.holders.get(name, {home}):
                    yield Mistake(step.position, f'"{step.actor}" has a process of its own, in which there is no '
                                  f'"{short(name)}"; pass it on by sendmsg with rights, or by fork')  # fmt: skip
            self._makes(step, home)

    def _home(self, name: str) -> str:
        places, seen = self.scenario.actors, set[str]()
        while name in places and name not in seen and places[name].beside:
            seen.add(name)
            name = str(places[name].beside)
        place = places.get(name)
        return name if place is not None and place.has_process else ""

    def _makes(self, step: s.Step, home: str) -> None:
        operation = ROWS[step.operation]
        for name in leaves_of_names(step.names if operation.makes else rights(step.names)):
            self.homes.setdefault(name, home)
            self.holders.setdefault(name, set()).add(home)
        if operation.makes == "socket":
            self.holders.setdefault(step.actor, set()).add(home)
        for child in _forked(operation, step):
            self.homes[child] = child
            self.holders[child] = {child}
            for holders in self.holders.values():
                holders |= {child} if home in holders else set()


class Peers:
    """Follows which objects the raw peers made, and finds steps that mix them with those of the implementation."""

    def __init__(self, scenario: s.Scenario, case: s.Case) -> None:
        self.case = case
        self.raw = {name for name, place in scenario.actors.items() if place.raw}
        self.made = {name: name in self.raw for name in ("client", "server")} | {"listener": "server" in self.raw}
        """By object, whether a raw peer made it. What the harness makes, such as locks and pipes, is anybody's."""

    def check(self) -> Iterator[Mistake]:
        """The mistakes of the case."""
        for step in self.case.steps if self.raw else ():
            operation, raw = ROWS[step.operation], step.actor in self.raw
            for name in () if step.pending or step.actor in FAULT_ACTORS else _used(step):
                if self.made.get(name, raw) != raw:
                    one, other = ("raw peer", "implementation") if raw else ("implementation", "raw peer")
                    yield Mistake(step.position, f'"{step.actor}" is of the {one}, and "{short(name)}" of the {other}; '
                                  f"both must say peer: raw under actors, or neither")  # fmt: skip
            if operation.kind == "verb":
                for name in leaves_of_names(step.names if operation.makes else rights(step.names)):
                    self.made.setdefault(name, raw)
                if operation.makes == SOCKET:
                    self.made.setdefault(step.actor, raw)
            self.raw |= _forked(operation, step) if raw else set()


def _used(step: s.Step) -> Iterator[str]:
    """The objects that a step is done to or with."""
    if ROWS[step.operation].on is not None:
        yield step.using or step.actor
    for value in nodes_in([value for _, value in step.arguments if not isinstance(value, v.HostPort)]):
        if isinstance(value, v.Object):  # but not one whose port is part of an address
            yield step.actor if value.name == "self" else value.name
    for name in watched(step):
        yield step.actor if name == "self" else name


def watched(step: s.Step) -> Iterator[str]:
    """The objects whose events a step asks for, as written."""
    for name, value in step.arguments:
        parameter = ROWS[step.operation].parameter(name)
        if parameter is not None and parameter.type == "events" and isinstance(value, v.Fields):
            yield from (watched for watched, _ in value.fields)


def _forked(operation: Operation, step: s.Step) -> set[str]:
    """The actors that begin their lives in a step."""
    given = {str(getattr(value, "value", "")) for _, value in step.arguments}
    return given if operation.kind == "process" and operation.main == "actor" else set()


def rights(names: Any) -> Any:
    """What ``as`` names the descriptors that a message brings."""
    return names.get("rights") if isinstance(names, dict) else None


def leaves_of_names(names: Any) -> Iterator[str]:
    """Every name in the shape of ``as``."""
    if isinstance(names, str):
        yield names
    elif isinstance(names, list):
        for each in names:
            yield from leaves_of_names(each)
    elif isinstance(names, dict):
        for each in names.values():
            yield from leaves_of_names(each)
