"""Expectations as they are written: results, errors, waiting, and the selectors that choose between outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Union

from conformance.language import value_syntax as syntax
from conformance.language.reading import (
    Reader,
    bad,
    describe,
    fields,
    integer,
    items,
    name,
    number,
    scalar,
    text,
    texts,
    word,
)
from conformance.language.suggestions import nearest, short
from conformance.language.yaml_tree import Fields, Items, Node, Scalar
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.tables import error_names, options
from conformance.tables.operations import Operation, Result
from conformance.tables.selectors import FACTS, FAMILY_TERMS, known_term
from conformance.tables.symbols import REPORTED_EVENTS, SIGNALS, SYMBOLS
from conformance.tables.transports import GROUPS, TRANSPORTS

OUTCOME_KEYS = ("returns", "raises", "blocks", "dies", "any_of", "expect", "lasts", "source", "basis", "where")
_KINDS = ("returns", "raises", "blocks", "dies", "any_of", "expect")
_BOUNDS = ("between", "at_least", "at_most")

MAX_ALTERNATIVES = 32
_MAX_TERM = 60


What = Union[s.Returns, s.Raises, s.Blocks, s.Dies, s.AnyOf]


@dataclass(frozen=True)
class Stated:
    """An outcome with its alternatives."""

    outcome: s.Outcome
    alternatives: tuple[s.Alternative, ...]


def expected(node: Node, kind: Result) -> s.Expected:
    """What a result of this type may be."""
    if isinstance(node, Scalar) and node.plain and node.text == "anything":
        return s.Anything()
    if isinstance(node, Scalar) and node.plain and node.text == "nothing":
        return s.Exactly(v.Literal(None))
    if isinstance(node, Fields):
        combined = _combined(node, kind)
        if combined is not None:
            return combined
        if not isinstance(kind, str):
            return _record(node, dict(kind))
    if isinstance(node, Fields) and kind in _SINGLE_VALUES and node.pairs:
        word(node.pairs[0][0], "a way to state this result", _COMBINED)
    return _typed(node, kind)


_COMBINED = ("any_of", "not", *_BOUNDS)
_NUMBERS = ("count", "int", "seconds", "option", "value")
"""The result types that may be numbers."""

_SINGLE_VALUES = ("count", "seconds", "bool", "int", "constant", "symbol", "text", "ready", "objects", "nothing")
"""The result types that are not written as mappings."""


def _combined(node: Fields, kind: Result) -> s.Expected | None:
    keys = node.names()
    if keys == ["any_of"]:
        return s.OneOf(tuple(expected(item, kind) for item in _some(node.pairs[0][1], "any_of")))
    if keys == ["not"]:
        return s.Not(expected(node.pairs[0][1], kind))
    if keys and all(key in _BOUNDS for key in keys) and kind in _NUMBERS:
        return number_range(node)
    if keys == ["prefix_of"]:
        return s.PrefixOf(syntax.data(node.pairs[0][1]))
    if keys == ["size"] and kind in ("data", "option", "value"):
        return s.SizeIs(expected(node.pairs[0][1], "count"))
    return None


def _some(node: Node, what: str) -> tuple[Node, ...]:
    found = items(node, what)
    if not found:
        bad(node, f"{what} is empty; it lists at least one")
    return found


def number_range(node: Fields) -> s.Range:
    """``between: [a, b]``, ``at_least`` and ``at_most``, both bounds included."""
    unknown = next((key for key, _ in node.pairs if key.text not in _BOUNDS), None)
    if unknown or not node.pairs:
        bad(unknown or node, "a range is {between: [a, b]}, {at_least: n} or {at_most: n}")
    between, low, high = (node.get(key) for key in _BOUNDS)
    if between is not None:
        bounds = items(between, "between")
        if len(bounds) != 2 or len(node.pairs) != 1:
            bad(node, "between is [lowest, highest]")
        low, high = bounds
    found = s.Range(_bound(low), _bound(high))
    lowest, highest = (bound.value if isinstance(bound, v.Literal) else None for bound in (found.low, found.high))
    if isinstance(lowest, (int, float)) and isinstance(highest, (int, float)) and lowest > highest:
        bad(node, f"no number is at least {lowest} and at most {highest}")
    return found


def _bound(node: Node | None) -> v.Value | None:
    if node is None:
        return None
    value = scalar(node, "a bound").value
    return v.Literal(number(node, "a bound")) if isinstance(value, (int, float)) else syntax.size(node)


def _record(node: Fields, kinds: dict[str, str]) -> s.Expected:
    for key, _ in node.pairs:
        if key.text not in kinds:
            bad(key, f'the result has no field "{short(key.text)}"{nearest(key.text, kinds)}')
    return s.Record(tuple((key.text, expected(value, kinds[key.text])) for key, value in node.pairs))


def _typed(node: Node, kind: Result) -> s.Expected:
    if not isinstance(kind, str):
        if isinstance(node, Scalar) and node.text.startswith("$"):
            return s.Exactly(syntax.plain(node))
        bad(node, f"the result has fields: {', '.join(field for field, _ in kind)}; not {describe(node)}")
    if kind == "address" and isinstance(node, Fields) and set(node.names()) <= {"host", "port"}:
        return s.Record(tuple((key.text, _address_field(key.text, value)) for key, value in node.pairs))
    if kind == "events" and isinstance(node, Fields) and node.pairs:
        return s.Record(tuple((key.text, s.Exactly(_events(value))) for key, value in node.pairs))
    if kind == "list" and not syntax.saved(node):
        return s.Sequence(tuple(expected(item, "value") for item in items(node, "the result")))
    if kind in ("option", "value") and isinstance(node, (Fields, Items)) and not syntax.is_data(node):
        return _structure(node)
    return s.Exactly(_READERS[kind](node))


def _structure(node: Fields | Items) -> s.Expected:
    if isinstance(node, Items):
        return s.Sequence(tuple(expected(item, "value") for item in node.items))
    if not node.pairs:
        return s.Exactly(v.Fields(()))
    return s.Record(tuple((key.text, expected(value, "value")) for key, value in node.pairs))


def _address_field(field: str, node: Node) -> s.Expected:
    if isinstance(node, Fields):
        combined = _combined(node, "value" if field == "host" else "count")
        if combined is None:
            bad(node, f"{field} is a single value, a range, any_of or not")
        return combined
    if field == "host":
        return s.Exactly(syntax.saved(node) or v.Literal(syntax.host_name(node)))
    return s.Exactly(syntax.port_value(node))


def _nothing(node: Node) -> v.Value:
    return bad(node, f"this operation returns nothing; write nothing or anything, not {describe(node)}")


def _count(node: Node) -> v.Value:
    return syntax.size(node)


def _readiness(node: Node) -> v.Value:
    known = ("read", "write", "error")
    return v.Items(tuple(v.Literal(word(item, "readiness", known)) for item in items(node, "readiness")))


def _number(node: Node) -> v.Value:
    return syntax.saved(node) or v.Literal(number(node, "seconds"))


def _no_events(node: Node) -> v.Value:
    """Events of no object, or a saved result; those of some object are read field by field."""
    if isinstance(node, Fields) and not node.pairs:
        return v.Fields(())
    return syntax.saved(node) or bad(node, f"events are a mapping of objects to lists, not {describe(node)}")


def _events(node: Node) -> v.Value:
    return _symbols(node, "event", REPORTED_EVENTS)


def _message_flags(node: Node) -> v.Value:
    return _symbols(node, "flag", SYMBOLS["MSG"])


def _symbols(node: Node, what: str, known: tuple[str, ...]) -> v.Value:
    for item in items(node, f"{what}s"):
        if not syntax.saved(item):
            word(item, what, known)
    return syntax.flags(node)


def _symbol_or_zero(node: Node) -> v.Value:
    if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return v.Literal(node.value)
    return _error_symbol(syntax.symbol(node))


def _error_symbol(value: v.Value) -> v.Value:
    return v.Symbol(error_names.canonical_name(value.name)) if isinstance(value, v.Symbol) else value


def _whole(node: Node) -> v.Value:
    reference = syntax.saved(node)
    if reference:
        return reference
    value = scalar(node, "this option").value
    return syntax.size(node) if isinstance(value, str) else v.Literal(integer(node, "this option"))


_OPTION_RESULTS: dict[str, Result] = {
    options.BOOL: "bool",
    options.INT: "int",
    options.SYMBOL: "constant",
    options.SECONDS: "seconds",
    options.LINGER: (("onoff", "count"), ("linger", "count")),
    options.ERROR: "symbol",
    options.TEXT: "text",
    options.CREDENTIALS: (("process", "text"), ("user", "text"), ("group", "text")),
}


def result_type(operation: Operation, arguments: Mapping[str, v.Value]) -> Result:
    """The type of an operation's result; that of an option depends on which one is read, and whether as bytes."""
    option = arguments.get("option")
    if operation.result != "option" or not isinstance(option, v.Symbol):
        return operation.result
    return "data" if "bytes" in arguments else _OPTION_RESULTS[options.OPTIONS[option.name][1]]


