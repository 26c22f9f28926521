"""``conformance claims``: the HOWTO claim by claim, on this platform or on those of records."""

from __future__ import annotations

from collections import Counter

import click
from rich.padding import Padding
from rich.text import Text

from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.record_paths import records_at
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import console, print_json
from conformance.model.errors import HarnessError
from conformance.model.scenario import Scenario
from conformance.report import claim_results as claims
from conformance.report.records import platform_name, read
from conformance.tables.selectors import Host

_STYLES = {
    claims.CONFIRMED: "green",
    claims.WITH_CAVEAT: "yellow",
    claims.CONTRADICTED: "bold red",
    claims.VARIES: "yellow",
    claims.UNTESTED: "magenta",
    claims.ELSEWHERE: "dim",
}


@click.command("claims")
@click.argument("records", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with each step for and against.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
def command(records: tuple[str, ...], as_json: bool, as_markdown: bool) -> int:
    """Say of each claim of the HOWTO what the steps that act it out did on the platforms of RECORDS.

    Of a folder the newest full record of each implementation on each platform is taken. Without RECORDS, everything
    is run here. A claim about two systems needs records of both.

    Exit status 1 where a step did something else than its scenario expects, or a claim is untested.
    """
    scenarios = load_scenarios(())
    quiet = as_json or as_markdown
    platforms = [claims.platform_of(read(each)) for each in records_at(records)] or [_here(scenarios, quiet)]
    found = claims.judged(platforms, scenarios)
    title = ", ".join(each.name for each in platforms)
    if as_json:
        print_json({"platforms": [each.name for each in platforms], "claims": [claims.as_json(each) for each in found]})
    elif as_markdown:
        click.echo(claims.markdown(found, title))
    else:
        _show(title, found)
    amiss = any(each.unexpected or (each.status == claims.UNTESTED and not each.lacks) for each in found)
    return Exit.UNEXPECTED if amiss else Exit.NOTHING_UNEXPECTED


def _here(scenarios: list[Scenario], quiet: bool) -> claims.Platform:
    """This platform, with the cells of a run of all scenarios."""
    results = run_all(Request(tuple(scenarios)), quiet=quiet)
    if results.facts is None:
        raise HarnessError("no worker could be started, so nothing is known of this machine")
    return claims.Platform(
        platform_name(results.facts), Host.of(vars(results.facts)), claims.by_scenario(results.cells)
    )


def _show(title: str, found: tuple[claims.Judged, ...]) -> None:
    """Each claim with its id on a line of its own: a column would break ids, and whoever runs one copies it."""
    screen = console()
    screen.print(Text(f"The Socket Programming HOWTO on {title}\n", "bold"))
    for each in found:
        screen.print(Text(each.claim.id, "cyan"), soft_wrap=True)
        for line in _lines(each):
            screen.print(Padding(line, (0, 0, 0, 4), expand=False))
    counts = Counter(each.status for each in found)
    screen.print("\n" + ", ".join(f"{counts[status]} {status}" for status in claims.STATUSES if counts[status]))
    screen.print(Text("conformance show CLAIM acts one out.", "dim"))


def _lines(found: claims.Judged) -> list[Text]:
    """Status and numbers, what the HOWTO says, and what each platform did."""
    several = len(found.on) > 1
    lines = [Text(found.status, _STYLES[found.status])] if several else []
    lines += [Text(f"The HOWTO says: {found.claim.says.strip()}")]
    lines += [Text(f"But: {found.claim.caveat.strip()}", "dim")] if found.claim.caveat else []
    lines += [Text(f"It {found.lacks}.", "magenta")] if found.lacks else []
    for each in found.on:
        status = Text(f"{each.platform}: " if several else "").append(each.words, _STYLES[each.status])
        lines = [*lines, status] if several else [status, *lines]
        lines += [] if several else [Text(f"Here: {shows} ({seen.did})") for shows, seen, _ in each.lines()]
    return lines
