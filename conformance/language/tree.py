"""YAML text to a plain tree that knows its positions: bounded in size and depth, without aliases and tags.

Scalars follow the core schema of YAML 1.2, so ``NO`` is a string. libyaml composes where PyYAML was built with it.
"""

from __future__ import annotations

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

_LOADER: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
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
    if text.startswith(("0x", "0o")):
        try:
            return int(text, 0)
        except ValueError:
            return text
    return float(text) if _FLOAT.match(text) else text


def read(path: Path) -> bytes:
    """The bytes of a scenario file, within the size limit; ScenarioError for anything unreadable."""
    here = Position(str(path), 1, 1)
    try:
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
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([_syntax_mistake(error, file)]) from None
    except yaml.YAMLError as error:
        raise ScenarioError([Mistake(Position(file, 1, 1), f"is not YAML: {error}")]) from None
    except RecursionError:
        raise ScenarioError([Mistake(Position(file, 1, 1), f"is nested deeper than {MAX_DEPTH} levels")]) from None
    if not isinstance(root, yaml.MappingNode):
        raise ScenarioError([Mistake(Position(file, 1, 1), "a scenario is a mapping: summary, transports, steps, …")])
    tree = _Builder(file).build(root)
    assert isinstance(tree, Fields)
    return tree


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        place = Position(file, line, column)
        raise ScenarioError([Mistake(place, "is not UTF-8 text")]) from None


def _syntax_mistake(error: yaml.MarkedYAMLError, file: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
    problem = error.problem or "is not YAML"
    return Mistake(place, f"{problem} ({error.context})" if error.context else problem)


class _Builder:
    """Turns PyYAML's nodes into ours, and finds aliases, tags, duplicate keys, and too much of anything."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.seen: set[int] = set()
        self.mistakes: list[Mistake] = []

    def build(self, root: yaml.Node) -> Node:
        tree = self._node(root, 1)
        if self.mistakes:
            raise ScenarioError(self.mistakes)
        return tree

    def _place(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _stop(self, place: Position, message: str) -> ScenarioError:
        return ScenarioError([*self.mistakes, Mistake(place, message)])

    def _node(self, node: yaml.Node, depth: int) -> Node:
        place = self._place(node)
        if id(node) in self.seen:
            raise self._stop(place, "anchors and aliases are not part of the language; use cases, or write it out")
        self.seen.add(id(node))
        if len(self.seen) > MAX_NODES:
            raise self._stop(place, f"has more than {MAX_NODES} values, the most a scenario may have")
        if depth > MAX_DEPTH:
            raise self._stop(place, f"is nested deeper than {MAX_DEPTH} levels")
        if node.tag not in _PLAIN_TAGS:
            self.mistakes.append(Mistake(place, f"tags are not part of the language: {node.tag}"))
        if isinstance(node, yaml.ScalarNode):
            return Scalar(node.value, not node.style, place)
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self._node(item, depth + 1) for item in node.value), place)
        return Fields(tuple(self._pairs(node, depth)), place)

    def _pairs(self, node: yaml.Node, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, Position] = {}
        for key_node, value_node in node.value:
            key, value = self._node(key_node, depth + 1), self._node(value_node, depth + 1)
            if not isinstance(key, Scalar):
                self.mistakes.append(Mistake(key.position, "a key is a plain word"))
            elif key.text in seen:
                first = seen[key.text]
                self.mistakes.append(Mistake(key.position, f'"{key.text}" was already given in line {first.line}'))
            else:
                seen[key.text] = key.position
                yield key, value


def substitute(node: Node, variables: Mapping[str, Node], used: set[str]) -> Node:
    """``node`` with each plain ``$name`` of a case variable replaced by that variable's whole node."""
    if isinstance(node, Scalar):
        if node.text.startswith("$") and node.text[1:] in variables:
            used.add(node.text[1:])
            return variables[node.text[1:]]
        return node
    if isinstance(node, Items):
        return Items(tuple(substitute(item, variables, used) for item in node.items), node.position)
    pairs = tuple((key, substitute(value, variables, used)) for key, value in node.pairs)
    return Fields(pairs, node.position)
