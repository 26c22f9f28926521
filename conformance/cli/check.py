"""``conformance check``: shows every mistake in scenario files with file, line and column."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from conformance.cli.exits import Exit
from conformance.cli.paths import kept_scenarios, nothing_at
from conformance.engine.wording import counted
from conformance.language.corpus import bundled, load_all


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--freedom", is_flag=True, help="Also show, by level, the share of steps with exactly one legal outcome.")
def command(paths: tuple[Path, ...], as_json: bool, freedom: bool) -> int:
    """Check scenario files or folders (default: those that come with the package).

    Exit status 2 if there are mistakes or no scenarios.
    """
    loaded = load_all(paths or (bundled(),), kept=kept_scenarios())
    if as_json:
        from conformance.cli.terminal import print_json

        mistakes = [{**vars(each.position), "message": each.message} for each in loaded.mistakes]
        print_json({"scenarios": len(loaded.scenarios), "mistakes": mistakes})
    else:
        for mistake in loaded.mistakes:
            click.echo(str(mistake))
        if not (loaded.scenarios or loaded.mistakes):
            click.echo(str(nothing_at(paths)))
        click.echo(_summary(len(loaded.scenarios), len(loaded.mistakes)), err=bool(loaded.mistakes))
    if freedom:
        from conformance.language.freedom import exact_steps

        levels = Counter(scenario.level for scenario in loaded.scenarios)
        for level, (exact, total) in exact_steps(loaded.scenarios).items():
            click.echo(f"{level}: {exact} of {total} steps have exactly one legal outcome ({levels[level]} scenarios)")
    return Exit.USAGE if loaded.mistakes or not loaded.scenarios else Exit.NOTHING_UNEXPECTED


def _summary(right: int, mistakes: int) -> str:
    verb = "is" if right == 1 else "are"
    return f"{counted(right, 'scenario')} {verb} right" + (f"; {counted(mistakes, 'mistake')}" if mistakes else "")