_READERS = {
    "nothing": _nothing,
    "count": _count,
    "data": syntax.data,
    "address": syntax.address,
    "ready": _readiness,
    "objects": syntax.objects,
    "set": syntax.objects,
    "events": _no_events,
    "option": syntax.plain,
    "int": _whole,
    "constant": syntax.symbol,
    "symbols": _message_flags,
    "symbol": _symbol_or_zero,
    "value": syntax.plain,
    "bool": lambda node: syntax.saved(node) or syntax.READERS["bool"](node),
    "seconds": _number,
    "text": syntax.text_value,
    "list": syntax.plain_list,
}


def error(node: Node) -> s.ExpectedError:
    """One error: an errno or EAI name, a class, or both."""
    if isinstance(node, Fields):
        wanted = [node.get("name"), node.get("class")]
        if None in wanted or len(node.pairs) != 2:
            bad(node, "an error is a name, a class, or {name, class}")
        first, second = (error(part) for part in wanted if part is not None)
        return s.ExpectedError(first.name, second.cls)
    value = scalar(node, "an error").value
    if not isinstance(value, str):
        bad(node, f"an error is written by its name, such as ECONNRESET, not as {describe(node)}: numbers differ "
            "between platforms")  # fmt: skip
    if value in error_names.ERROR_NAMES or value in error_names.GETADDRINFO_NAMES:
        return s.ExpectedError(name=error_names.canonical_name(value))
    if value in error_names.CLASSES:
        return s.ExpectedError(cls=value)
    known = [*error_names.ERROR_NAMES, *error_names.GETADDRINFO_NAMES, *error_names.CLASSES]
    return bad(node, f'"{short(value)}" is no known error{nearest(value, sorted(known))}')


