"""Dataclasses to JSON values and back, derived from their annotations: for the worker's protocol and for records.

A dataclass is an object of JSON, or a list where its ``json_form`` is ``LIST``. An object leaves out the fields that
have their default, unless the form is ``WHOLE``. Bytes are base64. The first field of an object says which class of a
union it is; if two classes begin with the same field, or with an optional one, the object has a tag, ``is``.

Reading checks every value against its annotation, and ``Annotated`` may add a :class:`Rule`. Fields that no class
knows are left out: later versions may add some.
"""

from __future__ import annotations

import base64
import binascii
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, cached_property
from math import isfinite
from typing import Annotated, Any, Optional, Union, get_args, get_origin, get_type_hints

LIST, WHOLE = "list", "whole"
"""The possible values of the class variable ``json_form``."""

_TAG = "is"
_DEEPEST = 64
"""How deeply lists and objects may be nested in a value of any shape."""

_UNIONS = (Union, getattr(types, "UnionType", Union))
"""``Union[A, B]``, and ``A | B`` where Python has it."""

_LEAST, _MOST = -(1 << 63), 1 << 64
_LONGEST_NAME = 10_000
_LONGEST_SHOWN = 40

_JSON = json.JSONEncoder(separators=(",", ":"))

Convert = Callable[[Any], Any]


class Malformed(Exception):  # noqa: N818 (a value is malformed)
    """A value is not as annotated. ``path`` leads to it, such as ``steps[0].number``."""

    def __init__(self, expected: str, found: Any = MISSING, path: str = "") -> None:
        super().__init__(expected)
        self.expected, self.found, self.path = expected, found, path

    def under(self, key: object) -> Malformed:
        """The same error for the value that contains this one under ``key``: a name, or the index in a list."""
        step = f"[{key}]" if isinstance(key, int) else str(key)
        dot = "." if self.path and not self.path.startswith("[") else ""
        return Malformed(self.expected, self.found, f"{step}{dot}{self.path}")

    def __str__(self) -> str:
        found = "missing" if self.found is MISSING else brief(self.found)
        return f"{self.path or 'the line'} is {found}, expected {self.expected}"


def brief(value: Any) -> str:
    """A value as Python writes it, cut off where it is long. Halves of surrogate pairs are escaped."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, (str, bytes)):
        value = value[: _LONGEST_SHOWN + 1]
    elif isinstance(value, int) and abs(value) > _MOST:
        return "a number of more than 64 bits"
    text = repr(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


@dataclass(frozen=True)
class Rule:
    """A requirement for a scalar: a predicate, and the expected value in words."""

    holds: Callable[[Any], bool]
    expected: str


def among(*names: str) -> Rule:
    """The rule that a value is one of these texts."""
    return Rule(lambda value: type(value) is str and value in names, f"one of {', '.join(names)}")


def is_sound(text: str) -> bool:
    """Whether UTF-8 can hold a text: without halves of surrogate pairs."""
    return text.isascii() or text.encode("utf-8", "replace") == text.encode("utf-8", "surrogatepass")


Name = Annotated[
    str,
    Rule(
        lambda value: type(value) is str and len(value) <= _LONGEST_NAME and is_sound(value),
        f"text of at most {_LONGEST_NAME:,} characters, without halves of surrogate pairs",
    ),
]
"""The name of something. Text that is not a name may be longer, and damaged."""

Count = Annotated[int, Rule(lambda value: type(value) is int and 0 <= value < _MOST, "a whole number from 0 to 2⁶⁴")]

_SCALARS: dict[Any, Rule] = {
    str: Rule(lambda value: type(value) is str, "text"),
    int: Rule(lambda value: type(value) is int and _LEAST <= value < _MOST, "a whole number of at most 64 bits"),
    float: Rule(
        lambda value: (type(value) is float and isfinite(value)) or (type(value) is int and _LEAST <= value < _MOST),
        "a finite number",
    ),
    bool: Rule(lambda value: type(value) is bool, "true or false"),
}


class Codec:
    """Reads and writes values of one type."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    @cached_property
    def _encode(self) -> Optional[Convert]:
        return _encoder(self._kind)

    @cached_property
    def _decode(self) -> Convert:
        return _decoder(self._kind)

    def encode(self, value: Any) -> Any:
        """``value`` as a JSON value."""
        convert = self._encode
        return value if convert is None else convert(value)

    def decode(self, value: Any) -> Any:
        """The inverse of :meth:`encode`. Malformed if the value is not as annotated."""
        return self._decode(value)

    def to_line(self, value: Any) -> bytes:
        """``value`` as one line of ASCII."""
        return _JSON.encode(self.encode(value)).encode() + b"\n"

    def of_line(self, line: bytes) -> Any:
        """The inverse of :meth:`to_line`. Malformed also if the line is not JSON."""
        try:
            value = json.loads(line.decode())
        except (ValueError, RecursionError):
            raise Malformed("JSON", line.rstrip(b"\n")) from None
        return self.decode(value)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


