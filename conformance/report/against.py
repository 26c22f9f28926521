"""Records against their baselines: which behaviour is new, and which cells are not run any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.model.errors import RecordError
from conformance.report.compared import CellComparison, Comparison
from conformance.report.comparison import Wanted, assembled, cell_comparisons
from conformance.report.record_labels import labelled
from conformance.report.records import Record


def compare_against(records: Sequence[Record], baselines: Sequence[Record], wanted: Wanted | None = None) -> Comparison:
    """What differs between each record and the baselines of its platform and implementation.

    A behaviour that any of its baselines shows is not new. A cell that a baseline ran and the record did not is lost
    coverage. RecordError where a record has no baseline.
    """
    labels = labelled(records)
    pairs = [_partners(record, records, baselines) for record in records]
    names, everything, cells = list(labels.names), list(records), []
    for label, record, partners in zip(labels.names, records, pairs, strict=True):
        theirs = [f"{label} (baseline{f' {number}' if number > 1 else ''})" for number in range(1, len(partners) + 1)]
        names += theirs
        everything += partners
        found = cell_comparisons([label, *theirs], [record, *partners], wanted)
        cells += [_change(label, cell) for cell in found if _is_of_interest(label, cell)]
    made = assembled(names, everything, labels.shared, cells, baselines=len(everything) - len(records))
    unmatched = _unmatched(baselines, pairs) if len(records) > 1 else ()
    return replace(made, unmatched=unmatched)


def _identity(record: Record) -> tuple[str, str]:
    return record.platform, record.header.implementation


def _partners(record: Record, records: Sequence[Record], baselines: Sequence[Record]) -> list[Record]:
    """The baselines of a record; one baseline is that of a single record whatever it is about."""
    found = [each for each in baselines if _identity(each) == _identity(record)]
    if not found and len(records) == len(baselines) == 1:
        found = list(baselines)
    if not found:
        what = "/".join(_identity(record))
        raise RecordError(f"{record.path}:1: no baseline is about {what}; name one with --against, or leave this out")
    return found


def _unmatched(baselines: Sequence[Record], pairs: Sequence[Sequence[Record]]) -> tuple[str, ...]:
    """The baselines that no record was compared with."""
    used = {id(each) for partners in pairs for each in partners}
    return tuple(str(each.path) for each in baselines if id(each) not in used)


def _is_of_interest(label: str, cell: CellComparison) -> bool:
    """Whether the cell is in the record, or was run in a baseline."""
    return bool(cell.groups or cell.versions) or all(gap.label != label for gap in cell.lacking)


def _change(label: str, cell: CellComparison) -> CellComparison:
    """The cell with what is new in it: nothing where a baseline did the same as the record."""
    mine = [group for group in cell.groups if label in group.labels]
    lost = tuple(gap for gap in cell.lacking if gap.label == label and cell.groups)
    if not mine or len(mine[0].labels) > 1:
        return replace(cell, groups=tuple(mine) or cell.groups[:1], partings=(), lacking=lost)
    return replace(cell, lacking=lost)
