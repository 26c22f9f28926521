"""Which cells ``-k`` and ``-m`` choose: the names and marks of a cell, matched by pytest's own expressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from conformance.model.cell import Cell

if TYPE_CHECKING:
    from _pytest.mark.expression import Expression


class WrongExpression(ValueError):  # noqa: N818 (of the user)
    """An expression that pytest cannot read."""


def marks_of(cell: Cell) -> tuple[str, ...]:
    """What ``-m`` matches: level and tags."""
    return (cell.scenario.level, *cell.scenario.tags)


def extra_keywords_of(cell: Cell) -> tuple[str, ...]:
    """What ``-k`` matches beside the names of an item, its file and its folders, and its marks."""
    return (cell.transport, cell.implementation, *cell.case.terms)


def item_name(cell: Cell) -> str:
    """The name of a cell below its file: case, transport, and the implementation if it is not stdlib."""
    return cell.id.partition("[")[2].rstrip("]")


def chosen(cells: Sequence[Cell], keyword: str, marker: str) -> list[Cell]:
    """The cells that match both expressions; an empty expression matches all. WrongExpression."""
    by_keyword, by_mark = _compiled("-k", keyword), _compiled("-m", marker)
    return [
        cell
        for cell in cells
        if (by_keyword is None or by_keyword.evaluate(_Contains(_keywords(cell))))
        and (by_mark is None or by_mark.evaluate(_Is(marks_of(cell))))
    ]


def _keywords(cell: Cell) -> Iterable[str]:
    folders = cell.scenario.id.split("/")[:-1]
    return (*folders, cell.scenario.path.name, item_name(cell), *extra_keywords_of(cell), *marks_of(cell))


def _compiled(option: str, text: str) -> Expression | None:
    if not text.strip():
        return None
    from _pytest.mark import expression  # only here: without an expression a run needs nothing of pytest

    try:
        return expression.Expression.compile(text)
    except Exception as error:  # noqa: BLE001 (of a class that differs between versions of pytest)
        raise WrongExpression(f"Wrong expression passed to '{option}': {text}: {error}") from None


class _Contains:
    """Whether any name contains a word, whatever its case."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [name.lower() for name in names]

    def __call__(self, word: str, /, **_: object) -> bool:
        return any(word.lower() in name for name in self._names)


class _Is:
    """Whether any mark has exactly a name. Ours have no arguments."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __call__(self, name: str, /, **arguments: object) -> bool:
        return name in self._names and not arguments
