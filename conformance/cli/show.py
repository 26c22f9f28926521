"""``conformance show``: runs one scenario and draws what happened."""

from __future__ import annotations

import dataclasses

import click
from rich.text import Text

from conformance.cli.choices import Name, check_implementation, unknown
from conformance.cli.exits import of_verdicts
from conformance.cli.paths import load_scenarios
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import STYLES, console
from conformance.model.scenario import Case, Scenario
from conformance.report.records import CellRecord
from conformance.report.sequence import diagram
from conformance.tables.claims import claims
from conformance.tables.transports import TRANSPORTS

_LINE_STYLES = {
    "head": "bold",
    "call": "cyan",
    "result": "green",
    "deviation": "bold red",
    "arrow": "yellow",
    "evidence": "dim",
}


@click.command("show")
@click.argument("scenario")
@click.option("--transport", "-t", type=Name("transport", TRANSPORTS), metavar="T", help="Default: its first one.")
@click.option("--implementation", "-i", default="stdlib", show_default=True, metavar="I", help="What to run.")
@click.option("--case", "case_name", metavar="CASE", help="Only this case.")
def command(scenario: str, transport: str | None, implementation: str, case_name: str | None) -> int:
    """Run SCENARIO (a file, an id or a part of one) and draw what happened as a sequence diagram.

    Exit status 0 where it passed, 1 where it failed or was inconclusive, 3 where it could not be run here.
    """
    check_implementation(implementation)
    one = _one(scenario)
    over = transport or one.transports[0]
    if over not in one.transports:
        raise click.UsageError(f"{one.id} runs over {', '.join(one.transports)}, not over {over}")
    one = one if case_name is None else dataclasses.replace(one, cases=(_case(one, case_name),))
    results = run_all(
        Request((one,), transports=(over,), implementations=(implementation,), workers=1, evidence=True), quiet=True
    )
    if results.status is not None:
        return results.status
    _introduce(one)
    for cell in results.cells:
        _draw(cell)
    return of_verdicts(cell.verdict for cell in results.cells)


def _one(name: str) -> Scenario:
    found = load_scenarios((name,))
    if len(found) > 1:
        names = ", ".join(each.id for each in found[:8]) + (", …" if len(found) > 8 else "")
        raise click.UsageError(f"{len(found)} scenarios match {name}: {names}; name one")
    return found[0]


def _case(scenario: Scenario, name: str) -> Case:
    cases = {case.name: case for case in scenario.cases if case.name}
    if not cases:
        raise click.UsageError(f"{scenario.id} has no cases")
    if name not in cases:
        raise click.UsageError(f"{scenario.id}: {unknown('case', name, cases)}")
    return cases[name]


def _introduce(scenario: Scenario) -> None:
    screen = console()
    screen.print()
    screen.print(scenario.summary, style="bold", markup=False)
    if scenario.why:
        screen.print(scenario.why, markup=False)
    known = claims()
    for claim in scenario.claims:
        screen.print(f"HOWTO: {known[claim].says}", style="italic dim", markup=False)


def _draw(cell: CellRecord) -> None:
    screen = console()
    label = f"{cell.case}, " if cell.case else ""
    screen.print(f"\n{cell.scenario}: {label}over {cell.transport}\n", style="dim", markup=False)
    for line in diagram(cell, screen.width):
        screen.print(Text(line.text, style=_LINE_STYLES.get(line.kind, ""), no_wrap=True, overflow="ellipsis"))
    screen.print()
    screen.print(Text(cell.verdict, STYLES[cell.verdict]).append(f": {cell.reason}" if cell.reason else "", "default"))