def _returns(node: Node, kind: Result) -> s.Returns:
    return s.Returns(expected(node, kind))


def _raises(node: Node, _kind: Result) -> s.Raises:
    if isinstance(node, Items):
        return s.Raises(tuple(error(item) for item in _some(node, "raises")))
    return s.Raises((error(node),))


def _blocks(node: Node, _kind: Result) -> s.Blocks:
    if isinstance(node, Scalar):
        if node.value is True:
            return s.Blocks()
        bad(node, f"blocks is true, or {{for_at_least, cpu_at_most}}, not {describe(node)}")
    known = ("for_at_least", "cpu_at_most")
    bounds = {}
    for key, value in fields(node, "blocks").pairs:
        if key.text not in known:
            bad(key, f'blocks has no "{short(key.text)}"{nearest(key.text, known)}')
        bounds[key.text] = number(value, key.text)
        if not 0 <= bounds[key.text] <= syntax.MAX_SECONDS:
            bad(value, f"{key.text} is 0 to {syntax.MAX_SECONDS:.0f} seconds")
    return s.Blocks(bounds.get("for_at_least", 0.0), bounds.get("cpu_at_most"))


def _dies(node: Node, _kind: Result) -> s.Dies:
    return s.Dies(word(node, "signal", SIGNALS))


def _any_of(node: Node, kind: Result) -> s.AnyOf:
    return s.AnyOf(tuple(single(item, kind) for item in _some(node, "any_of")))


_OUTCOMES: dict[str, Callable[[Node, Result], What]] = {
    "returns": _returns,
    "raises": _raises,
    "blocks": _blocks,
    "dies": _dies,
    "any_of": _any_of,
}


def _check_keys(mapping: Fields) -> None:
    unknown = next((key for key, _ in mapping.pairs if key.text not in OUTCOME_KEYS), None)
    if unknown is not None:
        bad(unknown, f'an outcome has no "{short(unknown.text)}"{nearest(unknown.text, OUTCOME_KEYS)}')


def single(node: Node, kind: Result) -> s.Outcome:
    """One outcome without alternatives."""
    if isinstance(node, Scalar):
        key = "raises" if node.text in error_names.ERROR_NAMES else "returns"
        bad(node, f"an outcome is a mapping, such as {{{key}: {short(node.text)}}}, not {describe(node)}")
    mapping = fields(node, "an outcome")
    _check_keys(mapping)
    if "where" in mapping:
        bad(mapping.key("where"), "an alternative has no where of its own")
    return _outcome(mapping, kind)


