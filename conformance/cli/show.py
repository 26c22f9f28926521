"""``conformance show``: runs one scenario and draws what happened."""

from __future__ import annotations

import click
from rich.text import Text

from conformance.cli.exits import of_verdicts
from conformance.cli.paths import load_scenarios
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import STYLES, console
from conformance.model.scenario import Scenario
from conformance.report.records import CellRecord
from conformance.report.sequence import diagram
from conformance.tables.claims import claims
from conformance.tables.transports import TRANSPORTS

_LINE_STYLES = {"head": "bold", "call": "cyan", "result": "green", "deviation": "bold red", "arrow": "yellow"}


@click.command("show")
@click.argument("scenario")
@click.option("--transport", "-t", type=click.Choice(list(TRANSPORTS)), metavar="T", help="Default: its first one.")
@click.option("--implementation", "-i", default="stdlib", show_default=True, metavar="I", help="What to run.")
@click.option("--case", "case_name", metavar="CASE", help="Only this case.")
def command(scenario: str, transport: str | None, implementation: str, case_name: str | None) -> int:
    """Run SCENARIO (a file, an id or a part of one) and draw what happened as a sequence diagram."""
    found = load_scenarios((scenario,))
    if len(found) > 1:
        names = ", ".join(each.id for each in found[:8])
        raise click.UsageError(f"{len(found)} scenarios match {scenario}: {names}; name one")
    one = found[0]
    over = transport or one.transports[0]
    if over not in one.transports:
        raise click.UsageError(f"{one.id} runs over {', '.join(one.transports)}, not over {over}")
    results = run_all(Request((one,), transports=(over,), implementations=(implementation,), workers=1), quiet=True)
    cells = [cell for cell in results.cells if cell.transport == over and case_name in (None, cell.case)]
    if not cells:
        raise click.UsageError(f"{one.id} has no case {case_name}; it has {', '.join(c.name for c in one.cases)}")
    _introduce(one)
    for cell in cells:
        _draw(cell)
    return of_verdicts(cell.verdict for cell in cells)


def _introduce(scenario: Scenario) -> None:
    screen = console()
    screen.print(f"\n[bold]{scenario.summary}[/]")
    if scenario.why:
        screen.print(scenario.why)
    known = claims()
    for claim in scenario.claims:
        screen.print(f"HOWTO: {known[claim].says}", style="italic dim")


def _draw(cell: CellRecord) -> None:
    screen = console()
    label = f"{cell.case}, " if cell.case else ""
    screen.print(f"\n[dim]{cell.id.partition('[')[0]}: {label}over {cell.transport}[/]\n")
    for line in diagram(cell, screen.width):
        screen.print(Text(line.text, style=_LINE_STYLES.get(line.kind, ""), no_wrap=True, overflow="ellipsis"))
    screen.print(f"\n[{STYLES[cell.verdict]}]{cell.verdict}[/] {cell.reason}\n")
