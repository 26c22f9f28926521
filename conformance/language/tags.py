"""Tags that a scenario gets by its content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.model import scenario as s
from conformance.tables.faults import ROWS

FAULT = "fault"
"""A host, the network, a process or a connection is disturbed."""


def derived(header: dict[str, Any], cases: Iterable[s.Case]) -> tuple[str, ...]:
    """The tags of a scenario with these keys and cases, in addition to those in its file."""
    disturbed = any(ROWS[step.operation].disturbs for case in cases for step in case.steps)
    own = header.get("topology") or any(place.own_host for place in header.get("actors", {}).values())
    return (FAULT,) if own or header.get("hosts") or disturbed else ()