def _outcome(mapping: Fields, kind: Result) -> s.Outcome:
    stated = [key for key in mapping.names() if key in _KINDS]
    if len(stated) > 1:
        bad(mapping.key(stated[1]), f'a step has one outcome: "{stated[1]}" contradicts "{stated[0]}"; '
            "several legal ones are any_of: […]")  # fmt: skip
    what: What = s.Returns(s.Anything())
    place = mapping.position
    if stated == ["expect"]:
        return _expected_variable(mapping, kind)
    if stated:
        value = mapping.get(stated[0])
        assert value is not None
        what, place = _OUTCOMES[stated[0]](value, kind), mapping.key(stated[0]).position
    source, basis, lasts = mapping.get("source"), mapping.get("basis"), mapping.get("lasts")
    return s.Outcome(
        what,
        place,
        number_range(fields(lasts, "lasts")) if lasts else None,
        text(source, "source") if source else None,
        word(basis, "basis", s.BASES) if basis else None,
    )


def _expected_variable(mapping: Fields, kind: Result) -> s.Outcome:
    node = mapping.get("expect")
    assert node is not None
    if not isinstance(node, Fields):
        bad(node, "expect is a variable of the cases table that holds an outcome")
    _check_keys(node)
    pairs = {key.text: (key, value) for key, value in node.pairs if key.text != "where"}
    pairs.update((key.text, (key, value)) for key, value in mapping.pairs if key.text in ("source", "lasts"))
    return _outcome(Fields(tuple(pairs.values()), node.position), kind)


def stated(mapping: Fields, kind: Result, cases: frozenset[str], reader: Reader) -> Stated:
    """The outcome of a step and its alternatives; those of ``expect`` are overridden by selector."""
    outcome = _outcome(mapping, kind)
    found: dict[s.Selector, s.Alternative] = {}
    brought = mapping.get("expect")
    tables = [brought.get("where") if isinstance(brought, Fields) else None, mapping.get("where")]
    for table in tables:
        if table is not None:
            found.update(_alternatives(fields(table, "where"), kind, cases, reader))
    return Stated(outcome, tuple(found.values()))


def _alternatives(
    table: Fields, kind: Result, cases: frozenset[str], reader: Reader
) -> dict[s.Selector, s.Alternative]:
    if len(table.pairs) > MAX_ALTERNATIVES:
        bad(table, f"a step has at most {MAX_ALTERNATIVES} alternatives")
    found: dict[s.Selector, s.Alternative] = {}
    for key, value in table.pairs:
        with reader.attempt():
            chosen = selector(key, cases)
            if chosen in found:
                bad(key, f'"{key.text}" was already given in line {found[chosen].position.line}, in another order')
            found[chosen] = s.Alternative(chosen, single(value, kind), key.position)
    return found


def selector(node: Node, cases: frozenset[str]) -> s.Selector:
    """``term+term``: all of them must hold."""
    terms = frozenset(part.strip() for part in text(node, "a selector").split("+"))
    for term in terms:
        known = [*FAMILY_TERMS, *FACTS, *TRANSPORTS, *GROUPS, *sorted(cases)]
        if term not in known and (len(term) > _MAX_TERM or not known_term(term)):
            bad(node, f'"{short(term)}" is no family, fact, transport, group or case{nearest(term, known)}')
    return terms


def guard(node: Node | None, cases: frozenset[str]) -> s.Guard:
    """One selector, or a list of which any may hold; empty where it is absent."""
    if node is None:
        return ()
    if isinstance(node, Items):
        return tuple(selector(item, cases) for item in node.items)
    return (selector(node, cases),)


def names(node: Node, operation: Operation) -> object:
    """The shape of ``as``, which mirrors what the operation makes or returns."""
    if operation.makes == "pair":
        return [name(item, "a name") for item in items(node, f"as: of {operation.name}")]
    if operation.makes == "pipe":
        return _named_fields(node, operation, ("read", "write"))
    if operation.makes:
        return name(node, f"as: of {operation.name}")
    if operation.result == "nothing":
        bad(node, f"{operation.name} returns nothing that could be named")
    if isinstance(node, Fields) and not isinstance(operation.result, str):
        return _named_fields(node, operation, tuple(field for field, _ in operation.result))
    if isinstance(node, Items) and operation.result in ("list", "value", "objects"):
        return [name(item, "a name") for item in node.items]
    return name(node, f"as: of {operation.name}")


def _named_fields(node: Node, operation: Operation, known: tuple[str, ...]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in fields(node, f"as: of {operation.name}").pairs:
        if key.text not in known:
            bad(key, f'the result of {operation.name} has no field "{short(key.text)}"{nearest(key.text, known)}')
        if isinstance(value, Items) and key.text == "rights":
            found[key.text] = [name(item, "a name") for item in value.items]
        else:
            found[key.text] = name(value, "a name")
    return found


__all__ = ["OUTCOME_KEYS", "Stated", "error", "expected", "guard", "names", "selector", "stated", "texts"]
