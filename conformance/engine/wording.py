"""Expectations and observations in a few words, for people."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from conformance.engine import data, wrong_types
from conformance.engine.wrong_types import wrong_type_in
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.tables.faults import ROWS
from conformance.tables.operations import Operation

LONGEST_TEXT = 200
"""Characters of what an exception said that are shown."""


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def expected_words(outcome: s.Outcome) -> str:
    """An outcome as one would say it: ``returns 'abc'``, ``raises EPIPE``, ``blocks``."""
    words = _outcome(outcome.what)
    return f"{words}, lasting {_range(outcome.lasts)} s" if outcome.lasts else words


def _outcome(what: Any) -> str:
    if isinstance(what, s.Returns):
        return "returns" if isinstance(what.expected, s.Anything) else f"returns {_expected(what.expected)}"
    if isinstance(what, s.Raises):
        return "raises " + " or ".join(_error(each) for each in what.errors)
    if isinstance(what, s.Blocks):
        return f"blocks for at least {what.for_at_least} s" if what.for_at_least else "blocks"
    if isinstance(what, s.Dies):
        return f"dies by {what.signal}"
    return " or ".join(_outcome(each.what) for each in what.outcomes)


def _error(error: s.ExpectedError) -> str:
    if error.name and error.cls:
        return f"{error.name} as {error.cls}"
    return error.name or str(error.cls)


def _expected(expected: Any) -> str:
    if isinstance(expected, s.Exactly):
        return value_words(expected.value)
    if isinstance(expected, s.OneOf):
        return " or ".join(_expected(each) for each in expected.options)
    if isinstance(expected, s.Not):
        return f"anything but {_expected(expected.expected)}"
    if isinstance(expected, s.Range):
        return _range(expected)
    if isinstance(expected, s.PrefixOf):
        return f"a non-empty prefix of {value_words(expected.data)}"
    if isinstance(expected, s.SizeIs):
        return f"{_expected(expected.size)} bytes"
    if isinstance(expected, s.Record):
        return ", ".join(f"{key}: {_expected(each)}" for key, each in expected.fields)
    if isinstance(expected, s.Sequence):
        return "[" + ", ".join(_expected(each) for each in expected.items) + "]"
    return "anything"


def _range(bounds: s.Range) -> str:
    low, high = (value_words(each) if each is not None else None for each in (bounds.low, bounds.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}"


_WORDS = {v.FreeAddress: "a free address", v.Nobody: "an address of nobody", v.Unnamed: "unnamed"}


def value_words(value: Any) -> str:
    """A value of the language in a few words."""
    if type(value) in _WORDS:
        return _WORDS[type(value)]
    if isinstance(value, v.Literal):
        return (
            "nothing"
            if value.value is None
            else str(value.value).lower()
            if isinstance(value.value, bool)
            else str(value.value)
        )
    if isinstance(value, v.Text):
        return data.brief({"text": value.text}) if value.text else "no bytes"
    if isinstance(value, v.Hex):
        return data.brief({"hex": value.digits})
    if isinstance(value, v.Pattern):
        return f"{value_words(value.size)} bytes of pattern"
    if isinstance(value, v.Saved):
        return f"${value.name}" + (f".{value.field}" if value.field else "")
    if isinstance(value, v.Join):
        return " + ".join(value_words(part) for part in value.parts)
    if isinstance(value, v.Slice):
        return f"{value_words(value.data)}[{value.start}:{value.end}]"
    if isinstance(value, v.Items):
        return "[" + ", ".join(value_words(item) for item in value.items) + "]"
    if isinstance(value, v.Fields):
        return "{" + ", ".join(f"{key}: {value_words(item)}" for key, item in value.fields) + "}"
    if isinstance(value, v.HostPort):
        return f"{value.host} port {value_words(value.port)}"
    if isinstance(value, v.AddressOf):
        return value.object
    return str(getattr(value, "name", None) or getattr(value, "path", None) or getattr(value, "abstract", value))


def observed_words(observation: o.Observation) -> str:
    """An observation as one would say it."""
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
    """What an exception said, on one line; empty for an error of the system, of which the name says all.

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
    """A recorded value in a few words."""
    if isinstance(value, dict):
        if value is wrong_type_in(value):
            return wrong_types.in_words(value)
        if {"text", "hex", "pattern", "sha256"} & set(value):
            return data.brief(value) if data.size_of(value) else "no bytes"
        if "names" in value:
            everywhere = ", host any" if value.get("host") == "any" else ""  # one name for both kinds of address
            return " = ".join(value["names"]) + everywhere if value["names"] else _place(value)
        return ", ".join(f"{key}: {recorded_words(item)}" for key, item in value.items()) or "{}"
    if isinstance(value, list):
        return "[" + ", ".join(recorded_words(item) for item in value) + "]"
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


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
    return " ".join(words)


def result_words(row: Operation) -> str:
    """What an operation gives, in words: the objects that it makes, and the fields of its result."""
    made = {"pair": "two new sockets", "pipe": "two new ends, `{read, write}`"}
    makes = made.get(str(row.makes), f"a new {row.makes}") if row.makes else ""
    if isinstance(row.result, str):
        return makes if makes and row.result == "nothing" else row.result
    fields = ", ".join(f"{name}: {kind}" for name, kind in row.result)
    return f"{makes}; `{{{fields}}}`" if makes else f"`{{{fields}}}`"
