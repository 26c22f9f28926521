"""YAML text to a plain tree that knows its positions: bounded in size and depth, without aliases and tags.

Scalars follow the core schema of YAML 1.2, so ``NO`` is a string. libyaml parses where PyYAML was built with it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

import yaml

from conformance.model.errors import Mistake, Position, ScenarioError
from conformance.model.values import Scalar as Plain

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40
MAX_KEY = 200
MAX_FILLED = 200_000
"""How many values the cases of a scenario may have together, once their variables are filled in."""

_LOADER: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_UNPRINTABLE = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What YAML 1.2 section 5.1 does not let a file hold."""

_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Plain] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True)
class Scalar:
    """One scalar: its text, whether it was written without quotes, and where."""

    text: str
    plain: bool
    position: Position

    @property
    def value(self) -> Plain:
        """The scalar by the core schema of YAML 1.2."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        return _number(self.text)


@dataclass(frozen=True)
class Items:
    """A sequence."""

    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True)
class Fields:
    """A mapping with text keys, in the order written."""

    pairs: tuple[tuple[Scalar, Node], ...]
    position: Position

    def __contains__(self, key: str) -> bool:
        return any(name.text == key for name, _ in self.pairs)

    def get(self, key: str) -> Node | None:
        """The value of a key; None where it is absent."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar:
        """The scalar of a key that is there."""
        return next(name for name, _ in self.pairs if name.text == key)

    def names(self) -> list[str]:
        """The keys as text."""
        return [name.text for name, _ in self.pairs]


Node = Union[Scalar, Items, Fields]


def _number(text: str) -> Plain:
    if _INT.match(text):
        return int(text) if len(text) <= 40 else text
    if text.startswith(("0x", "0o")) and len(text) <= 40:
        try:
            return int(text, 0)
        except ValueError:
            return text
    return float(text) if _FLOAT.match(text) else text


def read(path: Path) -> bytes:
    """The bytes of a scenario file, within the size limit; ScenarioError for anything unreadable."""
    here = Position(str(path), 1, 1)
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for its writer
            kind = "a folder" if path.is_dir() else "not an ordinary file"
            raise ScenarioError([Mistake(here, f"cannot be read: it is {kind}; a scenario is a file")])
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ScenarioError([Mistake(here, f"cannot be read: {reason}")]) from None
    if len(content) > MAX_BYTES:
        raise ScenarioError([Mistake(here, f"is larger than {MAX_BYTES // 1024} KiB, the most a scenario may have")])
    return content


def compose(content: bytes, file: str) -> Fields:
    """The tree of one YAML document whose root is a mapping."""
    text = _decode(content, file)
    try:
        return _Builder(file, yaml.parse(text, Loader=_LOADER)).build()
    except yaml.YAMLError as error:
        _check_bounds(text, file)
        raise ScenarioError([_syntax_mistake(error, text, file)]) from None


def _check_bounds(text: str, file: str) -> None:
    """ScenarioError where a bound of ours is passed before the text stops being YAML.

    libyaml reads up to 1,024 characters ahead of the event that it delivers, and since 0.2.6 it refuses 1,000 levels
    of nesting there. PyYAML's own parser has no such limit, so the builder sees level 41 first.
    """
    with contextlib.suppress(yaml.YAMLError):
        _Builder(file, yaml.parse(text, Loader=yaml.BaseLoader)).build()


