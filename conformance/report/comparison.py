"""Comparisons: the same cells in several records, aligned and grouped by what they did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from conformance.model.record import CellRecord
from conformance.report.compared import CellComparison, ComparedRecord, Comparison
from conformance.report.coverage import Key, gaps, not_run
from conformance.report.difference_entries import entries, summary
from conformance.report.measures import Measured, measured
from conformance.report.partings import grouped, partings
from conformance.report.record_labels import labelled
from conformance.report.records import Record


def compare(records: Sequence[Record]) -> Comparison:
    """All cells of all records, in the order in which they first appear; the same records give the same result."""
    named = labelled(records)
    tables = [{cell.key: cell for cell in record.cells} for record in records]
    keys = dict.fromkeys(key for table in tables for key in table)
    cells = tuple(_cell(key, named.names, tables) for key in keys)
    plain = Comparison(
        tuple(_record(name, record) for name, record in zip(named.names, records, strict=True)),
        named.shared,
        cells,
        entries(cells),
        gaps(named.names, ((cell.key, cell.lacking) for cell in cells)),
        tuple(_figures(named.names, records, cells)),
    )
    return replace(plain, summary=summary(plain.records, plain.counts(), plain.entries, plain.coverage))


def _record(label: str, record: Record) -> ComparedRecord:
    header = record.header
    return ComparedRecord(
        label, str(record.path), record.platform, header.implementation, header.implementation_version or "",
        record.facts, header.started, len(record.cells), record.incomplete,
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
    found = [(name, table.get(key)) for name, table in zip(names, tables, strict=True)]
    lacking = tuple(gap for name, cell in found if (gap := not_run(name, cell)))
    without = {gap.label for gap in lacking}
    ran = [(name, cell) for name, cell in found if cell is not None and name not in without]
    file = next(cell.file for _, cell in found if cell is not None)
    seconds = {name: cell.seconds for name, cell in found if cell is not None}
    if versions := _versions([(name, cell) for name, cell in found if cell is not None]):
        return CellComparison(*key, file, (), (), lacking, versions, seconds)
    groups, common = grouped(ran)
    parted = tuple(partings(groups, common)) if len(groups) > 1 else ()
    return CellComparison(*key, file, groups, parted, lacking, (), seconds)


def _versions(present: Sequence[tuple[str, CellRecord]]) -> tuple[tuple[str, ...], ...]:
    """Labels by the digest of the scenario's file, where there are several. A record without digests fits any."""
    found: dict[str, list[str]] = {}
    for name, cell in present:
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
