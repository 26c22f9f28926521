"""``conformance claims``: the HOWTO claim by claim, on this platform or that of a record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.record_paths import one_record
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import console, print_json
from conformance.engine.wording import counted
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord
from conformance.report import claim_results as claims
from conformance.report.records import read

_STYLES = {
    claims.CONFIRMED: "green",
    claims.WITH_CAVEAT: "yellow",
    claims.CONTRADICTED: "bold red",
    claims.UNTESTED: "magenta",
    claims.ELSEWHERE: "dim",
}


@click.command("claims")
@click.argument("record", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the cells behind each claim.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
def command(record: Path | None, as_json: bool, as_markdown: bool) -> int:
    """Say of each claim of the HOWTO whether it holds on the platform of RECORD; without one, run everything here.

    Of a folder the newest full record is taken.

    Exit status 1 where a claim is contradicted or untested.
    """
    platform, family, cells = _cells(record and one_record(record), quiet=as_json or as_markdown)
    found = claims.standings(cells, load_scenarios(()), family)
    if as_json:
        print_json({"platform": platform, "claims": [claims.as_json(each) for each in found]})
    elif as_markdown:
        click.echo(claims.markdown(found, platform))
    else:
        _show(platform, found)
    statuses = {each.status for each in found}
    return Exit.UNEXPECTED if statuses & {claims.CONTRADICTED, claims.UNTESTED} else Exit.NOTHING_UNEXPECTED


def _cells(record: Path | None, quiet: bool) -> tuple[str, str, tuple[CellRecord, ...]]:
    """Platform, its family, and the cells: of a record, else of a run on this machine."""
    if record is not None:
        made = read(record)
        if made.facts is None:
            raise RecordError(f"{record}:1: hosts is empty, expected facts of a host; run again to make a new record")
        return made.platform, made.facts.family, made.cells
    results = run_all(Request(tuple(load_scenarios(()))), quiet=quiet)
    platform = next(iter(results.titles), "this machine").partition(",")[0]
    return platform, platform.partition("-")[0], tuple(results.cells)


def _show(platform: str, found: tuple[claims.Standing, ...]) -> None:
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
    screen.print("\n" + ", ".join(f"{counts[status]} {status}" for status in claims.STATUSES if counts[status]))
