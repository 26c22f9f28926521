"""All data of the page as plain values, which the page's script reads. Names that are said once are numbers elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.language.howto_claims import claims
from conformance.model.record import VERDICTS, CellRecord
from conformance.model.scenario import Scenario
from conformance.report.claim_results import STATUSES
from conformance.report.comparison import ComparedRecord, Comparison, Entry
from conformance.report.difference_kinds import KINDS
from conformance.report.html.behaviours import Behaviours
from conformance.report.html.charts import as_values, charts
from conformance.report.html.claim_table import claim_rows
from conformance.report.html.commands import platform_argument
from conformance.report.html.packets import drawing
from conformance.report.html.rows import VERDICT_CODES, Key, Row, folder, in_order, parting_values, row
from conformance.report.html.scenario_texts import coloured, found
from conformance.report.records import Record
from conformance.report.tables import VERDICT_MARKS
from conformance.tables.sections import SECTIONS


def page_data(compared: Comparison, records: Sequence[Record]) -> Mapping[str, object]:
    """The data of a comparison of these records."""
    kept = Behaviours()
    tables = [{cell.key: cell for cell in record.cells} for record in records]
    ordered = in_order(compared.cells)
    cells = [[table.get(cell.key) for table in tables] for cell in ordered]
    wires = {id(cell): drawing(record.path, cell) for record in records for cell in record.cells if cell.capture}
    rows = [row(cell, each, compared.labels, kept, wires) for cell, each in zip(ordered, cells, strict=True)]
    places = {each.cell.key: number for number, each in enumerate(rows)}
    scenarios = _scenarios(cells)
    return {
        "verdicts": [[name, VERDICT_CODES[name], VERDICT_MARKS[name]] for name in VERDICTS],
        "kinds": KINDS,
        "statuses": STATUSES,
        "sections": SECTIONS,
        "records": [_record(each) for each in compared.records],
        "scenarios": [_scenario(name, first, known) for name, (first, known) in scenarios.items()],
        **_matrix(rows, list(scenarios), kept),
        "entries": [_entry(entry, places) for entry in compared.entries],
        "gaps": [
            [compared.labels.index(gap.label), gap.verdict, gap.reason, [places[key] for key in gap.cells]]
            for gap in compared.coverage
        ],
        "charts": [as_values(chart) for chart in charts(cells)],
        "claims": claim_rows(records, [known for _, known in scenarios.values() if known]),
        "steps": kept.steps.values,
        "acts": kept.acts.values,
        "kept": kept.kept.values,
        "texts": kept.texts.values,
    }


def _matrix(rows: Sequence[Row], scenarios: Sequence[str], kept: Behaviours) -> dict[str, object]:
    """The columns of the table of rows; those of rows without a difference have no partings."""
    numbers = {name: number for number, name in enumerate(scenarios)}
    text = kept.texts.of
    return {
        "rows": [[numbers[each.cell.scenario], text(each.cell.case), text(each.cell.transport)] for each in rows],
        "codes": [each.codes for each in rows],
        "groups": [each.groups for each in rows],
        "behaviours": [each.kept for each in rows],
        "partings": {number: _partings(each, kept) for number, each in enumerate(rows) if each.cell.partings},
        "versions": {number: each.cell.versions for number, each in enumerate(rows) if each.cell.versions},
    }


def _partings(found: Row, kept: Behaviours) -> list[list[object]]:
    return [parting_values(each, found.letters, kept) for each in found.cell.partings]


def _record(record: ComparedRecord) -> dict[str, object]:
    facts = vars(record.facts) if record.facts else {}
    return {
        "label": record.label,
        "platform": record.platform,
        "implementation": record.implementation,
        "version": record.version,
        "facts": [[name.replace("_", " "), str(value)] for name, value in facts.items() if value is not None],
        "run": platform_argument(record.facts),
        "started": record.started,
        "incomplete": record.incomplete,
    }


def _scenarios(cells: Sequence[Sequence[CellRecord | None]]) -> dict[str, tuple[CellRecord, Scenario | None]]:
    """Each scenario by its id, with its first cell, and its file where that is known."""
    first: dict[str, CellRecord] = {}
    for each in cells:
        cell = next(cell for cell in each if cell)
        first.setdefault(cell.scenario, cell)
    return {name: (cell, found(cell)) for name, cell in first.items()}


def _scenario(name: str, first: CellRecord, known: Scenario | None) -> dict[str, object]:
    """What the page says of a scenario; without its file only what the record has."""
    said: dict[str, object] = {"id": name, "section": folder(name), "level": first.level, "file": first.file}
    if known is None:
        return said
    order = list(claims())
    text = known.path.read_text("utf-8")
    return {
        **said,
        "summary": known.summary,
        "why": known.why,
        "claims": [order.index(claim) for claim in known.claims],
        "sources": known.sources,
        "text": text,
        "pieces": [number for piece in coloured(text) for number in piece],
    }


def _entry(entry: Entry, places: Mapping[Key, int]) -> list[object]:
    """An entry: kind, depth, title, and its rows; the page shows the first of them."""
    return [KINDS.index(entry.kind), entry.depth, entry.title, [places[cell.key] for cell in entry.cells]]
