"""Steps as they are written: one actor and an action, or a group of steps that overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from conformance.engine import choose
from conformance.language import outcome_syntax as outcomes
from conformance.language import value_syntax as syntax
from conformance.language.reading import Reader, bad, fields, integer, items, name, number, text, word
from conformance.language.suggestions import nearest, short
from conformance.language.yaml_tree import Fields, Items, Node, Scalar
from conformance.model import scenario as s
from conformance.model.cell import LEVELS
from conformance.model.values import Value
from conformance.tables.faults import ACTORS as FAULT_ACTORS
from conformance.tables.faults import CONDITIONS, FAULTS, ROWS
from conformance.tables.operations import OPERATIONS, Operation, Parameter
from conformance.tables.options import OPTIONS
from conformance.tables.places import WIDE_ITEM, WIDE_VIEW

MAX_STEPS = 200
MAX_LIMIT = 120.0
MAX_REPEAT = 10_000
GROUP_KINDS = ("together", "exactly_one")

_ACTION_KEYS = (
    "pending", "using", "as", "returns", "raises", "blocks", "dies", "any_of", "expect", "where", "lasts", "only",
    "level", "source", "basis", "measures", "limit", "repeat",
)  # fmt: skip


_NO_OPERATIONS = {
    "sleep": "steps wait for events, never for time to pass; use await, blocks: true or pending",
}
"""Words that are taken for operations, and what the language has instead."""


@dataclass
class _Place:
    """Where the next step goes: counts steps and groups."""

    number: int = 0
    group: int = 0
    kind: str = "single"
    steps: list[s.Step] = field(default_factory=list)


class StepReader:
    """Reads the steps of one case."""

    def __init__(self, reader: Reader, cases: frozenset[str]) -> None:
        self.reader = reader
        self.cases = cases

    def read(self, nodes: tuple[Node, ...]) -> tuple[s.Step, ...]:
        """All steps, numbered from 1, groups flattened."""
        place = _Place()
        for node in nodes:
            place.group += 1
            with self.reader.attempt():
                self._one_or_group(node, place)
        if place.number > MAX_STEPS and nodes:
            self.reader.add(nodes[-1], f"a scenario has at most {MAX_STEPS} steps")
        return tuple(place.steps)

    def condition(self, actor: Scalar, key: Scalar, node: Node) -> tuple[str, tuple[tuple[str, Value], ...]]:
        """A fault that the host of an actor has from the start, with its arguments."""
        row = CONDITIONS[key.text]
        own = row.parameter(str(row.host_parameter))
        assert own is not None
        given = {**dict(self._given(node, row)), own.name: _argument(own, actor)}
        return row.name, self._complete(node, row, given)

    def _one_or_group(self, node: Node, place: _Place) -> None:
        mapping = fields(node, "a step")
        if len(mapping.pairs) != 1:
            bad(node, "a step has one actor, with its action indented below it or in braces")
        key, value = mapping.pairs[0]
        if key.text not in GROUP_KINDS:
            self._step(key, value, place, "single")
            return
        members = items(value, key.text)
        if not members:
            bad(value, f"{key.text} has at least one step")
        for member in members:
            with self.reader.attempt():
                inner = fields(member, f"a step of {key.text}")
                if len(inner.pairs) != 1:
                    bad(member, "a step has one actor, with its action below it")
                self._step(*inner.pairs[0], place, key.text)

    def _step(self, actor: Scalar, node: Node, place: _Place, kind: str) -> None:
        place.number += 1
        name(actor, "an actor")
        if actor.text in ROWS and not isinstance(node, Fields):
            bad(actor, f"{actor.text} is an operation; the actor comes first: client: {{{actor.text}: …}}")
        action = fields(node, f"what {actor.text} does")
        operation, pending = self._operation(action, rows_of(actor.text))
        arguments = () if pending else self._arguments(action, operation)
        repeat = _repeat(action, operation)
        result = operation.result_if(True) if repeat else outcomes.result_type(operation, dict(arguments))
        stated = outcomes.stated(action, result, self.cases, self.reader)
        _ends(stated if repeat else None)
        self._keys(action, operation, pending)
        place.steps.append(
            s.Step(
                number=place.number,
                actor=actor.text,
                operation=operation.name,
                group=place.group,
                group_kind=kind,
                pending=pending,
                arguments=arguments,
                using=self._using(action, actor.text),
                names=self._names(action, operation),
                outcome=stated.outcome,
                alternatives=stated.alternatives,
                only=outcomes.guard(action.get("only"), self.cases),
                measures=self._text(action, "measures"),
                limit=self._limit(action),
                level=self._level(action),
                repeat=repeat,
                position=actor.position,
                places=tuple((key.text, key.position) for key, _ in action.pairs),
            )
        )

    def _operation(self, action: Fields, rows: Mapping[str, Operation]) -> tuple[Operation, bool]:
        pending = action.get("pending")
        if pending is not None:
            return rows[word(pending, "operation", rows)], True
        named = [key for key in action.names() if key in rows]
        if len(named) > 1:
            bad(action.key(named[1]), f'a step is one operation; "{named[0]}" is given too')
        if named:
            return rows[named[0]], False
        unknown = [key for key, _ in action.pairs if key.text not in _ACTION_KEYS]
        if unknown and unknown[0].text in _NO_OPERATIONS:
            bad(unknown[0], f'there is no "{unknown[0].text}": {_NO_OPERATIONS[unknown[0].text]}')
        if unknown:
            known = [*rows, *_ACTION_KEYS]
            near = nearest(unknown[0].text, known, "operations" if rows is OPERATIONS else "faults")
            bad(unknown[0], f'"{short(unknown[0].text)}" is no operation{near}')
        return bad(action, "no operation is named; for a call that was left waiting write pending: OPERATION")

    def _keys(self, action: Fields, operation: Operation, pending: bool) -> None:
        again = next((key for key, _ in action.pairs if pending and key.text in ROWS), None)
        if again is not None:
            bad(again, 'a step is one operation; "pending" is given too, and begins nothing')
        beside = [each.name for each in operation.parameters] if operation.kind == "fault" else []
        self.reader.known_keys(action, [operation.name, *beside, *_ACTION_KEYS], "a step")

    def _arguments(self, action: Fields, operation: Operation) -> tuple[tuple[str, Value], ...]:
        node = action.get(operation.name)
        assert node is not None
        given = dict(self._given(node, operation))
        if operation.kind == "fault":
            given.update(self._beside(action, operation))
        _wide_enough(node, given)
        return self._complete(node, operation, given)

    @staticmethod
    def _complete(node: Node, operation: Operation, given: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
        missing = [each.name for each in operation.parameters if each.required and each.name not in given]
        if missing:
            bad(node, f"{operation.name} needs {' and '.join(missing)}")
        return tuple(given.items())

    def _beside(self, action: Fields, operation: Operation) -> Iterator[tuple[str, Value]]:
        """The parameters of a fault stand beside its name: ``{link: down, of: server}``."""
        for key, value in action.pairs:
            parameter = operation.parameter(key.text)
            if parameter is not None and key.text != operation.name:
                with self.reader.attempt():
                    yield key.text, _argument(parameter, value)

    def _given(self, node: Node, operation: Operation) -> Iterator[tuple[str, Value]]:
        if isinstance(node, Fields) and self._is_named(node, operation):
            for key, value in node.pairs:
                parameter = operation.parameter(key.text)
                if parameter is None:
                    known = [each.name for each in operation.parameters]
                    problem = f'{operation.name} has no parameter "{short(key.text)}"{nearest(key.text, known)}'
                    self.reader.add(key, problem)
                    continue
                with self.reader.attempt():
                    if parameter.type == "option-value":
                        yield key.text, _setting(node.get("option"), value)
                    else:
                        yield key.text, _argument(parameter, value)
                    continue
                yield key.text, syntax.v.Literal(None)
            return
        if operation.main is None:
            bad(node, f"{operation.name} takes {{{_signature(operation)}}}")
        parameter = operation.parameter(operation.main)
        assert parameter is not None
        yield parameter.name, _argument(parameter, node)

    @staticmethod
    def _is_named(node: Fields, operation: Operation) -> bool:
        """Whether a mapping gives parameters by name, or is the main argument itself."""
        if not node.pairs:
            return True
        main = operation.parameter(operation.main) if operation.main else None
        if main is None:
            return True
        if any(operation.parameter(key) for key in node.names()):
            return True
        return main.type not in ("data", "parts", "address", "options", "events")

    def _using(self, action: Fields, actor: str) -> str | None:
        node = action.get("using")
        if node is None:
            return None
        value = name(node, "an object")
        return actor if value == "self" else value

    @staticmethod
    def _names(action: Fields, operation: Operation) -> object:
        node = action.get("as")
        return None if node is None else outcomes.names(node, operation)

    @staticmethod
    def _text(action: Fields, key: str) -> str | None:
        node = action.get(key)
        return None if node is None else text(node, key)

    @staticmethod
    def _limit(action: Fields) -> float | None:
        return read_limit(action.get("limit"))

    @staticmethod
    def _level(action: Fields) -> str | None:
        node = action.get("level")
        return None if node is None else word(node, "level", LEVELS)


def _argument(parameter: Parameter, node: Node) -> Value:
    """An argument by its type and, where only certain words make sense, one of those."""
    known = parameter.choices or parameter.among
    for each in _words_of(node) if known else ():
        if not syntax.saved(each):
            word(each, _WHAT.get(parameter.type, parameter.name.rstrip("s")), known)
    return syntax.READERS[parameter.type](node)


def _setting(option: Node | None, node: Node) -> Value:
    """The value that is given to the option that is named beside it."""
    if not isinstance(option, Scalar) or option.text not in OPTIONS:
        return syntax.plain(node)  # the option's own mistake is reported where it stands
    return syntax.option_value(option.text, node)


_WHAT = {"symbol": "symbol", "flags": "flag", "events": "event"}
"""What a word is called in a mistake, where that is not the name of its parameter."""


def _words_of(node: Node) -> Iterator[Node]:
    """The words of an argument: itself, those of a list, or those of the lists of a mapping."""
    if isinstance(node, Fields):
        for _, value in node.pairs:
            yield from _words_of(value)
    elif isinstance(node, Items):
        yield from node.items
    else:
        yield node


def rows_of(actor: str) -> Mapping[str, Operation]:
    """What an actor may do: faults if it stands for the network or the system, operations if not."""
    if actor not in FAULT_ACTORS:
        return OPERATIONS
    return {name: row for name, row in FAULTS.items() if row.by == actor}


def _repeat(action: Fields, operation: Operation) -> int:
    """How often the call of a step is made at most; 0 where the step does not say so."""
    node = action.get("repeat")
    if node is None:
        return 0
    for key, reason in _NOT_REPEATED.items():
        if key in action:
            bad(action.key(key), f'"{key}" does not go with "repeat": {reason}')
    if not operation.repeatable:
        bad(action.key("repeat"), f"{operation.name} cannot be repeated; sends, receives, accepts and their like can")
    value = integer(node, "repeat")
    if not 1 <= value <= MAX_REPEAT:
        bad(node, f"repeat is the number of calls, from 1 to {MAX_REPEAT}")
    return value


_NOT_REPEATED = {
    "pending": "pending makes no call",
    "as": "the result is the number of calls that succeeded, and what they make has no names",
}
"""The keys that a step with ``repeat`` cannot have, and why."""


def _ends(stated: outcomes.Stated | None) -> None:
    """Refuses outcomes that a repeated step cannot come to: its first error ends it, and is no error of the step."""
    for outcome in (stated.outcome, *(each.outcome for each in stated.alternatives)) if stated else ():
        for leaf in choose.leaves(outcome):
            if isinstance(leaf.what, (s.Raises, s.Blocks)):
                bad(Scalar("", True, leaf.position), "a repeated step returns how many of its calls succeeded; write "
                    "returns: and a number or a range")  # fmt: skip


def _wide_enough(node: Node, given: Mapping[str, Value]) -> None:
    """Refuses a wide view of data, or of room for data, that is not made of whole items."""
    wide = getattr(given.get("buffer"), "value", None) == WIDE_VIEW
    size = syntax.length(given.get("data", given.get("size")))
    if wide and size is not None and size % WIDE_ITEM:
        bad(node, f"the items of a {WIDE_VIEW} have {WIDE_ITEM} bytes each, and {size} bytes are no multiple of that")


def read_limit(node: Node | None) -> float | None:
    """A time limit in seconds, within its bounds."""
    if node is None:
        return None
    value = number(node, "limit")
    if not 0 < value <= MAX_LIMIT:
        bad(node, f"a limit is more than 0 and at most {MAX_LIMIT:.0f} seconds")
    return value


def _signature(operation: Operation) -> str:
    return ", ".join(each.name if each.required else f"[{each.name}]" for each in operation.parameters)
