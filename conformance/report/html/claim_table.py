"""The claims of the HOWTO and their status on the platform of each record."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.language.howto_claims import claims
from conformance.model.record import CellRecord
from conformance.model.scenario import Scenario
from conformance.report.claim_results import STATUSES, standings
from conformance.report.compared import ComparedRecord, Comparison
from conformance.tables.selectors import FAMILIES


def claim_rows(compared: Comparison, scenarios: Sequence[Scenario]) -> list[list[object]]:
    """For each claim its id, sentence and caveat, and the number of its status for each record."""
    cells: dict[str, list[CellRecord]] = {label: [] for label in compared.labels}
    for each in compared.cells:
        for group in each.groups:
            for label in group.labels:
                cells[label].append(group.cell)
    found = [_statuses(record, cells[record.label], scenarios) for record in compared.records]
    return [
        [claim.id, claim.says, claim.caveat, [statuses[place] for statuses in found]]
        for place, claim in enumerate(claims().values())
    ]


def _statuses(record: ComparedRecord, cells: Sequence[CellRecord], scenarios: Sequence[Scenario]) -> list[int]:
    """The number of the status of each claim on one platform."""
    family = record.facts.family if record.facts else next(iter(FAMILIES))
    return [STATUSES.index(each.status) for each in standings(cells, scenarios, family)]
