"""The claims of the HOWTO, and what each record, or each pair of records of different systems, shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from conformance.language.howto_claims import CONFIRMS, CONTRADICTS
from conformance.model.record import CellRecord
from conformance.report.claim_results import STATUSES, Platform, Standing, by_scenario, judged
from conformance.report.compared import Comparison
from conformance.report.coverage import Key
from conformance.report.html.numbering import Numbering, Texts
from conformance.report.html.scenario_texts import ScenarioText
from conformance.tables.selectors import Host

Numbers = tuple[int, ...]
Shown = tuple[int | tuple[Numbers, ...], ...]


def claim_tables(compared: Comparison, scenarios: Sequence[ScenarioText], texts: Texts) -> dict[str, object]:
    """``claims``: id, sentence, caveat, and on which records, each with the number of its row in ``standings``.

    A row of ``standings``: status, steps for, steps against, and what was shown: for or against, the sentence, a cell,
    a step of it, what was done there, and how many steps show the same.
    """
    platforms = _platforms(compared)
    standings: Numbering[Shown] = Numbering()
    claims = [
        [
            each.claim.id,
            each.claim.says,
            each.claim.caveat,
            each.lacks,
            [[texts.of(on.platform), standings.of(_shown(on, texts))] for on in each.on],
        ]
        for each in judged(platforms, scenarios)
    ]
    return {"claims": claims, "standings": standings.values}


def _platforms(compared: Comparison) -> list[Platform]:
    """The cells of each record with facts. A group's cell stands for all its records, but figures are their own."""
    cells: dict[str, list[CellRecord]] = {label: [] for label in compared.labels}
    figures = _figures(compared)
    for each in compared.cells:
        for group in each.groups:
            for label in group.labels:
                own = figures.get((label, each.key)) if group.cell.measures else None
                cells[label].append(replace(group.cell, measures=own) if own else group.cell)
    return [
        Platform(record.label, Host.of(vars(record.facts)), by_scenario(cells[record.label]))
        for record in compared.records
        if record.facts
    ]


def _figures(compared: Comparison) -> Mapping[tuple[str, Key], Mapping[str, float]]:
    """What each record measured in a cell."""
    found: dict[tuple[str, Key], dict[str, float]] = {}
    for table in compared.measures:
        for key, values in zip(table.keys, table.values, strict=True):
            for label, value in zip(table.heads, values, strict=True):
                if value is not None:
                    found.setdefault((label, key), {})[table.name] = value
    return found


def _shown(standing: Standing, texts: Texts) -> Shown:
    text = texts.of
    lines = tuple(
        (int(line.bearing == CONFIRMS), text(shows), text(line.cell), line.step or 0, text(line.did), number)
        for shows, line, number in standing.lines()
    )
    return STATUSES.index(standing.status), standing.steps(CONFIRMS), standing.steps(CONTRADICTS), lines
