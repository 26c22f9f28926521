"""Entries of a comparison: equal differences over cases, transports and scenarios together, and the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.engine.wording import counted
from conformance.report.compared import CellComparison, ComparedRecord, Entry
from conformance.report.coverage import CoverageGap
from conformance.report.difference_kinds import DECLARED, DOCUMENTED, KINDS, UNEXPLAINED, Side, depth_rank


def entries(cells: Iterable[CellComparison]) -> tuple[Entry, ...]:
    """The differences among these cells: unexplained ones first, then the gravest, then the most frequent."""
    found: dict[object, list[CellComparison]] = {}
    for cell in cells:
        if not cell.same:
            found.setdefault(_alike(cell), []).append(cell)
    made = [_entry(same) for same in found.values()]
    return tuple(sorted(made, key=lambda entry: (KINDS.index(entry.kind), depth_rank(entry.depth), -len(entry.cells))))


def _alike(cell: CellComparison) -> object:
    """What equal differences have in common: the explanation where there is one, else what each group did."""
    first = cell.partings[0]
    groups = tuple(group.labels for group in cell.groups)
    if cell.kind == DECLARED:
        return cell.kind, groups, tuple(dict.fromkeys(side.reason for p in cell.partings for side in p.sides))
    if cell.kind == DOCUMENTED and (sources := _own_sources(cell)):
        return cell.kind, groups, sources
    sides = tuple((side.did, side.expected, side.standing) for side in first.sides)
    return cell.kind, groups, first.depth, first.operation, sides


def _own_sources(cell: CellComparison) -> tuple[object, ...]:
    """Where the first step differs, what each group's own expectation states as source, and for which platforms."""
    sides = cell.partings[0].sides
    found = tuple((side.source, side.basis, side.where) if side.own_source else None for side in sides)
    return found if any(found) else ()


def _entry(cells: Sequence[CellComparison]) -> Entry:
    depth = min((cell.depth for cell in cells), key=depth_rank)
    return Entry(cells[0].kind, depth, _title(cells[0]), tuple(cells))


def _title(cell: CellComparison) -> str:
    """What a difference is about: the declared reason, the terms or the source of an alternative, or the call."""
    first = cell.partings[0]
    if cell.kind == DECLARED:
        return next((side.reason for p in cell.partings for side in p.sides if side.reason), first.operation)
    if cell.kind == DOCUMENTED:
        return next((_about(side) for side in first.sides if side.own_source), first.operation)
    return f"{first.operation}: {first.depth}"


def _about(side: Side) -> str:
    return f"{' + '.join(side.where)}: {side.source}" if side.where else side.source


def summary(
    records: Sequence[ComparedRecord],
    counts: Mapping[str, int],
    found: Sequence[Entry],
    coverage: Sequence[CoverageGap],
) -> tuple[str, str, str]:
    """Three sentences: what agrees, what differs and who explains it, and what was not run."""
    total = sum(counts.values())
    others = [f"{number:,} {_WORDS.get(name, name)}" for name, number in counts.items() if number and name != "same"]
    more = f"; {', '.join(others)}" if others else ""
    first = f"{counted(total, 'cell')} in {counted(len(records), 'record')}: {counts['same']:,} the same{more}."
    return first, _differences(found), _not_run(records, coverage)


_WORDS = {"differ": "differ"}


def _differences(found: Sequence[Entry]) -> str:
    if not found:
        return "No cell differs."
    by_kind = {kind: [entry for entry in found if entry.kind == kind] for kind in KINDS}
    words = [
        f"{counted(sum(len(entry.cells) for entry in same), 'cell')} {kind} ({counted(len(same), 'difference')})"
        for kind, same in by_kind.items()
        if same
    ]
    nobody = "" if by_kind[UNEXPLAINED] else "Every difference is explained: "
    return f"{nobody or 'Differences: '}{', '.join(words)}."


def _not_run(records: Sequence[ComparedRecord], coverage: Sequence[CoverageGap]) -> str:
    if not coverage and not any(record.incomplete for record in records):
        return "Every record ran every cell."
    counts: dict[str, dict[str, int]] = {}
    for gap in coverage:
        verdicts = counts.setdefault(gap.label, {})
        verdicts[gap.verdict] = verdicts.get(gap.verdict, 0) + len(gap.cells)
    words = [
        f"{label} lacks {sum(verdicts.values()):,} ({', '.join(f'{n:,} {name}' for name, n in verdicts.items())})"
        for label, verdicts in counts.items()
    ]
    words += [f"{record.label} is incomplete" for record in records if record.incomplete]
    return f"Not compared: {'; '.join(words)}."
