"""``conformance tape``: plays short sends, short receives and would-blocks below an implementation."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from conformance.cli.choices import NATIVE, Name, cells_at_once, usable
from conformance.cli.exits import Exit
from conformance.cli.paths import load_scenarios
from conformance.cli.running import entered
from conformance.cli.terminal import console, print_json, timeline_text
from conformance.engine.judge import FAIL, INCONCLUSIVE, PASS, UNSUPPORTED
from conformance.engine.pieces import why_not
from conformance.engine.wording import counted
from conformance.language.corpus import bundled
from conformance.language.suggestions import unknown
from conformance.model.cell import Cell
from conformance.model.scenario import Scenario
from conformance.platforms import Interpreter
from conformance.report.timeline import timeline
from conformance.runner.mutation_testing import TRANSPORTS as ONE_OF_EACH_KIND
from conformance.runner.recording import cell_record, shown_path
from conformance.runner.session import default_workers
from conformance.runner.taping import (
    Finding,
    Played,
    Tapes,
    as_given,
    needs_hosts,
    of_seeds,
    of_splits,
    play,
    tapeable,
    taping_runner,
)
from conformance.tables.transports import GROUPS, expand
from conformance.tables.transports import TRANSPORTS as ALL
from conformance.tape import Tape, TapeError

SHOWN = 10
"""How many failing cells are shown in full."""


@click.command("tape")
@click.argument("paths", nargs=-1, metavar="[PATH|GLOB|ID]...")
@click.option("--implementation", "-i", default="stdlib", show_default=True, metavar="I", help="What to test.")
@click.option("--seeds", type=click.IntRange(1, 10**6), default=20, show_default=True, metavar="N",
              help="Play to each cell the tapes of the seeds 1 to N.")  # fmt: skip
@click.option("--splits", type=click.IntRange(1, 10), metavar="N",
              help="Instead, every way to cut the first N bytes that are sent, and received.")  # fmt: skip
@click.option("--tape", "tapes", multiple=True, metavar="TAPE", help="Play this one; may be repeated.")
@click.option("--transport", "-t", multiple=True, type=Name("transport", [*ALL, *GROUPS]), metavar="T",
              help="Only over this stream transport or group; default: loopback, unix, socketpair.")  # fmt: skip
@click.option("--platform", "-p", default=NATIVE, show_default=True, metavar="P", help="Where to test.")
@cells_at_once
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(  # noqa: PLR0913 (one parameter for each option)
    paths: tuple[str, ...], implementation: str, seeds: int, splits: int | None, tapes: tuple[str, ...],
    transport: tuple[str, ...], platform: str, workers: int, as_json: bool,
) -> int:  # fmt: skip
    """Make sends and receives below an implementation move fewer bytes, or fail because they would block.

    \b
      conformance tape -i mysock.py:Mine              the tapes of 20 seeds
      conformance tape -i mysock.py:Mine --splits 8   every way to cut the first 8 bytes
      conformance tape -i mysock.py:Mine --tape 'client.send=3,block recv=1' messages

    Only cells whose outcome does not depend on how much one call moves are run. The tape of a cell that fails is
    shortened as far as the cell still fails.

    Exit status 0 if nothing failed, 1 if something failed, 3 if nothing could be played.
    """
    chosen = _chosen(seeds, splits, tapes)
    wanted = [name for each in transport for name in expand(each)] or list(ONE_OF_EACH_KIND)
    scenarios = load_scenarios(paths)
    cells = tapeable(scenarios, wanted, implementation)
    with entered(platform) as interpreter:
        usable(interpreter, [implementation], platform)
        results = _played(cells, chosen, interpreter, workers, as_json)
    nothing = _why_nothing(scenarios, wanted, tapes, results)
    if as_json:
        print_json({**_json(results), "nothing_played": nothing})
    else:
        _show_left_out(scenarios if paths else [])
        _show(implementation, platform, results, nothing)
    return _status(results)


def _played(cells: Sequence[Cell], chosen: Tapes, interpreter: Interpreter, workers: int, quiet: bool) -> list[Played]:
    """Plays the tapes to the cells, under a progress bar."""
    with _bar(len(cells), quiet) as bar:
        task = bar.add_task("", total=len(cells))
        runner = taping_runner(interpreter, needs_hosts(cells))
        return list(play(cells, chosen, runner, workers or default_workers(), lambda cell: bar.advance(task)))


def _chosen(seeds: int, splits: int | None, tapes: Sequence[str]) -> Tapes:
    """The tapes that the options select."""
    if splits and tapes:
        raise click.UsageError("--splits and --tape both select the tapes to play; give one of them")
    try:
        given = [Tape.parse(text) for text in tapes]
    except TapeError as error:
        raise click.UsageError(str(error)) from None
    if splits:
        return of_splits(splits)
    return as_given(given) if given else of_seeds(seeds)


def _bar(total: int, quiet: bool) -> Progress:
    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=screen, transient=True, disable=quiet or not screen.is_terminal)


def _status(results: list[Played]) -> Exit:
    if (
        any(each.finding and each.finding.blamed for each in results)
        or _failing(results, FAIL)
        or _failing(results, INCONCLUSIVE)
    ):
        return Exit.UNEXPECTED
    return Exit.NOTHING_UNEXPECTED if any(each.events for each in results) else Exit.NOTHING_RAN


def _why_nothing(
    scenarios: Sequence[Scenario], wanted: Sequence[str], tapes: Sequence[str], results: list[Played]
) -> str | None:
    """Why no event was played; None if one was."""
    if any(each.events for each in results):
        return None
    if not set(wanted) & set(GROUPS["stream"]):
        return f"tapes are for stream transports: {', '.join(GROUPS['stream'])}"
    if not results:
        over = {transport for scenario in scenarios for transport in scenario.transports}
        if not over & set(wanted):
            return f"no scenario runs over {', '.join(wanted)}"
        return "the outcome of every scenario depends on how much one call moves"
    if all(each.verdict.kind == UNSUPPORTED for each in results):
        return "; ".join(dict.fromkeys(each.verdict.reason for each in results))
    actors = {step.actor for each in results for step in each.cell.case.steps}
    return _unknown_actor(tapes, actors) or _not_played(results)


def _unknown_actor(tapes: Sequence[str], actors: set[str]) -> str:
    """The message about an actor that no scenario has; empty if all actors exist."""
    channels = (name for text in tapes for name, _ in Tape.parse(text).channels)
    strange = next((actor for name in channels if (actor := name.rpartition(".")[0]) and actor not in actors), "")
    return unknown("actor", strange, sorted(actors)) if strange else ""


def _not_played(results: list[Played]) -> str:
    if not any(each.calls for each in results):
        return "no call reached a taped socket"
    if not any(each.verdict.kind == PASS for each in results):
        return "every cell fails or is inconclusive without a tape"
    return "no event of the tapes is legal for the calls that were made"


def _failing(results: list[Played], kind: str) -> list[Played]:
    """The cells with this verdict under the empty tape."""
    return [each for each in results if each.verdict.kind == kind and each.witness]


def _findings(results: list[Played], blamed: bool) -> list[Finding]:
    return [each.finding for each in results if each.finding and each.finding.blamed is blamed]


def again(finding: Finding, platform: str) -> str:
    """The command that plays the tape of a failing cell again."""
    cell = finding.cell
    known = bundled() in cell.scenario.path.parents
    name = cell.scenario.id if known else shown_path(str(cell.scenario.path))
    words = ["conformance", "tape", name, "-t", cell.transport]
    words += ["-i", cell.implementation] if cell.implementation != "stdlib" else []
    words += ["-p", platform] if platform != NATIVE else []
    return shlex.join([*words, "--tape", str(finding.tape)])


def _show(implementation: str, platform: str, results: list[Played], nothing: str | None) -> None:
    screen = console()
    findings = _findings(results, blamed=True)
    for finding in findings[:SHOWN]:
        _show_finding(finding, platform)
    if len(findings) > SHOWN:
        screen.print(f"… and {len(findings) - SHOWN} more; --json has all of them", style="red")
    screen.print()
    for finding in _findings(results, blamed=False):
        screen.print(
            f"not blamed, the raw socket fails as well: {again(finding, platform)}", markup=False, soft_wrap=True
        )
    if names := sorted({each.cell.scenario.id for each in _failing(results, FAIL)}):
        line = f"fail without any tape, see conformance run: {', '.join(names)}"
        screen.print(line, markup=False, soft_wrap=True)
    for reason, number in Counter(each.verdict.reason for each in _failing(results, INCONCLUSIVE)).items():
        screen.print(f"{counted(number, 'cell')} inconclusive: {reason}", markup=False, soft_wrap=True)
    calls, events, tapes = (sum(getattr(each, name) for each in results) for name in ("calls", "events", "tapes"))
    if not calls and any(each.verdict.kind == PASS for each in results):
        line = f"no call of {implementation} goes through socket.socket: no tape can be put below it"
        screen.print(line, style="bold", markup=False, soft_wrap=True)
    ran = f"{counted(tapes, 'tape')}, {counted(events, 'event')} in {counted(calls, 'call')}"
    failed = f"{counted(len(findings), 'cell')} failed" if findings else "none failed"
    screen.print(f"[bold]{counted(len(results), 'cell')}[/], {ran}" + ("" if nothing else f": {failed}"))
    if nothing:
        screen.print(f"nothing was played: {nothing}", markup=False, soft_wrap=True)


def _show_left_out(scenarios: Sequence[Scenario]) -> None:
    """Print which of the named scenarios are left out, and why."""
    screen = console()
    reasons = [(each.id, [why_not(each, case) for case in each.cases]) for each in scenarios]
    left_out = [(name, found[0]) for name, found in reasons if all(found)]
    if len(left_out) > SHOWN:
        line = f"{len(left_out)} scenarios are left out: they move no bytes, or depend on how many one call moves"
        left_out = []
        screen.print(line, style="dim")
    for name, reason in left_out:
        screen.print(f"{name} is left out: {reason}", style="dim", markup=False, soft_wrap=True)


def _show_finding(finding: Finding, platform: str) -> None:
    screen = console()
    screen.print()
    screen.rule(f"[bold red]{finding.tape}[/]", align="left", style="red")
    screen.print(timeline_text(timeline(cell_record(finding.outcome))), soft_wrap=True, end="")
    if finding.origin:
        line = f"{finding.origin}: {counted(finding.events, 'event')}, shrunk to {len(finding.tape)}"
        screen.print(line, style="dim", markup=False)
    screen.print(Text(again(finding, platform), "cyan"), soft_wrap=True)


def _json(results: list[Played]) -> dict[str, object]:
    return {
        "cells": len(results),
        "tapes": sum(each.tapes for each in results),
        "events": sum(each.events for each in results),
        "calls": sum(each.calls for each in results),
        "fail_without_a_tape": sorted({each.cell.id for each in _failing(results, FAIL)}),
        "inconclusive": sorted({each.cell.id for each in _failing(results, INCONCLUSIVE)}),
        "findings": [
            {
                "id": each.cell.id,
                "tape": str(each.tape),
                "origin": each.origin,
                "step": each.outcome.verdict.step,
                "expected": each.outcome.verdict.expected,
                "observed": each.outcome.verdict.observed,
                "blamed": each.blamed,
            }
            for played in results
            if (each := played.finding)
        ],
    }
