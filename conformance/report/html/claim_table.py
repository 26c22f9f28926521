"""The claims of the HOWTO and their status on the platform of each record."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.language.howto_claims import claims
from conformance.model.scenario import Scenario
from conformance.report.claim_results import STATUSES, standings
from conformance.report.records import Record
from conformance.tables.selectors import FAMILIES


def claim_rows(records: Sequence[Record], scenarios: Sequence[Scenario]) -> list[list[object]]:
    """For each claim its id, sentence and caveat, and the number of its status for each record."""
    found = [_statuses(record, scenarios) for record in records]
    return [
        [claim.id, claim.says, claim.caveat, [statuses[place] for statuses in found]]
        for place, claim in enumerate(claims().values())
    ]


def _statuses(record: Record, scenarios: Sequence[Scenario]) -> list[int]:
    """The number of the status of each claim on one platform."""
    family = record.facts.family if record.facts else next(iter(FAMILIES))
    return [STATUSES.index(each.status) for each in standings(record.cells, scenarios, family)]
