"""Expectations, observations, values and steps in a few words for people."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.engine import data, wrong_types
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.tables.faults import ROWS
from conformance.tables.operations import PAIR, PIPE, Operation

LONGEST_TEXT = 200
"""Characters of an exception's message that are shown."""


LONGEST_SOURCE = 80
"""Characters of a source that are shown behind an expectation."""


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def expected_words(outcome: s.Outcome) -> str:
    """An outcome for people: ``returns 'abc'``, ``raises EPIPE``, ``blocks``."""
    words = _outcome(outcome.what)
    return f"{words}, lasting {_range(outcome.lasts)} s" if outcome.lasts else words


_BASES = {"documented": "documented", "source-code": "read in source", "inferred": "inferred"}


def basis_words(basis: str | None) -> str:
    """How an expectation is known to hold: ``observed``, ``read in source, never observed``."""
    if basis is None or basis == s.OBSERVED:
        return basis or ""
    return f"{_BASES.get(basis, basis)}, never observed"


def known_from(source: str | None, basis: str | None = None) -> str:
    """In brackets, the source of an expectation in brief and how it is known to hold; empty where neither is stated."""
    brief = source if not source or len(source) <= LONGEST_SOURCE else source[:LONGEST_SOURCE].rstrip() + "…"
    words = "; ".join(filter(None, (brief, basis_words(basis))))
    return f" ({words})" if words else ""


def _outcome(what: Any) -> str:
    return _OUTCOMES[type(what)](what)


def _returns(what: s.Returns) -> str:
    return "returns" if isinstance(what.expected, s.Anything) else f"returns {_expected(what.expected)}"


def _blocks(what: s.Blocks) -> str:
    return f"blocks for at least {what.for_at_least} s" if what.for_at_least else "blocks"


def _error(error: s.ExpectedError) -> str:
    if error.name and error.cls:
        return f"{error.name} as {error.cls}"
    return error.name or str(error.cls)


_OUTCOMES: dict[type, Callable[[Any], str]] = {
    s.Returns: _returns,
    s.Raises: lambda what: f"raises {' or '.join(map(_error, what.errors))}",
    s.Blocks: _blocks,
    s.Dies: lambda what: f"dies by {what.signal}",
    s.AnyOf: lambda what: " or ".join(_outcome(each.what) for each in what.outcomes),
}


def _expected(expected: Any) -> str:
    return _EXPECTATIONS[type(expected)](expected)


