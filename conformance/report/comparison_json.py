"""A comparison as JSON."""

from __future__ import annotations

import json
from typing import Any

from conformance.report.compared import CellComparison, Comparison


def document(compared: Comparison) -> str:
    """The comparison as one JSON object."""
    value = {
        "records": list(compared.labels),
        "counts": dict(compared.counts()),
        "differing": [_differing(cell) for cell in compared.differing],
        "another_version": [
            {**_key(cell), "versions": [list(labels) for labels in cell.versions]}
            for cell in compared.of_another_version
        ],
    }
    return json.dumps(value, indent=2) + "\n"


def _key(cell: CellComparison) -> dict[str, str]:
    return {"scenario": cell.scenario, "case": cell.case, "transport": cell.transport}


def _differing(cell: CellComparison) -> dict[str, Any]:
    parting = cell.partings[0]
    return {
        **_key(cell),
        "groups": [list(group.labels) for group in cell.groups],
        "kind": cell.kind,
        "step": parting.step,
        "says": parting.says,
        "did": [side.did for side in parting.sides],
        "depth": parting.depth,
    }
