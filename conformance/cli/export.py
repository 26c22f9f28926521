"""``conformance export``: a cell as a program of the standard library, to be pasted into a bug report."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.choices import Name
from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.export.standalone import program, why_not
from conformance.model.cell import Cell
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.tables.selectors import Host
from conformance.tables.transports import TRANSPORTS


@click.command("export")
@click.option("--script", "scenario", metavar="SCENARIO", required=True,
              help="Write a Python program that does the steps of this scenario and prints what each did.")  # fmt: skip
@click.option("--transport", "-t", type=Name("transport", TRANSPORTS), metavar="T", help="Default: its first one.")
@click.option("--case", "case_name", metavar="CASE", help="Default: its first one.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write to this file, not to standard output.")  # fmt: skip
def command(scenario: str, transport: str | None, case_name: str | None, output: Path | None) -> int:
    """Export a scenario as one program that needs the standard library only.

    What needs hosts, faults or processes of its own cannot be exported; the message names the reason.
    """
    found = load_scenarios((scenario,))
    if len(found) > 1:
        raise click.UsageError(f"{len(found)} scenarios match {scenario}; name one")
    one = found[0]
    over = transport or next((each for each in one.transports if not TRANSPORTS[each].hosts), one.transports[0])
    cases = [case for case in one.cases if case_name in (None, case.name)]
    if over not in one.transports or not cases:
        raise click.UsageError(f"{one.id} has no case {case_name or ''} over {over}")
    runner = Runner(OWN, WorkerOptions())
    try:
        host = Host.of(vars(runner.facts))
    finally:
        runner.close()
    cell = Cell(one, cases[0], over)
    reason = why_not(cell, host)
    if reason:
        raise click.UsageError(f"{cell.id} cannot be exported: {reason}")
    text = program(cell, host)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
    return Exit.NOTHING_UNEXPECTED