def _range(bounds: s.Range) -> str:
    low, high = (value_words(each) if each is not None else None for each in (bounds.low, bounds.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}"


_EXPECTATIONS: dict[type, Callable[[Any], str]] = {
    s.Anything: lambda expected: "anything",
    s.Exactly: lambda expected: value_words(expected.value),
    s.OneOf: lambda expected: " or ".join(map(_expected, expected.options)),
    s.Not: lambda expected: f"anything but {_expected(expected.expected)}",
    s.Range: _range,
    s.PrefixOf: lambda expected: f"a non-empty prefix of {value_words(expected.data)}",
    s.SizeIs: lambda expected: f"{_expected(expected.size)} bytes",
    s.Record: lambda expected: _fields(expected.fields, _expected),
    s.Sequence: lambda expected: _list(expected.items, _expected),
}


def value_words(value: Any) -> str:
    """A value of the language for people."""
    return _VALUES[type(value)](value)


def _list(items: Iterable[Any], words: Callable[[Any], str]) -> str:
    return f"[{', '.join(map(words, items))}]"


def _fields(pairs: Iterable[tuple[str, Any]], words: Callable[[Any], str]) -> str:
    return ", ".join(f"{key}: {words(each)}" for key, each in pairs)


def _plain(value: Any) -> str:
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


_VALUES: dict[type, Callable[[Any], str]] = {
    v.Literal: lambda value: _plain(value.value),
    v.Symbol: lambda value: str(value.name),
    v.Saved: lambda value: f"${value.name}" + (f".{value.field}" if value.field else ""),
    v.Object: lambda value: str(value.name),
    v.Text: lambda value: data.brief({"text": value.text}) if value.text else "no bytes",
    v.Hex: lambda value: data.brief({"hex": value.digits}),
    v.Pattern: lambda value: f"{value_words(value.size)} bytes of pattern",
    v.Join: lambda value: " + ".join(map(value_words, value.parts)),
    v.Slice: lambda value: f"{value_words(value.data)}[{value.start}:{value.end}]",
    v.AddressOf: lambda value: str(value.object),
    v.FreeAddress: lambda value: "a free address",
    v.Nobody: lambda value: "an address of nobody",
    v.HostPort: lambda value: f"{repr(value.host) if value.verbatim else value.host} port {value_words(value.port)}",
    v.PathAddress: lambda value: str(value.path),
    v.AbstractAddress: lambda value: str(value.abstract),
    v.Unnamed: lambda value: "unnamed",
    v.Items: lambda value: _list(value.items, value_words),
    v.Fields: lambda value: f"{{{_fields(value.fields, value_words)}}}",
}


def observed_words(observation: o.Observation) -> str:
    """An observation for people: ``returned 'abc'``, ``raised EPIPE (BrokenPipeError)``."""
    kind = observation.kind
    if kind == o.RETURNED:
        return f"returned {recorded_words(observation.canonical)}" if observation.canonical is not None else "returned"
    if kind == o.RAISED:
        name, cls = observation.canonical["name"], observation.canonical["class"]
        return f"raised {name}" if name == cls else f"raised {name} ({cls})"
    if kind in (o.BLOCKED, o.HUNG):
        where = f" in {observation.wait.call}" if observation.wait else ""
        return f"{kind}{where}"
    return f"{kind}: {observation.reason}" if observation.reason else kind


def error_text(observation: Mapping[str, Any]) -> str:
    """The message of an exception on one line; empty for an error of the system, whose name says all.

    ``observation``: as it is recorded.
    """
    raw, canonical = observation.get("raw"), observation.get("canonical")
    if observation["kind"] != o.RAISED or not isinstance(raw, Mapping) or not isinstance(canonical, Mapping):
        return ""
    kind = getattr(builtins, str(canonical.get("class")), None)
    of_the_system = isinstance(kind, type) and issubclass(kind, OSError)
    if of_the_system or raw.get("errno") is not None or str(raw.get("class")).startswith("socket."):
        return ""
    text = " ".join(str(raw.get("text") or "").split())
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def recorded_words(value: Any) -> str:
    """A recorded value for people."""
    if isinstance(value, list):
        return _list(value, recorded_words)
    return _recorded_mapping(value) if isinstance(value, dict) else _plain(value)


def _recorded_mapping(value: dict[str, Any]) -> str:
    if value is wrong_types.wrong_type_in(value):
        return wrong_types.in_words(value)
    if data.is_recorded(value):
        return data.brief(value) if data.size_of(value) else "no bytes"
    if "names" in value:
        everywhere = ", host any" if value.get("host") == "any" else ""  # one name for both kinds of address
        return " = ".join(value["names"]) + everywhere if value["names"] else _place(value)
    return _fields(value.items(), recorded_words) or "{}"


def _place(address: dict[str, Any]) -> str:
    if address.get("unnamed"):
        return "unnamed"
    name = str(address.get("path") or address.get("abstract") or address.get("host") or "an address")
    return name if name.isprintable() else repr(name)


def step_words(step: s.Step) -> str:
    """What a step does: ``recv 5``, ``sendall 'GET /'``, ``still in recv``."""
    if step.pending:
        return f"… {step.operation}"
    operation = ROWS[step.operation]
    words = [operation.name]
    for name, value in step.arguments:
        text = value_words(value)
        words.append(text if name == operation.main else f"{name}={text}")
    if step.using and step.using != step.actor:
        words.append(f"on {step.using}")
    if step.repeat:
        words.append(f"× {step.repeat}")
    return " ".join(words)


def result_words(row: Operation) -> str:
    """What an operation gives, in words: the objects that it makes, and the fields of its result."""
    made = {PAIR: "two new sockets", PIPE: "two new ends, `{read, write}`"}
    makes = made.get(str(row.makes), f"a new {row.makes}") if row.makes else ""
    if isinstance(row.result, str):
        return makes if makes and row.result == "nothing" else row.result
    fields = ", ".join(f"{name}: {kind}" for name, kind in row.result)
    return f"{makes}; `{{{fields}}}`" if makes else f"`{{{fields}}}`"
