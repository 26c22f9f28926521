"""Turns a planned step into a call: evaluates arguments, resolves names, and records the result."""

from __future__ import annotations

import contextlib
import keyword
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from conformance.engine.evaluate import evaluate_data, evaluate_number, is_data, refers
from conformance.engine.wrong_types import wrong_type_in
from conformance.model import observation as o
from conformance.model import values as v
from conformance.model.errors import HarnessError, Missing, Unsupported, WrongType
from conformance.model.plan import Plan, PlanStep
from conformance.tables.faults import ROWS
from conformance.tables.operations import OF_TRANSPORT, SOCKET, Operation, Parameter
from conformance.tables.transports import Transport
from conformance.tape.player import TapePlayers
from conformance.worker.adapters.shaped import Made, ShapedAdapter, constant
from conformance.worker.adapters.stdlib import StdlibAdapter
from conformance.worker.calls.addresses import Addresses, remembered
from conformance.worker.calls.canonical import Recorder, text_of
from conformance.worker.calls.harness_operations import HarnessOperations
from conformance.worker.calls.programs import Programs
from conformance.worker.calls.scope import Scope

Call = Callable[[], o.Observation]
"""The call of one step; it raises nothing but HarnessError."""


@dataclass(frozen=True)
class Performer:
    """Makes the calls of one cell."""

    adapter: ShapedAdapter
    """The adapter of the implementation under test."""
    scope: Scope
    addresses: Addresses
    recorder: Recorder
    owners: dict[str, Any]
    """For each kind of operation the object with its methods; the adapter has the verbs."""
    raw: frozenset[str]
    """The raw peers: actors that use the plain socket module."""
    raw_owners: dict[str, Any]
    """The objects with the methods of operations for raw peers, where they are other ones."""
    players: TapePlayers

    def adapter_of(self, actor: str) -> ShapedAdapter:
        """The adapter of the sockets that an actor makes and uses."""
        adapter: ShapedAdapter = self.raw_owners["verb"] if actor in self.raw else self.adapter
        return adapter

    def things(self) -> list[tuple[ShapedAdapter, Any]]:
        """All objects that the clean-up closes, each after the adapter that made it."""
        scope, plain = self.scope, self.raw_owners["verb"]
        named = [(plain if name in scope.plain else self.adapter, each) for name, each in scope.objects.items()]
        return [*named, *scope.abandoned, *((plain, each) for each in scope.reserved)]

    def carry_out(self, step: PlanStep) -> o.Observation:
        """Makes the call of a step; returns what it did, or why it cannot be made."""
        call = self.call_of(step)
        return call() if callable(call) else call

    def call_of(self, step: PlanStep) -> Union[Call, o.Observation]:
        """The call of a step, or the observation that says why there is none."""
        try:
            return self.prepare(step)
        except Unsupported as error:
            return o.Observation(o.UNSUPPORTED, reason=str(error))
        except Missing as error:
            return o.Observation(o.NOT_RUN, reason=str(error))
        except Exception as error:
            reason = f"an argument cannot be made: {error}"
            if not refers(step.arguments):
                raise HarnessError(f"step {step.number} ({step.operation}): {reason}") from error
            return o.Observation(o.NOT_RUN, reason=reason)  # for what an earlier step saved is not what is needed

    def prepare(self, step: PlanStep) -> Call:
        """The call of a step. Missing or Unsupported where there can be none."""
        row = ROWS[step.operation]
        name = step.using or step.actor
        positional: tuple[Any, ...] = ()
        if row.on is not None:
            positional = (name,) if row.by_name else (self.scope.object(name),)
        function = self._function(row, step.actor)
        arguments = self._arguments(row, step, positional[0] if positional else None)
        observe = self._count if step.repeat else self._observe
        return lambda: observe(step, row, lambda: self._played(step, function, positional, arguments))

    def _played(
        self, step: PlanStep, function: Callable[..., Any], positional: tuple[Any, ...], arguments: Mapping[str, Any]
    ) -> Any:
        """Makes the call. If it is the implementation's and the plan has a tape, the tape is played to it."""
        if ROWS[step.operation].kind not in ("verb", "program"):
            return function(*positional, **arguments)  # the harness has sockets of its own, such as those of actors
        numbers = frozenset(self.adapter_of(step.actor).descriptor(each) for each in positional) - {-1}
        with self.players.playing(step.actor, numbers):
            return function(*positional, **arguments)

    def _function(self, operation: Operation, actor: str) -> Callable[..., Any]:
        if operation.kind == "process" and "process" not in self.owners:
            raise Missing(f"{operation.name} needs an actor that has a process of its own (process: own)")
        owners = {**self.owners, **self.raw_owners} if actor in self.raw else self.owners
        function = getattr(owners[operation.kind], python_name(operation.name), None)
        if function is None:
            raise Unsupported(f"{self.adapter_of(actor).name} has no {operation.name}")
        return function  # type: ignore[no-any-return]  # looked up by name

    def _arguments(self, row: Operation, step: PlanStep, sock: Any) -> dict[str, Any]:
        given = dict(step.arguments)
        found = {}
        for parameter in row.parameters:
            if parameter.name in given:
                value = self._argument(parameter, given[parameter.name], step, sock)
            else:
                value = _default(parameter, self.scope.transport)
            found[python_name(parameter.name)] = value
        return found

    def _argument(self, parameter: Parameter, value: Any, step: PlanStep, sock: Any) -> Any:
        if isinstance(value, v.Literal) and value.value is None:
            return None
        if parameter.type == "address":
            return self.addresses.resolve(value, step.actor, sock)
        if parameter.type in ("object", "objects", "events"):
            return self._objects(value, step.actor)
        if parameter.type == "flags":
            return _flags(value)
        if parameter.type == "option":
            return value.name
        if parameter.type in ("data", "parts"):
            parts = [evaluate_data(each, self.scope.lookup) for each in getattr(value, "items", [value])]
            return parts if isinstance(value, v.Items) else parts[0]
        return self._plain(value)

    def _objects(self, value: Any, actor: str) -> Any:
        """An object, a list of objects, or by name each object with its events."""
        if isinstance(value, v.Items):
            return [self._objects(item, actor) for item in value.items]
        if isinstance(value, v.Fields):
            pairs = [(actor if name == "self" else name, mask) for name, mask in value.fields]
            return {name: (self.scope.object(name), _flags(mask)) for name, mask in pairs}
        return self._object(value, actor)

    def _object(self, value: Any, actor: str) -> Any:
        if isinstance(value, v.Saved):
            return self.scope.lookup(value)
        return self.scope.object(actor if value.name == "self" else value.name)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, v.Items):
            return [self._plain(item) for item in value.items]
        if isinstance(value, v.Fields):
            return {name: self._plain(item) for name, item in value.fields}
        if isinstance(value, v.Symbol):
            return constant(value.name)
        if is_data(value):
            return evaluate_data(value, self.scope.lookup)
        if isinstance(value, v.Object):
            return self.scope.object(value.name)
        return evaluate_number(value, self.scope.lookup)

    def _count(self, step: PlanStep, row: Operation, function: Callable[[], Any]) -> o.Observation:
        """Makes a call up to as often as the step says; its first error ends that. Returns how many succeeded."""
        began, count, seen = time.perf_counter(), 0, o.Observation(o.RETURNED)
        while seen.kind == o.RETURNED and wrong_type_in(seen.canonical) is None and count < step.repeat:
            seen = self._observe(step, row, function)
            count += seen.kind == o.RETURNED
        if seen.kind not in (o.RETURNED, o.RAISED) or wrong_type_in(seen.canonical):
            return seen
        raw = {"count": count, "ended by": seen.raw} if seen.kind == o.RAISED else count
        return o.Observation(o.RETURNED, count, raw, round(time.perf_counter() - began, 6))

    def _observe(self, step: PlanStep, row: Operation, function: Callable[[], Any]) -> o.Observation:
        began = time.perf_counter()
        try:
            value = function()
        except Unsupported as missing:
            return o.Observation(o.UNSUPPORTED, reason=str(missing))
        except Missing as missing:
            return o.Observation(o.NOT_RUN, reason=str(missing))
        except HarnessError:
            raise
        except WrongType as wrong:
            canonical, raw = self.recorder.wrong(wrong)
            return o.Observation(o.RETURNED, canonical, raw, round(time.perf_counter() - began, 6))
        except BaseException as error:  # noqa: BLE001 (whatever an implementation raises is an observation)
            seconds = time.perf_counter() - began
            self._learn(step, row)
            canonical, raw = self.recorder.error(error)
            return o.Observation(o.RAISED, canonical, raw, round(seconds, 6))
        seconds = time.perf_counter() - began
        try:
            return self._returned(step, row, value, round(seconds, 6))
        except Exception as error:
            reason = f"the result of step {step.number} ({row.name}) cannot be recorded: {text_of(error)}"
            raise HarnessError(reason) from error

    def _returned(self, step: PlanStep, row: Operation, value: Any, seconds: float) -> o.Observation:
        names = step.names
        if isinstance(value, Made):
            if step.repeat:
                self.scope.abandon(self.adapter_of(step.actor), value.objects)
            else:
                chosen = names if names is not None else self._own_name(step, row)
                self.scope.bind(chosen, value.objects, step.actor in self.raw)
            value = value.result
            names = names if row.result != "nothing" and not row.makes else None
        self._learn(step, row)
        nothing = value is None and row.or_nothing
        canonical, raw = (None, None) if nothing else self.recorder.result(row.result, value)
        bound = self._save(names, value, canonical, raw) if names is not None else {}
        return o.Observation(o.RETURNED, canonical, raw, seconds, names=bound)

    def _own_name(self, step: PlanStep, row: Operation) -> Any:
        return step.actor if row.makes == SOCKET and step.actor not in self.scope.objects else None

    def _save(self, names: Any, value: Any, canonical: Any, raw: Any) -> dict[str, Any]:
        """Binds values by the shape of ``as`` and returns what was bound. Parts that the result lacks are left out."""
        if isinstance(names, str):
            self.scope.values[names] = value
            return {names: {"canonical": canonical, "raw": raw}}
        bound: dict[str, Any] = {}
        for key, inner in names.items() if isinstance(names, dict) else enumerate(names):
            if isinstance(names, dict) and key == "rights":
                continue  # the names of objects, which are bound already
            with contextlib.suppress(TypeError, KeyError, IndexError):
                parts = [each[key] if each is not None else None for each in (value, canonical, raw)]
                bound.update(self._save(inner, *parts))
        return bound

    def _learn(self, step: PlanStep, row: Operation) -> None:
        """Remembers addresses: they outlive their sockets."""
        if row.gives_address:
            for name, thing in self.scope.sockets():
                if name not in self.scope.addresses or name in (step.using, step.actor):
                    self.learn_address(name, thing)

    def learn_address(self, name: str, thing: Any) -> None:
        """Remembers the address of one object, if it has one now."""
        try:
            address = remembered(thing.getsockname())
        except Exception:  # noqa: BLE001 (no address is no mistake: closed, a file, or not supported)
            return
        if address and not (isinstance(address, tuple) and address[1] == 0):
            self.scope.addresses[name] = address

    def restore(self) -> None:
        """Restores what the steps of the plan changed for the whole process."""
        for name, actor in dict.fromkeys((step.operation, step.actor) for step in self.scope.plan.steps):
            row = ROWS[name]
            if row.restored_by is not None:
                with contextlib.suppress(Exception):  # an implementation that has no such thing changed nothing
                    self._function(row, actor)(**dict(row.restored_by))