# writing: an encoder of None leaves the value as it is


@cache
def _encoder(kind: Any) -> Optional[Convert]:
    if is_dataclass(kind):
        return _ENCODERS.get(getattr(kind, "json_form", ""), _encoder_of_object)(kind)
    if kind is bytes:
        return lambda value: base64.b64encode(value).decode()
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _encoder(arguments[0])
    if origin is tuple:
        return _encoder_of_tuple(arguments)
    if origin in _UNIONS:
        return _encoder_of_union(tuple(each for each in arguments if each is not type(None)))
    if origin is not None:  # a mapping
        convert = _encoder(arguments[1])
        return convert and (lambda value: {key: convert(item) for key, item in value.items()})
    return None


def _encoder_of_tuple(kinds: tuple[Any, ...]) -> Optional[Convert]:
    if kinds[-1] is Ellipsis:
        convert = _encoder(kinds[0])
        return list if convert is None else (lambda value: [convert(item) for item in value])
    converts = [_encoder(each) or (lambda value: value) for each in kinds]
    return lambda value: [each(item) for each, item in zip(converts, value)]


def _encoder_of_union(kinds: tuple[Any, ...]) -> Optional[Convert]:
    if not any(map(is_dataclass, kinds)):
        convert = _encoder(kinds[0]) if len(kinds) == 1 else None
        return convert and (lambda value: None if value is None else convert(value))
    tagged = len(kinds) > 1 and _by_first_field(kinds) is None
    converts = {cls: _encoder(cls) for cls in kinds}

    def encode(value: Any) -> Any:
        if value is None:
            return None
        made = converts[type(value)](value)  # type: ignore[misc]  # a dataclass always has one
        return {_TAG: type(value).__name__, **made} if tagged else made

    return encode


Written = list[tuple[str, Any, Optional[Convert]]]


def _written(cls: Any) -> Written:
    """For each field: its name, the default that is not written, and its encoder."""
    return [(each.name, each.default, _encoder(_hints(cls)[each.name])) for each in fields(cls)]


def _encoder_of_object(cls: Any) -> Convert:
    rows: Written = []

    def encode(value: Any) -> dict[str, Any]:
        if not rows:
            rows.extend(_written(cls))
        state, made = value.__dict__, {}
        for name, default, convert in rows:
            item = state[name]
            if item is not default and item != default:
                made[name] = item if convert is None else convert(item)
        return made

    return encode


def _encoder_of_whole_object(cls: Any) -> Convert:
    rows: Written = []

    def encode(value: Any) -> dict[str, Any]:
        if not rows:
            rows.extend(_written(cls))
        state = value.__dict__
        return {name: state[name] if convert is None else convert(state[name]) for name, _, convert in rows}

    return encode


def _encoder_of_list(cls: Any) -> Convert:
    rows: Written = []

    def encode(value: Any) -> list[Any]:
        if not rows:
            rows.extend(_written(cls))
        state = value.__dict__
        return [state[name] if convert is None else convert(state[name]) for name, _, convert in rows]

    return encode


_ENCODERS = {LIST: _encoder_of_list, WHOLE: _encoder_of_whole_object}


# reading


