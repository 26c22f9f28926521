"""Tags that follow from what a scenario holds, so that nobody has to remember them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.model import scenario as s
from conformance.tables.faults import ROWS

FAULT = "fault"
"""Something is disturbed: a host, the network, a process, or a connection that vanishes."""


def derived(header: dict[str, Any], cases: Iterable[s.Case]) -> tuple[str, ...]:
    """The tags of a scenario with these keys and cases, beside those that its file gives."""
    disturbed = any(ROWS[step.operation].disturbs for case in cases for step in case.steps)
    own = header.get("topology") or any(place.own_host for place in header.get("actors", {}).values())
    return (FAULT,) if own or header.get("hosts") or disturbed else ()
