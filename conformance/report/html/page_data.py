"""All data of the page as plain values, which the page's script reads. A text, step or behaviour is there once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.language.howto_claims import claims, former_ids
from conformance.model.record import VERDICTS, CellRecord
from conformance.report.claim_results import STATUSES
from conformance.report.compared import CellComparison, ComparedRecord, Comparison, Entry
from conformance.report.difference_kinds import KINDS
from conformance.report.html.behaviours import Behaviours
from conformance.report.html.claim_table import claim_tables
from conformance.report.html.commands import platform_argument
from conformance.report.html.numbering import shown
from conformance.report.html.rows import CODES, Row, folder, gaps, parting_values, rows
from conformance.report.html.scenario_texts import ScenarioText, coloured, found
from conformance.report.html.terms import MARKS
from conformance.report.measures import Measured
from conformance.tables.sections import SECTIONS


def page_data(compared: Comparison) -> Mapping[str, object]:
    """The data of a comparison."""
    kept = Behaviours()
    matrix = rows(compared, kept)
    places = {id(each.cell): number for number, each in enumerate(matrix)}
    scenarios = _scenarios(each.cell for each in matrix)
    labels = compared.labels
    return {
        "verdicts": VERDICTS,
        "signs": {code: [name, MARKS[name]] for name, code in CODES.items()},
        "kinds": KINDS,
        "statuses": STATUSES,
        "sections": SECTIONS,
        "records": [_record(each) for each in compared.records],
        "scenarios": [_scenario(name, *known) for name, known in scenarios.items()],
        **_matrix(matrix, list(scenarios), labels, kept),
        "entries": [_entry(entry, places) for entry in compared.entries],
        "gaps": gaps(matrix, labels),
        "charts": [_chart(each, labels) for each in compared.measures],
        **claim_tables(compared, [known for _, _, known in scenarios.values() if known], kept.texts),
        "steps": kept.steps.values,
        "acts": kept.acts.values,
        "kept": kept.kept.values,
        "texts": kept.texts.values,
    }


def _matrix(
    matrix: Sequence[Row], scenarios: Sequence[str], labels: Sequence[str], kept: Behaviours
) -> dict[str, object]:
    """The columns of the table of rows; those of rows without a difference have no partings."""
    numbers = {name: number for number, name in enumerate(scenarios)}
    text = kept.texts.of
    return {
        "rows": [
            [numbers[each.cell.scenario], text(each.cell.case), text(each.cell.transport), text(each.about)]
            for each in matrix
        ],
        "codes": [each.codes for each in matrix],
        "groups": [each.groups for each in matrix],
        "behaviours": [list(each.kept.values()) for each in matrix],
        "partings": {
            number: [parting_values(parting, each, labels, kept) for parting in each.cell.partings]
            for number, each in enumerate(matrix)
            if each.cell.partings
        },
        "versions": {number: each.cell.versions for number, each in enumerate(matrix) if each.cell.versions},
    }


def _record(record: ComparedRecord) -> dict[str, object]:
    facts = vars(record.facts) if record.facts else {}
    return {
        "label": shown(record.label),
        "platform": record.platform,
        "implementation": shown(record.implementation),
        "version": shown(record.version),
        "facts": [[name.replace("_", " "), shown(str(value))] for name, value in facts.items() if value is not None],
        "run": platform_argument(record.facts),
        "started": shown(record.started),
        "incomplete": shown(record.incomplete),
        "baseline": record.baseline,
    }


def _scenarios(cells: Iterable[CellComparison]) -> dict[str, tuple[str, CellRecord | None, ScenarioText | None]]:
    """Each scenario by its id: where its file was, the first cell that ran, and the file where that is known."""
    first: dict[str, tuple[str, CellRecord | None]] = {}
    for each in cells:
        ran = next((group.cell for group in each.groups), None)
        if each.scenario not in first or (first[each.scenario][1] is None and ran):
            first[each.scenario] = each.file, ran
    return {name: (file, ran, found(ran) if ran else None) for name, (file, ran) in first.items()}


def _scenario(name: str, file: str, ran: CellRecord | None, known: ScenarioText | None) -> dict[str, object]:
    """What the page says of a scenario; without its file only what the record has."""
    said: dict[str, object] = {"id": shown(name), "section": shown(folder(name)), "file": shown(file)}
    said["level"] = ran.level if ran else ""
    if known is None:
        return said
    order = {name: number for number, name in enumerate(claims())}
    text = shown(known.content, 10 * len(known.content))
    return {
        **said,
        "summary": shown(known.summary),
        "why": shown(known.why),
        "claims": [order[claim] for claim in (former_ids().get(name, name) for name in known.claims) if claim in order],
        "sources": [shown(source) for source in known.sources],
        "text": text,
        "pieces": [number for piece in coloured(text) for number in piece],
    }


def _entry(entry: Entry, places: Mapping[int, int]) -> list[object]:
    """An entry: kind, depth, title, and its rows; the page shows the first of them."""
    return [KINDS.index(entry.kind), entry.depth, shown(entry.title), [places[id(cell)] for cell in entry.cells]]


def _chart(table: Measured, labels: Sequence[str]) -> dict[str, object]:
    """A quantity: its rows, each with a figure in words and as a number for each record that measured it."""
    columns = [labels.index(head) if head in labels else -1 for head in table.heads]
    return {
        "name": shown(table.name.replace("_", " ")),
        "columns": columns,
        "heads": [shown(head) for head in table.heads],
        "rows": [
            [shown(words), figures, values] for (words, figures), values in zip(table.rows, table.values, strict=True)
        ],
    }
