"""From a planned step to a call that an actor can make: arguments evaluated, names resolved, results written down."""

from __future__ import annotations

import keyword
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from conformance.engine.evaluate import evaluate_data, evaluate_number, is_data
from conformance.model import observation as o
from conformance.model import values as v
from conformance.model.errors import HarnessError, Missing, Unsupported
from conformance.model.plan import Plan, PlanStep
from conformance.tables.faults import ROWS
from conformance.tables.operations import Operation, Parameter
from conformance.tables.transports import Transport
from conformance.tape.player import TapePlayers
from conformance.worker.adapters.shaped import Made, ShapedAdapter, constant
from conformance.worker.calls.addresses import Addresses, remembered
from conformance.worker.calls.canonical import Recorder
from conformance.worker.calls.harness_operations import HarnessOperations
from conformance.worker.calls.programs import Programs
from conformance.worker.calls.scope import Scope

Call = Callable[[], o.Observation]
"""What an actor does for one step; it raises nothing but HarnessError."""

_NAMED_BY_OBJECT = ("forget",)
_LEARNS_ADDRESS = frozenset(["bind", "connect", "connect_ex", "accept", "listen", "sendto", "socket_from", "dup"])


@dataclass(frozen=True)
class Performer:
    """Makes the calls of one cell."""

    adapter: ShapedAdapter
    scope: Scope
    addresses: Addresses
    recorder: Recorder
    owners: dict[str, Any]
    """Kind of operation to the object whose methods do them; the verbs are the adapter's."""
    players: TapePlayers

    def carry_out(self, step: PlanStep) -> o.Observation:
        """What a step did, or why it cannot be done here."""
        call = self.call_of(step)
        return call() if callable(call) else call

    def call_of(self, step: PlanStep) -> Union[Call, o.Observation]:
        """The call of a step, or why it cannot even be made."""
        try:
            return self.prepare(step)
        except Unsupported as error:
            return o.Observation(o.UNSUPPORTED, reason=str(error))
        except Missing as error:
            return o.Observation(o.NOT_RUN, reason=str(error))
        except (TypeError, KeyError, ValueError, OSError) as error:
            return o.Observation(o.NOT_RUN, reason=f"an argument cannot be made: {error}")

    def prepare(self, step: PlanStep) -> Call:
        """The call of a step; Missing or Unsupported where it cannot even be made."""
        operation = ROWS[step.operation]
        name = step.using or step.actor
        positional: tuple[Any, ...] = ()
        if operation.on is not None:
            positional = (name,) if operation.name in _NAMED_BY_OBJECT else (self.scope.object(name),)
        function = self._function(operation)
        target = positional[0] if positional else None
        arguments = self._arguments(operation, step, target)
        del target

        def call() -> o.Observation:
            return self._observe(
                step, operation, lambda: self._played(step, operation, function, positional, arguments)
            )

        return call

    def _played(
        self, step: PlanStep, operation: Operation, function: Callable[..., Any], positional: tuple[Any, ...],
        arguments: Mapping[str, Any],
    ) -> Any:  # fmt: skip
        """The call itself; where it is the implementation's, a tape is played to it, if there is one."""
        if operation.kind not in ("verb", "program"):
            return function(*positional, **arguments)  # the harness has sockets of its own, such as those of actors
        numbers = frozenset(self.adapter.descriptor(each) for each in positional) - {-1}
        with self.players.playing(step.actor, numbers):
            return function(*positional, **arguments)

    def _function(self, operation: Operation) -> Callable[..., Any]:
        if operation.kind == "process" and "process" not in self.owners:
            raise Missing(f"{operation.name} needs an actor that has a process of its own (process: own)")
        function = getattr(self.owners[operation.kind], python_name(operation.name), None)
        if function is None:
            raise Unsupported(f"{self.adapter.name} has no {operation.name}")
        return function  # type: ignore[no-any-return]  # looked up by name

    def _arguments(self, operation: Operation, step: PlanStep, sock: Any) -> dict[str, Any]:
        given = dict(step.arguments)
        found = {}
        for parameter in operation.parameters:
            if parameter.name in given:
                value = self._argument(parameter, given[parameter.name], step, sock)
            else:
                value = _default(operation, parameter, self.scope.transport)
            found[python_name(parameter.name)] = value
        if operation.name == "getsockopt":
            found["option"] = getattr(given["option"], "name", "")
        return found

    def _argument(self, parameter: Parameter, value: Any, step: PlanStep, sock: Any) -> Any:
        kind = parameter.type
        if isinstance(value, v.Literal) and value.value is None:
            return None
        if kind == "data":
            return evaluate_data(value, self.scope.lookup)
        if kind == "parts" and isinstance(value, v.Items):
            return [evaluate_data(part, self.scope.lookup) for part in value.items]
        if kind == "parts":
            return evaluate_data(value, self.scope.lookup)
        if kind == "address":
            return self.addresses.resolve(value, step.actor, sock)
        if kind == "flags":
            return _flags(value)
        if kind == "events":
            pairs = ((step.actor if name == "self" else name, mask) for name, mask in value.fields)
            return {name: (self.scope.object(name), _flags(mask)) for name, mask in pairs}
        if kind == "objects":
            return [self._object(item, step.actor) for item in value.items]
        if kind == "object":
            return self._object(value, step.actor)
        if kind == "option":
            return value.name
        return self._plain(value)

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

    def _observe(self, step: PlanStep, operation: Operation, function: Callable[[], Any]) -> o.Observation:
        began = time.perf_counter()
        try:
            value = function()
        except Unsupported as missing:
            return o.Observation(o.UNSUPPORTED, reason=str(missing))
        except Missing as missing:
            return o.Observation(o.NOT_RUN, reason=str(missing))
        except HarnessError:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever an implementation raises is an observation)
            seconds = time.perf_counter() - began
            self._learn(step, operation)
            canonical, raw = self.recorder.error(error)
            return o.Observation(o.RAISED, canonical, raw, round(seconds, 6))
        seconds = time.perf_counter() - began
        try:
            return self._returned(step, operation, value, round(seconds, 6))
        except Exception as error:  # noqa: BLE001 (a result so odd that it cannot be written down is an observation)
            canonical, raw = self.recorder.error(error)
            return o.Observation(o.RAISED, canonical, raw, round(seconds, 6), reason="its result could not be read")

    def _returned(self, step: PlanStep, operation: Operation, value: Any, seconds: float) -> o.Observation:
        names = step.names
        if isinstance(value, Made):
            self.scope.bind(names if names is not None else self._own_name(step, operation), value.objects)
            value = value.result
            names = names if operation.result != "nothing" and not operation.makes else None
        self._learn(step, operation)
        canonical, raw = self.recorder.result(operation.result, self._named(operation, value))
        bound = self._save(names, value, canonical, raw) if names is not None else {}
        return o.Observation(o.RETURNED, canonical, raw, seconds, names=bound)

    def _own_name(self, step: PlanStep, operation: Operation) -> Any:
        if operation.makes == "socket" and step.actor not in self.scope.objects:
            return step.actor
        return None

    def _named(self, operation: Operation, value: Any) -> Any:
        return None if operation.result == "nothing" and value is None else value

    def _save(self, names: Any, value: Any, canonical: Any, raw: Any) -> dict[str, Any]:
        """Binds values by the shape of ``as``; what was bound, for the record."""
        if isinstance(names, str):
            self.scope.values[names] = value
            return {names: {"canonical": canonical, "raw": raw}}
        bound: dict[str, Any] = {}
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        for key, inner in pairs:
            parts = [each[key] if each is not None else None for each in (value, canonical, raw)]
            if not (isinstance(names, dict) and key == "rights"):
                bound.update(self._save(inner, *parts))
        return bound

    def _learn(self, step: PlanStep, operation: Operation) -> None:
        """Remembers addresses: they outlive their sockets."""
        if operation.name in _LEARNS_ADDRESS:
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


