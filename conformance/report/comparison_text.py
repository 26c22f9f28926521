"""A comparison as plain text: the summary, the differences that need attention first, and what was not run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from conformance.engine.wording import counted, known_from
from conformance.report.compared import ANOTHER_VERSION, Comparison, Entry
from conformance.report.comparison import by_version
from conformance.report.difference_kinds import STATED, Side

SCREEN = 24
"""Lines of a screen whose height is not known."""

WIDTH = 100
_NAMED = 2
"""How many records of a group are named where the group is long."""


def text(compared: Comparison, lines: int | None = None) -> str:
    """The comparison in words. ``lines``: show no more than fit so many, and say how much is left out."""
    top = [*_head(compared), *_coverage(compared)] if lines is None else _head(compared)
    made, left = list(top), list(compared.entries)
    while left:
        block = ["", *_entry(left[0], compared.labels)]
        if lines is not None and len(made) + len(block) > lines - 2 and len(left) < len(compared.entries):
            break
        made += block
        left.pop(0)
    if left:
        cells = sum(len(entry.cells) for entry in left)
        made += ["", f"{counted(len(left), 'more difference')} ({counted(cells, 'cell')}): --all shows them"]
    return "\n".join(made) + "\n"


def _head(compared: Comparison) -> Iterator[str]:
    shared = ", ".join(f"{name} {words}" for name, words in compared.shared)
    yield from _wrapped(" | ".join(compared.labels) + (f"  (all: {shared})" if shared else ""))
    for sentence in compared.summary:
        yield from _wrapped(sentence)


def _coverage(compared: Comparison) -> Iterator[str]:
    """What was not run, by record and reason, and the records that are not complete."""
    for record in compared.records:
        if record.incomplete:
            yield f"{record.label} is incomplete: {record.incomplete} ({record.path})"
    for gap in compared.coverage:
        yield from _wrapped(f"{gap.label}: {counted(len(gap.cells), 'cell')} {gap.verdict}, {gap.reason}", "  ")
    for versions, names in by_version(compared.of_another_version).items():
        yield from _wrapped(f"not compared, {ANOTHER_VERSION} ({versions}): {', '.join(names)}", "  ")


def _entry(entry: Entry, labels: Sequence[str]) -> Iterator[str]:
    cell, first = entry.example, entry.example.partings[0]
    where = f"step {first.step}, line {first.line}: " if first.step else ""
    number = f" ({counted(len(entry.cells), 'cell')})" if len(entry.cells) > 1 else ""
    yield f"{entry.kind}, {first.depth}: {cell.id}{number}"
    yield from _wrapped(f"{where}{first.says}", "  ")
    for side in first.sides:
        yield from _wrapped(f"{group_words(side.labels, labels)}: {side_words(side)}", "    ")


def group_words(group: Sequence[str], labels: Sequence[str]) -> str:
    """The records of a group; of a large one the first, and how many others."""
    if len(group) <= _NAMED + 1:
        return ", ".join(group)
    if len(group) == len(labels) - 1:
        return f"all others ({len(group)})"
    return f"{', '.join(group[:_NAMED])} and {len(group) - _NAMED} more"


def side_words(side: Side) -> str:
    """What a group did, and what was expected by which source; the declared reason where there is one."""
    if side.reason:
        return f"{side.did}; declared: {side.reason}"
    known = known_from(side.source or None, side.basis or None)
    return f"{side.did}{known}" if side.standing == STATED else f"{side.did}; expected: {side.expected}{known}"


def _wrapped(words: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    ) or [indent]
