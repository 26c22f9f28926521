"""What all parts of the parser share: collecting mistakes, reading keys and plain scalars, naming the nearest word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from conformance.language.suggestions import LISTED, choices, nearest, short
from conformance.language.yaml_tree import Fields, Items, Node, Scalar
from conformance.model.errors import Mistake, ScenarioError

T = TypeVar("T")

MAX_MISTAKES = 100
"""The most mistakes of one file that are listed."""

NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")


class Bad(Exception):  # noqa: N818 (control flow inside the parser: one mistake, already worded)
    """One mistake; handled by the nearest :meth:`Reader.attempt`, so that the rest of the file is still read."""

    def __init__(self, node: Node, message: str) -> None:
        self.mistake = Mistake(node.position, message)


class Reader:
    """Collects the mistakes of one file."""

    def __init__(self) -> None:
        self._mistakes: dict[Mistake, None] = {}

    @property
    def mistakes(self) -> list[Mistake]:
        """What was noted, each mistake once (cases repeat them)."""
        return list(self._mistakes)

    def add(self, node: Node, message: str) -> None:
        """Notes a mistake and goes on; ScenarioError when there are too many to be of use."""
        self._note(Mistake(node.position, message))

    def _note(self, mistake: Mistake) -> None:
        self._mistakes[mistake] = None
        if len(self._mistakes) >= MAX_MISTAKES:
            raise ScenarioError(self.mistakes)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Notes the mistake that ends the block, if one does."""
        try:
            yield
        except Bad as bad:
            self._note(bad.mistake)

    def each(self, nodes: Iterable[Node], read: Callable[[Node], T]) -> tuple[T, ...]:
        """Reads each node; those with mistakes are noted and left out."""
        results: list[T] = []
        for node in nodes:
            with self.attempt():
                results.append(read(node))
        return tuple(results)

    def known_keys(self, fields: Fields, known: Iterable[str], where: str) -> None:
        """Notes every key that is not known."""
        known = list(known)
        for key, _ in fields.pairs:
            if key.text not in known:
                self.add(key, f'{where} has no "{short(key.text)}"{nearest(key.text, known)}')


def bad(node: Node, message: str) -> NoReturn:
    """Ends the reading of this part with a mistake."""
    raise Bad(node, message)


def fields(node: Node, what: str) -> Fields:
    """The node as a mapping."""
    if not isinstance(node, Fields):
        bad(node, f"{what} is a mapping, not {describe(node)}")
    return node


def items(node: Node, what: str) -> tuple[Node, ...]:
    """The node as a list."""
    if not isinstance(node, Items):
        bad(node, f"{what} is a list, not {describe(node)}")
    return node.items


def scalar(node: Node, what: str) -> Scalar:
    """The node as a scalar."""
    if not isinstance(node, Scalar):
        bad(node, f"{what} is a single value, not {describe(node)}")
    return node


def text(node: Node, what: str) -> str:
    """The node's text, if YAML reads it as text and not as a number, boolean or null."""
    value = scalar(node, what).value
    if not isinstance(value, str):
        bad(node, f"{what} is text, but YAML reads {describe(node)} here; quote it")
    return value


def word(node: Node, what: str, known: Iterable[str]) -> str:
    """The node as one of the known words."""
    known = list(known)
    value = scalar(node, what).value
    if not isinstance(value, str):
        bad(node, f"{what} is written by name, not as {describe(node)}{choices(known)}")
    if value not in known:
        bad(node, f'{what} "{short(value)}" is not known{nearest(value, known, LISTED.get(what, ""))}')
    return value


def name(node: Node, what: str) -> str:
    """The node as a name: a lower-case letter, then letters, digits, ``-`` and ``_``."""
    value = text(node, what)
    if not NAME.match(value):
        bad(node, f'{what} "{short(value)}" must be a lower-case letter followed by letters, digits, - or _')
    return value


def integer(node: Node, what: str) -> int:
    """The node as an integer."""
    value = scalar(node, what).value
    if isinstance(value, bool) or not isinstance(value, int):
        bad(node, f"{what} is a whole number, not {describe(node)}")
    return value


def number(node: Node, what: str) -> float:
    """The node as a number."""
    value = scalar(node, what).value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        bad(node, f"{what} is a number, not {describe(node)}")
    return value


def boolean(node: Node, what: str) -> bool:
    """The node as true or false."""
    value = scalar(node, what).value
    if not isinstance(value, bool):
        bad(node, f"{what} is true or false, not {describe(node)}")
    return value


def texts(node: Node | None, what: str) -> tuple[str, ...]:
    """The node as a list of texts; empty where it is absent."""
    return tuple(text(item, what) for item in items(node, f"{what}s")) if node is not None else ()


def describe(node: Node) -> str:
    """The node in words, for messages."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Fields):
        return "a mapping"
    value = node.value
    if value is None:
        return "null" if node.text else "nothing"
    if isinstance(value, bool):
        return f"the boolean {node.text}"
    if isinstance(value, (int, float)):
        return f"the number {node.text}"
    return f'the text "{short(node.text)}"'