@dataclass(frozen=True)
class Vantage:
    """From where a process of a cell sees it: the cell's folder, the hosts' addresses, and who lives on which."""

    folder: str
    hosts: Mapping[str, str]
    host_of: Mapping[str, str]
    namespaces: Mapping[str, Optional[int]]
    """Where sockets of ours on those hosts are made: a namespace by its descriptor, if the host has one."""
    tag: str = "s"
    """What the names begin with that this process makes up: two processes must not make up the same."""


def performer_on(plan: Plan, adapter: ShapedAdapter, at: Vantage, also: Mapping[str, Any]) -> Performer:
    """A performer with a scope of its own; ``also`` does the kinds of operation that not every process can."""
    scope = Scope(plan, at.folder, dict(at.hosts))
    return Performer(
        adapter=adapter,
        scope=scope,
        addresses=Addresses(scope, at.host_of, at.namespaces, at.tag),
        recorder=Recorder(scope, tuple(sorted({0, *_seeds(plan.steps)}))),
        owners={
            "verb": adapter,
            "program": Programs(adapter, scope),
            "harness": HarnessOperations(adapter, scope),
            **also,
        },
        players=TapePlayers(plan.tape),
    )


def _seeds(node: Any) -> Iterator[int]:
    """The seeds of every pattern in a plan."""
    if isinstance(node, v.Pattern):
        yield node.seed
    elif isinstance(node, PlanStep):
        yield from _seeds([value for _, value in node.arguments])
    elif isinstance(node, v.Join):
        yield from _seeds(node.parts)
    elif isinstance(node, v.Slice):
        yield from _seeds(node.data)
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from _seeds(each)


def python_name(name: str) -> str:
    """The name of a row or parameter as Python can write it: ``await_``, ``from_``."""
    return name + "_" if keyword.iskeyword(name) else name


def _default(operation: Operation, parameter: Parameter, transport: Transport) -> Any:
    if operation.name == "socket" and parameter.name in ("family", "type"):
        word = getattr(transport, parameter.name)
        return constant(word if word else {"family": "AF_INET", "type": "SOCK_STREAM"}[parameter.name])
    return 0 if parameter.type == "flags" else parameter.default


def _flags(value: Any) -> int:
    total = 0
    for item in value.items:
        total |= constant(item.name)
    return total
