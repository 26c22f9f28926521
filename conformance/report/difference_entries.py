"""Entries of a comparison: equal differences over cases, transports and scenarios together, and the summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.engine.wording import counted
from conformance.report.compared import CellComparison, Comparison, Entry
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


def summary(compared: Comparison) -> tuple[str, str, str]:
    """Three sentences: what agrees, what differs and who explains it, and what was not run."""
    counts = compared.counts()
    others = [f"{number:,} {name}" for name, number in counts.items() if number and name != "same"]
    more = f", {', '.join(others)}" if others else ""
    records = [record for record in compared.records if not record.baseline]
    what = f"{counted(len(records), 'record')}{' against their baselines' if compared.against else ''}"
    total = counted(len(compared.cells), "cell")
    return f"{total} in {what}: {counts['same']:,} the same{more}.", _differences(compared), _not_run(compared)


def _differences(compared: Comparison) -> str:
    new = "new " if compared.against else ""
    if not compared.entries:
        return f"No {new}difference."
    by_kind = {kind: [entry for entry in compared.entries if entry.kind == kind] for kind in KINDS}
    words = [
        f"{counted(len(same), 'difference')} in {counted(sum(len(entry.cells) for entry in same), 'cell')} {_IS[kind]}"
        for kind, same in by_kind.items()
        if same
    ]
    return f"{new.capitalize()}{', '.join(words)}."


_IS = {UNEXPLAINED: "unexplained", DECLARED: "declared as known deviations", DOCUMENTED: "documented"}


def _not_run(compared: Comparison) -> str:
    incomplete = [f"{record.label} is incomplete" for record in compared.records if record.lost_cells]
    if not compared.coverage and not incomplete:
        return "No coverage was lost." if compared.against else "Every record ran every cell."
    counts: dict[str, dict[str, int]] = {}
    for gap in compared.coverage:
        verdicts = counts.setdefault(gap.label, {})
        verdicts[gap.verdict] = verdicts.get(gap.verdict, 0) + len(gap.cells)
    alike: dict[str, list[str]] = {}
    for label, verdicts in counts.items():
        alike.setdefault(", ".join(f"{number:,} {name}" for name, number in verdicts.items()), []).append(label)
    words = [f"{', '.join(labels)}: {lacking}" for lacking, labels in alike.items()]
    return f"{'Coverage lost' if compared.against else 'Not run'}: {'; '.join([*incomplete, *words])}."