@dataclass(frozen=True)
class Vantage:
    """What a process knows of its cell: the folder, the addresses of hosts, and which actor lives on which host."""

    folder: str
    hosts: Mapping[str, str]
    host_of: Mapping[str, str]
    namespaces: Mapping[str, Optional[int]]
    """The descriptor of each host's namespace; None where the host has none."""
    tag: str = "s"
    """The prefix of the names that this process makes up; each process has another."""


def performer_on(plan: Plan, adapter: ShapedAdapter, at: Vantage, also: Mapping[str, Any]) -> Performer:
    """A performer with a scope of its own. ``also``: objects for the kinds of operations that not every process has."""
    scope = Scope(plan, at.folder, dict(at.hosts))
    return Performer(
        adapter=adapter,
        scope=scope,
        addresses=Addresses(scope, at.host_of, at.namespaces, at.tag),
        recorder=Recorder(scope),
        owners={**_owners(adapter, scope), **also},
        raw=raw_peers(plan),
        raw_owners=_owners(StdlibAdapter(), scope),
        players=TapePlayers(plan.tape),
    )


def _owners(adapter: ShapedAdapter, scope: Scope) -> dict[str, Any]:
    return {"verb": adapter, "program": Programs(adapter, scope), "harness": HarnessOperations(adapter, scope)}


def raw_peers(plan: Plan) -> frozenset[str]:
    """The actors of a plan that use the plain socket module, and those that they fork."""
    raw = {name for name, place in plan.actors.items() if place.raw}
    for step in plan.steps:
        raw.update(ROWS[step.operation].new_actors(step.arguments) if step.actor in raw else ())
    return frozenset(raw)


def python_name(name: str) -> str:
    """The name of a row or parameter as a Python identifier: ``await_``, ``from_``."""
    return name + "_" if keyword.iskeyword(name) else name


def _default(parameter: Parameter, transport: Transport) -> Any:
    if parameter.default is OF_TRANSPORT:
        return constant(getattr(transport, parameter.name) or _WITHOUT_TRANSPORT[parameter.name])
    return 0 if parameter.type == "flags" else parameter.default


_WITHOUT_TRANSPORT = {"family": "AF_INET", "type": "SOCK_STREAM"}


def _flags(value: Any) -> int:
    total = 0
    for item in value.items:
        total |= constant(item.name)
    return total
