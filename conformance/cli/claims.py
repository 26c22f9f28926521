"""``conformance claims``: the HOWTO claim by claim, on this platform or that of a record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import console, print_json
from conformance.engine.wording import counted
from conformance.report import claim_results as told
from conformance.report.records import CellRecord, read

_STYLES = {
    told.CONFIRMED: "green",
    told.WITH_CAVEAT: "yellow",
    told.CONTRADICTED: "bold red",
    told.UNTESTED: "magenta",
    told.ELSEWHERE: "dim",
}


@click.command("claims")
@click.argument("record", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the cells behind each claim.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
def command(record: Path | None, as_json: bool, as_markdown: bool) -> int:
    """Say of each claim of the HOWTO whether it holds on the platform of RECORD; without one, run everything here.

    Exit status 1 where a claim is contradicted or untested.
    """
    platform, cells = _cells(record, quiet=as_json or as_markdown)
    found = told.standings(cells, load_scenarios(()), platform.split("-")[0])
    if as_json:
        print_json({"platform": platform, "claims": [told.as_json(each) for each in found]})
    elif as_markdown:
        click.echo(told.markdown(found, platform))
    else:
        _show(platform, found)
    statuses = {each.status for each in found}
    return Exit.UNEXPECTED if statuses & {told.CONTRADICTED, told.UNTESTED} else Exit.NOTHING_UNEXPECTED


def _cells(record: Path | None, quiet: bool) -> tuple[str, tuple[CellRecord, ...]]:
    if record is not None:
        made = read(record)
        return made.platform, made.cells
    results = run_all(Request(tuple(load_scenarios(()))), quiet=quiet)
    return next(iter(results.titles), "this machine").partition(",")[0], tuple(results.cells)


def _show(platform: str, found: tuple[told.Standing, ...]) -> None:
    """Each claim with its id on a line of its own: a column would break ids, and whoever runs one copies it."""
    screen = console()
    screen.print(Text(f"The Socket Programming HOWTO on {platform}\n", "bold"))
    for each in found:
        screen.print(Text(each.claim.id, "cyan"), soft_wrap=True)
        status = Text(each.status, _STYLES[each.status]).append(f", {counted(len(each.cells), 'cell')}", "dim")
        caveat = [Text(f"But: {each.claim.caveat}", "dim")] if each.claim.caveat else []
        for line in (status, Text(each.claim.says), *caveat):
            screen.print(Padding(line, (0, 0, 0, 4), expand=False))
    counts = Counter(each.status for each in found)
    screen.print("\n" + ", ".join(f"{counts[status]} {status}" for status in told.STATUSES if counts[status]))