@cache
def _decoder(kind: Any) -> Convert:
    if kind in _SPECIAL:
        return _SPECIAL[kind]
    if is_dataclass(kind):
        return _decoder_of_list(kind) if getattr(kind, "json_form", "") == LIST else _decoder_of_object(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _SCALARS or origin is Annotated:
        return _decoder_of_scalar(arguments[1] if arguments else _SCALARS[kind])
    if origin is tuple:
        return _decoder_of_tuple(arguments)
    if origin in _UNIONS:
        inner = _decoder_of_one(tuple(each for each in arguments if each is not type(None)))
        return (lambda value: None if value is None else inner(value)) if type(None) in arguments else inner
    return _decoder_of_mapping(*map(_decoder, arguments))


def _decoder_of_scalar(rule: Rule) -> Convert:
    holds = rule.holds

    def decode(value: Any) -> Any:
        if holds(value):
            return value
        raise Malformed(rule.expected, value)

    return decode


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Malformed("base64", value) from None


def _anything(value: Any, depth: int = _DEEPEST) -> Any:
    """A value of any shape, if its nesting is not too deep to be read and written."""
    items = value.values() if type(value) is dict else value if type(value) is list else ()
    for item in items:
        if type(item) is dict or type(item) is list:
            if not depth:
                raise Malformed(f"a value nested at most {_DEEPEST} deep", value)
            _anything(item, depth - 1)
    return value


_SPECIAL: dict[Any, Convert] = {bytes: _bytes, Any: _anything}


def _decoder_of_tuple(kinds: tuple[Any, ...]) -> Convert:
    if kinds[-1] is not Ellipsis:
        return lambda value: tuple(_each(value, [_decoder(each) for each in kinds]))
    inner = _decoder(kinds[0])

    def decode(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Malformed("a list", value)
        try:
            return tuple([inner(item) for item in value])
        except Malformed:
            return tuple(_each(value, [inner] * len(value)))  # again, to find the wrong item

    return decode


def _each(value: Any, converts: list[Convert]) -> list[Any]:
    """The items of a list, each by its own decoder."""
    if type(value) is not list or len(value) != len(converts):
        raise Malformed(f"a list of {len(converts)}", value)
    made = []
    for index, (convert, item) in enumerate(zip(converts, value)):
        try:
            made.append(convert(item))
        except Malformed as error:
            raise error.under(index) from None
    return made


def _decoder_of_mapping(of_key: Convert, of_item: Convert) -> Convert:
    def decode(value: Any) -> Mapping[str, Any]:
        if type(value) is not dict:
            raise Malformed("an object", value)
        made, key = {}, ""
        try:
            for key, item in value.items():
                made[of_key(key)] = of_item(item)
        except Malformed as error:
            raise error.under(key if len(key) <= _LONGEST_SHOWN else brief(key)) from None
        return made

    return decode


def _decoder_of_one(kinds: tuple[Any, ...]) -> Convert:
    """A decoder for one of several classes, or of several scalars."""
    if len(kinds) == 1:
        return _decoder(kinds[0])
    if not any(map(is_dataclass, kinds)):
        return _decoder_of_scalar(Rule(lambda value: type(value) in kinds, "text, a number, true or false"))
    first = _by_first_field(kinds)
    known = first or {cls.__name__: cls for cls in kinds}
    words = f"an object with {' or '.join(known)}" if first else "an object with a known tag"

    def decode(value: Any) -> Any:
        if type(value) is dict:
            for name in value if first else (value.get(_TAG),):
                if type(name) is str and name in known:
                    return _decoder(known[name])(value)
        raise Malformed(words, value)

    return decode


@cache
def _by_first_field(kinds: tuple[Any, ...]) -> Optional[dict[str, Any]]:
    """Classes by the name of their first field; None if two classes share that name."""
    firsts = [next(iter(fields(cls)), None) for cls in kinds]
    names = {each.name: cls for each, cls in zip(firsts, kinds) if each is not None and each.default is MISSING}
    return names if len(names) == len(kinds) else None


def _decoder_of_object(cls: Any) -> Convert:
    defaults = {each.name: each.default for each in fields(cls) if each.default is not MISSING}
    factories = {each.name: each.default_factory for each in fields(cls) if each.default_factory is not MISSING}
    converts: dict[str, Convert] = {}
    check, count = getattr(cls, "check", None), len(fields(cls))

    def decode(value: Any) -> Any:
        if not converts:
            converts.update({each.name: _decoder(_hints(cls)[each.name]) for each in fields(cls)})
        if type(value) is not dict:
            raise Malformed("an object", value)
        state, name = defaults.copy(), ""
        try:
            for name, item in value.items():
                if name in converts:
                    state[name] = converts[name](item)
        except Malformed as error:
            raise error.under(name) from None
        if len(state) < count:
            _complete(state, factories, converts)
        if check is not None:
            check(state)
        made = object.__new__(cls)
        object.__setattr__(made, "__dict__", state)  # records are large, and a frozen class's __init__ is slow
        return made

    return decode


def _expected(convert: Convert) -> str:
    """The value that a decoder expects, in words."""
    try:
        convert(MISSING)
    except Malformed as error:
        return error.expected
    return "a value"


def _complete(state: dict[str, Any], factories: Mapping[str, Any], converts: Mapping[str, Convert]) -> None:
    """Adds defaults that are made for each object. Malformed if a field without a default is missing."""
    for name in converts:
        if name not in state:
            if name not in factories:
                raise Malformed(_expected(converts[name])).under(name)
            state[name] = factories[name]()


def _decoder_of_list(cls: Any) -> Convert:
    def decode(value: Any) -> Any:
        try:
            return cls(*_each(value, [_decoder(_hints(cls)[each.name]) for each in fields(cls)]))
        except Malformed as error:
            names = ", ".join(each.name for each in fields(cls))
            raise error if error.path else Malformed(f"a list of {names}", error.found) from None

    return decode
