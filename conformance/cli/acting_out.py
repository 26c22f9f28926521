"""Acts out a claim of the HOWTO: runs its exemplary scenario and marks the steps that bear on the claim."""

from __future__ import annotations

import dataclasses

import click
from rich.text import Text

from conformance.cli.drawing import draw
from conformance.cli.exits import of_verdicts
from conformance.cli.paths import load_scenarios
from conformance.cli.running import Request, Results, run_all
from conformance.cli.terminal import console
from conformance.language.howto_claims import CONFIRMS, CONTRADICTS, Claim, Evidence, Faster
from conformance.model.record import CellRecord
from conformance.model.scenario import Case, Scenario
from conformance.report.claim_results import Judged, Platform, by_scenario, judged
from conformance.report.records import platform_name
from conformance.tables.selectors import Host
from conformance.tables.transports import terms

_MARKS = {CONFIRMS: "for", CONTRADICTS: "against"}


def act_out(claim: Claim, transport: str | None, implementation: str, case_name: str | None) -> int:
    """Runs the example of a claim, draws it, and says what that shows."""
    example = claim.example
    scenarios = load_scenarios(_scenarios(example))
    chosen = tuple(_narrowed(each, example, case_name) for each in scenarios)
    request = Request(chosen, _transports(example, chosen[0], transport), (implementation,), workers=1, evidence=True)
    results = run_all(request, quiet=True)
    if results.status is not None:
        return results.status
    _introduce(claim, example)
    found = _judged(claim, results, scenarios)
    for cell in results.cells:
        draw(cell, None, _marks(found, cell))
    _conclude(found)
    return of_verdicts(cell.verdict for cell in results.cells)


def _scenarios(example: Evidence) -> list[str]:
    """The example's scenario, and the one with which its figures are compared."""
    others = [example.than_scenario] if isinstance(example, Faster) else []
    return list(dict.fromkeys((example.scenario, *others)))


def _narrowed(scenario: Scenario, example: Evidence, case_name: str | None) -> Scenario:
    """The scenario with the cases of the example, or the one that the user names."""
    only = frozenset() if isinstance(example, Faster) else example.only
    wanted = frozenset([case_name]) if case_name else only
    cases = [case for case in scenario.cases if case.name in wanted or case.terms & wanted]
    if case_name and not cases:
        raise click.UsageError(f'{scenario.id} has no case "{case_name}"')
    return dataclasses.replace(scenario, cases=tuple(cases or _first(scenario.cases, example)))


def _first(cases: tuple[Case, ...], example: Evidence) -> tuple[Case, ...]:
    """One case is enough, unless figures are compared."""
    return cases if isinstance(example, Faster) else cases[:1]


def _transports(example: Evidence, scenario: Scenario, transport: str | None) -> tuple[str, ...]:
    """The transport on which to run: two where figures are compared."""
    if isinstance(example, Faster):
        return tuple(dict.fromkeys((example.over, example.than)))
    if transport is not None:
        if transport not in scenario.transports:
            raise click.UsageError(f"{scenario.id} runs over {', '.join(scenario.transports)}, not over {transport}")
        return (transport,)
    fitting = [each for each in scenario.transports if terms(each) & example.only]
    return (fitting[0] if fitting else scenario.transports[0],)


def _judged(claim: Claim, results: Results, scenarios: list[Scenario]) -> Judged:
    """The claim as these cells alone show it."""
    here = () if results.facts is None else (
        Platform(platform_name(results.facts), Host.of(vars(results.facts)), by_scenario(results.cells)),
    )  # fmt: skip
    return next(each for each in judged(here, scenarios) if each.claim.id == claim.id)


def _marks(found: Judged, cell: CellRecord) -> dict[int, str]:
    """Which step of a cell confirms the claim, and which contradicts it."""
    findings = [finding for each in found.on for finding in each.findings]
    return {each.step: _MARKS[each.bearing] for each in findings if each.step and each.cell == cell.id}


def _introduce(claim: Claim, example: Evidence) -> None:
    screen = console()
    screen.print()
    screen.print(claim.id, style="bold", markup=False)
    screen.print(f"The HOWTO says: {claim.says.strip()}", markup=False)
    if claim.caveat:
        screen.print(f"But: {claim.caveat.strip()}", style="dim", markup=False)
    screen.print(f"Acted out by {example.scenario}", style="dim", markup=False)


def _conclude(found: Judged) -> None:
    """What this machine did, in the reader's words."""
    screen = console()
    screen.print()
    for each in found.on:
        for shows, seen, _ in each.lines():
            screen.print(Text(f"Here: {shows} ({seen.did}; this {seen.bearing} the claim)"))
    if found.lacks:
        screen.print(Text(f"The claim {found.lacks}; conformance claims RECORD RECORD compares them."))