def _decode(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8-sig", "replace")) + 1
        place = Position(file, line, column)
        raise ScenarioError([Mistake(place, "is not UTF-8 text")]) from None
    strange = _UNPRINTABLE.search(text)
    if strange:
        before = text[: strange.start()]
        place = Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f'holds the control character U+{ord(strange[0]):04X}; such bytes are written as {{hex: "…"}}'
        raise ScenarioError([Mistake(place, message)])
    return text


_INDENTATION = "the indentation does not fit the lines above, or a colon, comma, bracket or quote is missing"
_REMEDIES = (
    ("mapping values are not allowed", "a colon and a blank begin a mapping, which cannot stand here: quote the text, "
     "or check the indentation"),
    ("could not find expected ':'", "a key needs a colon and a blank after it; check the indentation, too"),
    ("quoted scalar", "a quote is not closed"),
    ("expected", _INDENTATION),
    ("cannot start any token", "text that begins with this character must be quoted"),
    ("undefined alias", "anchors and aliases are not part of the language; quote text that begins with *"),
)  # fmt: skip
"""What the YAML library says, in part, and what the author can do about it."""


def _syntax_mistake(error: yaml.YAMLError, text: str, file: str) -> Mistake:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Mistake(Position(file, 1, 1), f"is not YAML: {error}")
    opening = (error.context or "").endswith("quoted scalar")
    mark = error.context_mark if opening else error.problem_mark or error.context_mark
    problem = error.problem or "it cannot be read"
    problem_text = f"is not YAML: {problem} ({error.context})" if error.context else f"is not YAML: {problem}"
    if mark is None:
        return Mistake(Position(file, 1, 1), problem_text)
    place = Position(file, mark.line + 1, mark.column + 1)
    lines = text.split("\n")
    if "\t" in (lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""):
        return Mistake(place, "a tab indents here; YAML is indented with blanks")
    remedy = next((remedy for part, remedy in _REMEDIES if part in problem_text), None)
    return Mistake(place, f"{problem_text}; {remedy}" if remedy else problem_text)


class _Builder:
    """Builds the tree from PyYAML's events, and finds aliases, tags, duplicate keys, and too much of anything.

    Events and not PyYAML's nodes: its composer recurses without a bound, which ends the process when libyaml is used.
    """

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self.file = file
        self.events = events
        self.count = 0
        self.mistakes: list[Mistake] = []

    def build(self) -> Fields:
        """The root; ScenarioError with the mistakes of all its nodes."""
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise self._stop(Position(self.file, 1, 1), "is empty; a scenario needs summary, transports and steps")
        root = self._node(next(self.events), 1)
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._stop(self._place(after), "a second document begins here; a file holds one scenario")
        if not isinstance(root, Fields):
            self.mistakes.append(Mistake(root.position, "a scenario is a mapping: summary, transports, steps, …"))
        if self.mistakes:
            raise ScenarioError(self.mistakes)
        assert isinstance(root, Fields)
        return root

    def _place(self, event: yaml.Event) -> Position:
        mark = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1) if mark else Position(self.file, 1, 1)

    def _stop(self, place: Position, message: str) -> ScenarioError:
        return ScenarioError([*self.mistakes, Mistake(place, message)])

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._place(event)
        self.count += 1
        assert isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise self._stop(place, "anchors and aliases are not part of the language; use cases, or write it out")
        if self.count > MAX_NODES:
            raise self._stop(place, f"has more than {MAX_NODES} values, the most a scenario may have")
        if depth > MAX_DEPTH:
            raise self._stop(place, f"is nested deeper than {MAX_DEPTH} levels")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.mistakes.append(Mistake(place, f"tags are not part of the language: {tag}"))
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, not event.style, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(self._items(depth)), place)
        return Fields(tuple(self._pairs(depth)), place)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _pairs(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, Position] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, value = self._node(event, depth + 1), self._node(next(self.events), depth + 1)
            if not isinstance(key, Scalar) or len(key.text) > MAX_KEY:
                self.mistakes.append(Mistake(key.position, f"a key is a word of at most {MAX_KEY} characters"))
            elif key.text in seen:
                first = seen[key.text]
                self.mistakes.append(Mistake(key.position, f'"{key.text}" was already given in line {first.line}'))
            else:
                seen[key.text] = key.position
                yield key, value


class Filling:
    """Replaces the variables of cases, and remembers which were used; bounded over all the cases of a file."""

    def __init__(self, place: Position) -> None:
        self.used: set[str] = set()
        self._place = place
        self._left = MAX_FILLED

    def fill(self, node: Node, variables: Mapping[str, Node], depth: int = 1) -> Node:
        """``node`` with each ``$name`` of a variable replaced by that variable's whole node."""
        self._take(depth)
        if isinstance(node, Scalar):
            name = node.text[1:] if node.text.startswith("$") else ""
            if name not in variables:
                return node
            self.used.add(name)
            self._count(variables[name], depth)
            return variables[name]
        if isinstance(node, Items):
            return Items(tuple(self.fill(item, variables, depth + 1) for item in node.items), node.position)
        pairs = tuple((key, self.fill(value, variables, depth + 1)) for key, value in node.pairs)
        return Fields(pairs, node.position)

    def _count(self, node: Node, depth: int) -> None:
        """Takes a filled-in node into account: variables that hold variables may grow without end."""
        self._take(depth)
        inner = node.items if isinstance(node, Items) else [value for _, value in getattr(node, "pairs", ())]
        for each in inner:
            self._count(each, depth + 1)

    def _take(self, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            message = f"with their variables filled in, the cases have more than {MAX_FILLED} values together"
            raise ScenarioError([Mistake(self._place, message)])
        if depth > MAX_DEPTH:
            message = f"with its variables filled in, a case is nested deeper than {MAX_DEPTH} levels"
            raise ScenarioError([Mistake(self._place, message)])
