"""The claims of the HOWTO by the verdicts of their cells: confirmed, with a caveat, contradicted or untested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.language.howto_claims import Claim, claims
from conformance.model.record import CellRecord
from conformance.model.scenario import Scenario
from conformance.report.tables import verdict_counts
from conformance.tables.selectors import FAMILIES

CONFIRMED, WITH_CAVEAT, CONTRADICTED, UNTESTED = "confirmed", "confirmed with caveat", "contradicted", "untested"
ELSEWHERE = "of another platform"
STATUSES = (CONFIRMED, WITH_CAVEAT, CONTRADICTED, UNTESTED, ELSEWHERE)


@dataclass(frozen=True)
class Standing:
    """The status of a claim on one platform, and the cells that decide it."""

    claim: Claim
    status: str
    cells: tuple[CellRecord, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios of these cells, each once."""
        return tuple(dict.fromkeys(cell.scenario for cell in self.cells))


def standings(cells: Sequence[CellRecord], scenarios: Iterable[Scenario], family: str) -> tuple[Standing, ...]:
    """The status of every claim on a platform of this family, in the order of the HOWTO."""
    named = {scenario.id: scenario.claims for scenario in scenarios}
    found: dict[str, list[CellRecord]] = {name: [] for name in claims()}
    for cell in cells:
        for name in named.get(cell.scenario, ()):
            found[name].append(cell)
    return tuple(
        Standing(claim, _status(claim, found[name], family), tuple(found[name])) for name, claim in claims().items()
    )


def _status(claim: Claim, cells: Sequence[CellRecord], family: str) -> str:
    if claim.only and claim.only not in FAMILIES[family]:
        return ELSEWHERE
    verdicts = {cell.verdict for cell in cells}
    if "fail" in verdicts:
        return CONTRADICTED
    if not verdicts & {"pass", "known-deviation"}:
        return UNTESTED
    return WITH_CAVEAT if claim.caveat or "known-deviation" in verdicts else CONFIRMED


def as_json(standing: Standing) -> Mapping[str, object]:
    """A standing as plain JSON values."""
    return {
        "id": standing.claim.id,
        "says": standing.claim.says,
        "caveat": standing.claim.caveat,
        "status": standing.status,
        "verdicts": verdict_counts(standing.cells),
        "scenarios": list(standing.scenarios),
        "cells": [cell.id for cell in standing.cells],
    }


def markdown(found: Sequence[Standing], platform: str) -> str:
    """The claims as a Markdown page."""
    lines = [f"# The Socket Programming HOWTO on {platform}", ""]
    section = ""
    for each in found:
        if each.claim.id.split("/")[0] != section:
            section = each.claim.id.split("/")[0]
            lines += [f"## {section}", ""]
        counts = ", ".join(f"{number} {verdict}" for verdict, number in verdict_counts(each.cells).items())
        lines += [f"- **{each.status}** `{each.claim.id}`: {each.claim.says}"]
        lines += [f"  Caveat: {each.claim.caveat}"] if each.claim.caveat else []
        lines += [f"  Cells: {counts or 'none'}; scenarios: {', '.join(each.scenarios) or 'none'}", ""]
    return "\n".join(lines)
