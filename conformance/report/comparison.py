"""Comparisons: the same cells in several records, aligned and grouped by what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from conformance.model.record import CellRecord
from conformance.report.compared import CellComparison, ComparedRecord, Comparison
from conformance.report.coverage import Key, gaps, not_run
from conformance.report.difference_entries import entries, summary
from conformance.report.measures import Measured, measured
from conformance.report.partings import grouped, partings
from conformance.report.record_labels import labelled
from conformance.report.records import Record

Wanted = Callable[[CellRecord], bool]
"""Whether a cell is compared."""


def compare(records: Sequence[Record], wanted: Wanted | None = None) -> Comparison:
    """All cells of all records, or those that are wanted, in the order in which they first appear.

    The same records give the same result.
    """
    named = labelled(records)
    return assembled(named.names, records, named.shared, cell_comparisons(named.names, records, wanted))


def cell_comparisons(
    names: Sequence[str], records: Sequence[Record], wanted: Wanted | None = None
) -> tuple[CellComparison, ...]:
    """The cells of records that have these labels."""
    tables = [{cell.key: cell for cell in record.cells if not wanted or wanted(cell)} for record in records]
    keys = dict.fromkeys(key for table in tables for key in table)
    return tuple(_cell(key, names, tables) for key in keys)


def assembled(
    names: Sequence[str],
    records: Sequence[Record],
    shared: Sequence[tuple[str, str]],
    cells: Sequence[CellComparison],
    baselines: int = 0,
) -> Comparison:
    """The comparison of which these are the cells. ``baselines``: so many of the records, the last, are baselines."""
    first_baseline = len(records) - baselines
    found = Comparison(
        tuple(
            _record(name, record, number >= first_baseline)
            for number, (name, record) in enumerate(zip(names, records, strict=True))
        ),
        tuple(shared),
        tuple(cells),
        entries(cells),
        gaps(names, ((cell.key, cell.lacking) for cell in cells)),
        tuple(_figures(names, records, cells)),
    )
    return replace(found, summary=summary(found))


def _record(label: str, record: Record, baseline: bool) -> ComparedRecord:
    header = record.header
    return ComparedRecord(
        label, str(record.path), record.platform, header.implementation, header.implementation_version or "",
        record.facts, header.started, len(record.cells), record.incomplete, baseline,
    )  # fmt: skip


def _figures(names: Sequence[str], records: Sequence[Record], cells: Sequence[CellComparison]) -> list[Measured]:
    """The measures of all cells whose scenario is the same everywhere."""
    comparable = {cell.key for cell in cells if not cell.versions}
    return measured(
        {
            name: [each for each in record.cells if each.measures and each.key in comparable]
            for name, record in zip(names, records, strict=True)
        }
    )


def _cell(key: Key, names: Sequence[str], tables: Sequence[Mapping[Key, CellRecord]]) -> CellComparison:
    found = {name: table.get(key) for name, table in zip(names, tables, strict=True)}
    held = {name: cell for name, cell in found.items() if cell is not None}
    lacking = tuple(gap for name, cell in found.items() if (gap := not_run(name, cell)))
    without = {gap.label for gap in lacking}
    file = next(iter(held.values())).file
    seconds = {name: cell.seconds for name, cell in held.items()}
    if versions := _versions(held):
        return CellComparison(*key, file, (), (), lacking, versions, seconds)
    groups, common = grouped([(name, cell) for name, cell in held.items() if name not in without])
    parted = tuple(partings(groups, common)) if len(groups) > 1 else ()
    return CellComparison(*key, file, groups, parted, lacking, (), seconds)


def _versions(held: Mapping[str, CellRecord]) -> tuple[tuple[str, ...], ...]:
    """Labels by the digest of the scenario's file, where there are several. A record without digests fits any."""
    found: dict[str, list[str]] = {}
    for name, cell in held.items():
        if cell.digest:
            found.setdefault(cell.digest, []).append(name)
    return tuple(map(tuple, found.values())) if len(found) > 1 else ()


def by_version(cells: Iterable[CellComparison]) -> dict[str, list[str]]:
    """Scenarios by the records that ran the same version of them: ``A = B | C``."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        words = " | ".join(" = ".join(labels) for labels in cell.versions)
        found.setdefault(words, {})[cell.scenario] = None
    return {words: list(names) for words, names in found.items()}
