"""Known deviations: declared, explained, strict. When a declared deviation does not happen any more, that fails."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from conformance.engine.choose import guard_holds
from conformance.engine.judge import FAIL, KNOWN, PASS, UNSUPPORTED, Verdict
from conformance.engine.wording import observed_words
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.errors import Position


@dataclass(frozen=True)
class Deviation:
    """One declared deviation.

    ``scenario`` is an id or a glob over ids, ``cell`` optionally a glob over ``case-transport``; ``implementation``
    a name or glob; ``only`` a guard on the host; ``observed`` the words of what the deviating step does, as failures
    print them (``raised EINVAL (OSError)``), with ``*`` for what varies; ``reason`` why that is accepted; ``seen``
    what it was last seen with, such as ``gevent 26.9.0``.
    """

    scenario: str
    observed: str
    reason: str
    position: Position
    cell: str = "*"
    implementation: str = "*"
    only: s.Guard = ()
    run: bool = True
    seen: str = ""


def forbidden(
    deviations: Sequence[Deviation],
    scenario: s.Scenario,
    case: s.Case,
    transport: str,
    implementation: str,
    terms: frozenset[str],
    facts: Mapping[str, Any],
) -> Optional[Verdict]:
    """The verdict on a cell that must not be run here; None where it may be."""
    harmful = [each for each in deviations if not each.run]
    declared = _declared(harmful, scenario.id, _cell_name(case, transport), implementation, terms, facts)
    return Verdict(UNSUPPORTED, f"not run here: {declared.reason}") if declared else None


def apply(
    deviations: Sequence[Deviation],
    scenario: s.Scenario,
    case: s.Case,
    transport: str,
    implementation: str,
    verdict: Verdict,
    observations: Mapping[int, o.Observation],
    terms: frozenset[str],
    facts: Mapping[str, Any],
) -> Verdict:
    """The verdict in the light of what was declared."""
    declared = _declared(deviations, scenario.id, _cell_name(case, transport), implementation, terms, facts)
    if declared is None or verdict.kind not in (PASS, FAIL):
        return verdict
    if verdict.kind == PASS:
        last = f", last seen with {declared.seen}," if declared.seen else ""
        gone = f"the known deviation of {declared.position}{last} does not happen any more: {declared.reason}"
        return Verdict(FAIL, gone)
    step = observations.get(verdict.step) if verdict.step is not None else None
    observed = observed_words(step) if step else verdict.observed
    if fnmatch.fnmatchcase(observed, declared.observed.replace("[", "[[]")):  # words hold brackets of their own
        return Verdict(KNOWN, declared.reason, verdict.step, verdict.expected, observed)
    reason = f"{verdict.reason}; a deviation is known, but another one: {declared.observed} ({declared.position})"
    return Verdict(FAIL, reason.lstrip("; "), verdict.step, verdict.expected, observed)


def _cell_name(case: s.Case, transport: str) -> str:
    return f"{case.name}-{transport}" if case.name else transport


def _declared(
    deviations: Sequence[Deviation],
    scenario: str,
    cell: str,
    implementation: str,
    terms: frozenset[str],
    facts: Mapping[str, Any],
) -> Optional[Deviation]:
    return next(
        (
            each
            for each in deviations
            if fnmatch.fnmatchcase(scenario, each.scenario)
            and fnmatch.fnmatchcase(cell, each.cell)
            and fnmatch.fnmatchcase(implementation, each.implementation)
            and guard_holds(each.only, terms, facts)
        ),
        None,
    )
