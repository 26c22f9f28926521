"""``conformance sensitivity``: which scenarios kill which mutants."""

from __future__ import annotations

import click

from conformance.cli.choices import Name
from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.terminal import print_json
from conformance.mutants import GENERATED, MUTANTS
from conformance.mutants.equivalent import EQUIVALENT
from conformance.report import kills
from conformance.runner.mutation_testing import Settings, sensitivity


@click.command("sensitivity")
@click.argument("paths", nargs=-1, metavar="[PATH|GLOB|ID]...")
@click.option("--mutant", "--wrong", "-w", "names", multiple=True, type=Name("mutant", {**MUTANTS, **GENERATED}),
              metavar="NAME", help="Only this one; may be repeated. conformance list mutants names them.")  # fmt: skip
@click.option("--generated", is_flag=True, help="The mechanical mutants instead of those written by hand.")
@click.option("--all", "every_pair", is_flag=True, help="Try every scenario with every mutant.")
@click.option("-n", "workers", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N", help="At once.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    paths: tuple[str, ...], names: tuple[str, ...], generated: bool, every_pair: bool, workers: int, as_json: bool
) -> int:
    """Run scenarios under mutants, which are implementations with one bug each, and say which scenario kills which.

    By default this stops as soon as every mutant is killed and every scenario has killed one. With paths, only the
    scenarios have to kill one; with -w or --generated, only the mutants have to be killed. --all, or paths and -w
    together, try every pair.

    Exit status 1 if a mutant survives, if a scenario fails under a correct wrapper, or if a scenario kills nothing and
    has no "fails_only_if", or has one and kills something.
    """
    chosen = [{**MUTANTS, **GENERATED}[name] for name in names] or list((GENERATED if generated else MUTANTS).values())
    settle = kills.MUTANTS if names or generated else kills.SCENARIOS if paths else kills.BOTH
    settings = Settings(
        workers=workers,
        settle=settle,
        every_pair=every_pair or bool(paths and names),
        thorough=not generated,
        equivalent={} if names else EQUIVALENT,
    )
    progress = (lambda line: None) if as_json else (lambda line: click.echo(line, err=True))
    found = sensitivity(load_scenarios(paths), chosen, settings, progress)
    if as_json:
        print_json(found.as_json())
    else:
        for line in kills.kill_lines(found):
            click.echo(line)
    unexpected = found.false_alarms or found.survivors() or found.unexplained() or found.wrongly_explained()
    return Exit.UNEXPECTED if unexpected else Exit.NOTHING_UNEXPECTED
