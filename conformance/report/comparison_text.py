"""A comparison as plain text: the summary, the differences that need attention first, and what was not run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from conformance.engine.wording import counted, known_from
from conformance.model.cell import MEASURE
from conformance.report.compared import ANOTHER_VERSION, Comparison, Entry
from conformance.report.comparison import by_version
from conformance.report.difference_kinds import STATED, Side

WIDTH = 100
"""Columns of the text."""

_LONGEST = 600
"""Characters that are shown of one thing."""

Paragraph = tuple[str, str]
"""An indentation, and words to be wrapped."""

_NAMED = 2
"""How many records of a group are named where the group is long."""


def text(compared: Comparison, lines: int | None = None, width: int = WIDTH) -> str:
    """The comparison in words. ``lines``: show no more than fit so many, and say how much is left out."""
    made = _wrapped(_head(compared), width)
    rest = [["", *_wrapped(_entry(entry, compared.labels), width)] for entry in compared.entries]
    coverage = _wrapped(_coverage(compared), width)
    last = ["", *coverage] if coverage else []
    if lines is not None and len(made) + sum(map(len, (*rest, last))) > lines:
        rest, last = _fitting(compared, rest, last, lines - len(made) - 2)
    made += [line for block in (*rest, last) for line in block]
    made += [line for table in _measures(compared) for line in ("", *table)]
    return "\n".join(map(_printable, made)) + "\n"


def _fitting(
    compared: Comparison, blocks: list[list[str]], last: list[str], room: int
) -> tuple[list[list[str]], list[str]]:
    """As many of the first blocks as there is room for, one at least, and a line about what is left out."""
    shown = 0
    for block in blocks:
        room -= len(block)
        if room < 0 and shown:
            break
        shown += 1
    left = compared.entries[shown:]
    cells = counted(sum(len(entry.cells) for entry in left), "cell")
    more = [f"{counted(len(left), 'more difference')} ({cells})"] if left else []
    more += ["why cells were not run"] if compared.coverage else []
    kept = last[: max(0, room)] if not blocks else []
    return blocks[:shown], [*kept, "", f"not shown: {' and '.join(more)}; --all shows everything"] if more else []


def _head(compared: Comparison) -> Iterator[Paragraph]:
    shared = ", ".join(words if name in _PLAIN else f"{name} {words}" for name, words in compared.shared)
    names = [record.label for record in compared.records if not record.baseline]
    yield "", " | ".join(names) + (f"  (all: {shared})" if shared and len(names) > 1 else "")
    for sentence in compared.summary:
        yield "", sentence
    for each in compared.lost:
        yield "", f"coverage lost: {each}"


_PLAIN = ("system", "implementation", "Python", "machine")
"""Facts whose words say what they are about."""


def _coverage(compared: Comparison) -> Iterator[Paragraph]:
    """What was not run, by record and reason, and what was not compared."""
    reasons: dict[tuple[str, str, int], list[str]] = {}
    for gap in compared.coverage:
        reasons.setdefault((gap.verdict, gap.reason, len(gap.cells)), []).append(gap.label)
    for (verdict, reason, number), labels in reasons.items():
        yield "", f"{', '.join(labels)}: {counted(number, 'cell')} {verdict}, {reason}"
    for versions, names in by_version(compared.of_another_version).items():
        yield "", f"not compared, {ANOTHER_VERSION} ({versions}): {', '.join(names)}"


def _measures(compared: Comparison) -> Iterator[list[str]]:
    """The figures side by side, where nothing else was run."""
    if not all(group.cell.level == MEASURE for cell in compared.cells for group in cell.groups):
        return
    for table in compared.measures:
        rows = [(table.name, table.heads), *table.rows]
        widths = [
            max(len(row[0]) for row in rows),
            *(max(len(row[1][n]) for row in rows) for n in range(len(table.heads))),
        ]
        yield [
            "  ".join(
                [name.ljust(widths[0]), *(each.rjust(width) for each, width in zip(row, widths[1:], strict=True))]
            )
            for name, row in rows
        ]


def _entry(entry: Entry, labels: Sequence[str]) -> Iterator[Paragraph]:
    cell, first = entry.example, entry.example.partings[0]
    where = f"step {first.step}, line {first.line}: " if first.step else ""
    more = f" and {counted(len(entry.cells) - 1, 'more cell')}" if len(entry.cells) > 1 else ""
    yield "", f"{entry.kind}, {first.depth}: {cell.id}{more}"
    yield "  ", f"{where}{first.says}"
    together = len({(side.expected, side.source, side.basis, side.standing) for side in first.sides}) == 1
    for side in first.sides:
        did = side.did if together else side_words(side)
        yield "    ", f"{group_words(side.labels, labels)}: {did}"
    if together:
        yield "    ", expected_of(first.sides[0])


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
    if side.standing == STATED or not side.expected:
        return f"{side.did}{known_from(side.source or None, side.basis or None)}"
    return f"{side.did}; {expected_of(side)}"


def expected_of(side: Side) -> str:
    """What was expected, and by which source."""
    return f"expected: {side.expected or 'nothing else'}{known_from(side.source or None, side.basis or None)}"


def _wrapped(paragraphs: Iterable[Paragraph], width: int) -> list[str]:
    """Lines of at most this width; what is very long is cut off."""
    made: list[str] = []
    for indent, words in paragraphs:
        brief = words if len(words) <= _LONGEST else words[:_LONGEST] + "…"
        made += textwrap.wrap(
            brief, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
        )
    return made


def _printable(line: str) -> str:
    """The line with escapes for what a terminal would not show, or obey."""
    return line if line.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
