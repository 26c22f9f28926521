"""``conformance sensitivity``: which scenarios catch which wrong implementations."""

from __future__ import annotations

from dataclasses import replace

import click

from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.terminal import print_json
from conformance.runner.sensitivity import lines, sensitivity
from conformance.wrong import WRONG


@click.command("sensitivity")
@click.argument("paths", nargs=-1, metavar="[PATH|GLOB|ID]...")
@click.option("--wrong", "-w", multiple=True, type=click.Choice(list(WRONG)), metavar="NAME", help="Only this one.")
@click.option("--first", is_flag=True, help="Stop at the first catch of each: quick, but says nothing of scenarios.")
@click.option("-n", "workers", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N", help="At once.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(paths: tuple[str, ...], wrong: tuple[str, ...], first: bool, workers: int, as_json: bool) -> int:
    """Run scenarios under deliberately wrong implementations, one bug each, and say who catches whom.

    Exit status 1 where a wrong implementation is not caught, or a correct wrapper is.
    """
    implementations = [WRONG[name] for name in wrong or WRONG]
    told = (lambda line: None) if as_json else (lambda line: click.echo(line, err=True))
    found = sensitivity(load_scenarios(paths), implementations, progress=told, workers=workers, first_catch_only=first)
    if wrong:
        found = replace(found, complete=False)  # a few bugs say nothing of what scenarios can catch
    if as_json:
        print_json(found.as_json())
    else:
        for line in lines(found):
            click.echo(line)
    return Exit.UNEXPECTED if found.uncaught() or found.false_alarms else Exit.NOTHING_UNEXPECTED
