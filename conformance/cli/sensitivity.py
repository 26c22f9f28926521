"""``conformance sensitivity``: which scenarios catch which wrong implementations."""

from __future__ import annotations

import click

from conformance.cli.choices import Name
from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.terminal import print_json
from conformance.mutants import WRONG
from conformance.runner.sensitivity import BOTH, IMPLEMENTATIONS, SCENARIOS, lines, sensitivity


@click.command("sensitivity")
@click.argument("paths", nargs=-1, metavar="[PATH|GLOB|ID]...")
@click.option("--wrong", "-w", multiple=True, type=Name("wrong implementation", WRONG), metavar="NAME",
              help="Only this one; may be repeated. conformance list wrong names them.")  # fmt: skip
@click.option("--all", "every_pair", is_flag=True, help="Try every scenario with every wrong implementation.")
@click.option("-n", "workers", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N", help="At once.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(paths: tuple[str, ...], wrong: tuple[str, ...], every_pair: bool, workers: int, as_json: bool) -> int:
    """Run scenarios under deliberately wrong implementations, one bug each, and say who catches whom.

    Ends when every wrong implementation is caught and every scenario has caught one. Of some scenarios it only asks
    that they catch one; of some implementations (-w) only that they are caught. --all, or some of each: every pair.

    Exit status 1 where a wrong implementation is not caught or a correct wrapper is, and where a scenario catches
    nothing and has no "fails_only_if", or has one and catches something.
    """
    implementations = [WRONG[name] for name in wrong or WRONG]
    told = (lambda line: None) if as_json else (lambda line: click.echo(line, err=True))
    # A few scenarios need not catch every bug, and a few bugs say nothing of what scenarios can catch.
    settle = IMPLEMENTATIONS if wrong else SCENARIOS if paths else BOTH
    every_pair = every_pair or bool(paths and wrong)
    found = sensitivity(
        load_scenarios(paths), implementations, progress=told, workers=workers, settle=settle, every_pair=every_pair
    )
    if as_json:
        print_json(found.as_json())
    else:
        for line in lines(found):
            click.echo(line)
    unexpected = found.false_alarms or found.uncaught() or found.unexplained() or found.wrongly_explained()
    return Exit.UNEXPECTED if unexpected else Exit.NOTHING_UNEXPECTED
