"""``conformance run``: runs scenarios through pytest, shows progress, writes records and reports."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from conformance.cli.choices import NATIVE, Name, cells_at_once
from conformance.cli.compare import show as show_comparison
from conformance.cli.compare import show_measures
from conformance.cli.exits import Exit, of_verdicts
from conformance.cli.paths import load_scenarios
from conformance.cli.running import Request, Results, run_all
from conformance.cli.terminal import STYLES, console, print_json, timeline_text, verdict_table
from conformance.engine.judge import UNEXPECTED
from conformance.engine.wording import counted
from conformance.language.corpus import bundled_ids
from conformance.language.deviation_files import about_nothing, load_deviations
from conformance.model.record import CellRecord
from conformance.report.comparison import compare
from conformance.report.divergences import divergent, passed_otherwise
from conformance.report.explained import by_reason
from conformance.report.measures import measured
from conformance.report.records import read
from conformance.report.tables import verdict_counts
from conformance.report.timeline import timeline
from conformance.runner.pruning import prune
from conformance.tables.transports import GROUPS, TRANSPORTS

SHOWN = 20
"""The number of different unexpected outcomes on the terminal; the report has every cell."""

REASONS = 5
"""The number of reasons on the terminal why cells could not be run."""


@click.command("run")
@click.argument("paths", nargs=-1, metavar="[PATH|GLOB|ID]...")
@click.option("--transport", "-t", multiple=True, type=Name("transport", [*TRANSPORTS, *GROUPS]), metavar="T",
              help="Only on this transport or group; may be repeated.")  # fmt: skip
@click.option("--implementation", "-i", multiple=True, metavar="I",
              help="What to test: stdlib (default), an adapter, package.module:Name, file.py:Name; may be "
              "repeated.")  # fmt: skip
@click.option("--platform", "-p", multiple=True, metavar="P",
              help="Where to test: native (default) or a platform that was set up; may be repeated.")  # fmt: skip
@cells_at_once
@click.option("--reports", type=click.Path(file_okay=False, path_type=Path), default=Path("reports/runs"),
              show_default=True, metavar="DIR", help="The folder of records and reports.")  # fmt: skip
@click.option("--keep", type=click.IntRange(min=1), metavar="N",
              help="Afterwards remove earlier runs of the same implementation on the same platform, but the newest N "
              "and the newest full one. Default: keep all.")  # fmt: skip
@click.option("-k", "keyword", default="", metavar="EXPR", help="Only cells that match, as with pytest -k.")
@click.option("-m", "marker", default="", metavar="EXPR", help="Only levels and tags that match, as with pytest -m.")
@click.option("--inet-address", metavar="ADDRESS", help="An address for inet on a machine without network namespaces.")
@click.option("--deviations", multiple=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE",
              help="Known deviations, as YAML.")  # fmt: skip
@click.option("--evidence", is_flag=True, help="Also record the state of each socket after each step.")
@click.option("--capture", is_flag=True, help="Also capture all packets, as pcapng files beside the record. Implies "
              "--evidence.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit status 1 also if a cell passes but differs from the raw socket.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON on standard output.")
def command(  # noqa: PLR0913 (one parameter for each option)
    paths: tuple[str, ...], transport: tuple[str, ...], implementation: tuple[str, ...], platform: tuple[str, ...],
    workers: int, reports: Path, keep: int | None, keyword: str, marker: str, inet_address: str | None,
    deviations: tuple[str, ...], evidence: bool, capture: bool, strict: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run scenarios and write, for each platform and implementation, a record and a report.

    Without PATH all scenarios of the package are run. The id of a scenario is its path below the folder "scenarios",
    or below PATH. Each run writes new files; none replaces those of an earlier run.

    Exit status 0 if nothing was unexpected, 1 if a cell failed or was inconclusive (with --strict also if a cell passed
    but differs from the raw socket), 2 if an implementation cannot be
    used, 3 if nothing could be run, or nothing on one of the platforms.
    """
    request = Request(
        scenarios=tuple(load_scenarios(paths)),
        transports=transport,
        implementations=implementation or ("stdlib",),
        platforms=platform or (NATIVE,),
        workers=workers,
        reports=reports,
        keyword=keyword,
        marker=marker,
        inet_address=inet_address,
        deviations=deviations,
        evidence=evidence,
        capture=capture,
    )
    _check_folder(reports)
    _warn(request)
    results = run_all(request, quiet=as_json)
    if results.status is Exit.USAGE:
        return results.status
    if as_json:
        print_json(_summary(results))
    else:
        _show(results)
    if keep is not None:
        _prune(results.records, keep)
    if results.status is not None:
        return results.status
    status = of_verdicts(cell.verdict for cell in results.cells)
    if strict and status == Exit.NOTHING_UNEXPECTED and passed_otherwise(results.cells):
        return Exit.UNEXPECTED
    return Exit.NOTHING_RAN if results.not_run and status == Exit.NOTHING_UNEXPECTED else status


def _prune(records: Iterable[Path], keep: int) -> None:
    """Removes earlier runs, and says which."""
    for record in records:
        for removed in prune(record, keep):
            click.echo(f"--keep {keep}: removed {removed}", err=True)


def _check_folder(folder: Path) -> None:
    """Wrong usage if records cannot be written there; checked before anything is run."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not there.is_dir():
        raise click.UsageError(f"--reports {folder}: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise click.UsageError(f"--reports {folder}: nothing can be written to {there}; name another folder")


def _warn(request: Request) -> None:
    """Warns of entries in deviations files that match no scenario. They may be meant for one that was not named."""
    if request.deviations:
        ids = {*bundled_ids(), *(scenario.id for scenario in request.scenarios)}
        for mistake in about_nothing(load_deviations(map(Path, request.deviations)), ids):
            click.echo(f"{mistake}; this entry has no effect", err=True)


def _summary(results: Results) -> dict[str, object]:
    return {
        "records": [str(path) for path in results.records],
        "reports": [str(path) for path in results.reports],
        "verdicts": verdict_counts(results.cells),
        "unexpected": [_summed_up(cell) for cell in results.cells if cell.verdict in UNEXPECTED],
        "passed_otherwise": [_summed_up(cell) for cell in passed_otherwise(results.cells)],
        "known_deviations": [_summed_up(cell) for cell in results.cells if cell.verdict == "known-deviation"],
        "not_run": dict(results.not_run),
        "seconds": round(results.seconds, 2),
    }


def _summed_up(cell: CellRecord) -> dict[str, object]:
    names = ("id", "verdict", "reason", "expected", "observed", "file", "step")
    step = next((step for step in cell.steps if step.number == cell.step), None)
    known = {name: getattr(step, name, None) for name in ("source", "basis")}
    found = {name: (value := getattr(cell, name)) and vars(value) for name in ("differential", "fixture")}
    return {**{name: getattr(cell, name) for name in names}, **known, **found}


def _show(results: Results) -> None:
    screen = console()
    for title, cells in results.by_record().items():
        screen.print()
        screen.print(title, style="bold", soft_wrap=True)
        screen.print(verdict_table(cells, screen.width))
        _show_unsupported(cells)
        _show_known(cells)
        _show_passed_otherwise(cells)
    if len(results.records) < 2:
        show_measures(measured({"": results.cells}), results.cells)
    _show_unexpected([cell for cell in results.cells if cell.verdict in UNEXPECTED])
    screen.print()
    counts = ", ".join(f"{number} {verdict}" for verdict, number in verdict_counts(results.cells).items())
    if others := len(passed_otherwise(results.cells)):
        counts += f"; {others} passed but differ from the raw socket"
    screen.print(
        f"[bold]{counted(len(results.cells), 'cell')}[/] in {results.seconds:.1f} s: {counts or 'nothing ran'}"
    )
    for name, reason in results.not_run.items():
        screen.print(Text(f"{name} was not run: ", "bold magenta").append(reason, "not bold default"))
    for path in (*results.records, *results.reports):
        screen.print(str(path), style="dim", soft_wrap=True)
    if len(results.records) > 1:
        screen.print()
        records = [read(path) for path in results.records]
        show_comparison(compare(records), records)


def _show_unsupported(cells: list[CellRecord]) -> None:
    """The reasons why cells could not be run here, the most frequent first."""
    reasons = Counter(cell.reason for cell in cells if cell.verdict == "unsupported").most_common()
    for reason, number in reasons[:REASONS]:
        console().print(f"{number}– {reason}", style="dim", markup=False)
    if len(reasons) > REASONS:
        console().print(f"… and {len(reasons) - REASONS} more reasons; the report has all of them", style="dim")


def _show_known(cells: list[CellRecord]) -> None:
    """Each reason of known deviations, then where they were seen, what was expected and what happened."""
    screen, known = console(), by_reason(cells)
    if known:
        screen.print("\nKnown deviations", style="bold")
    for reason, deviations in known.items():
        screen.print()
        screen.print(Text("~ ", STYLES["known-deviation"]).append(reason, "default"))
        for each in deviations:
            place = Text(f"{each.name}, {each.step}").append(f"  over {', '.join(each.transports)}", "dim")
            screen.print(Padding(place, (0, 0, 0, 2), expand=False))
            wanted = Text("raw " if each.by_raw else "expected: ").append(each.wanted, STYLES["pass"])
            here = Text("here ").append(each.observed, STYLES["known-deviation"])
            between = "; " if wanted.cell_len + here.cell_len + 8 <= screen.width else "\n"
            screen.print(Padding(wanted.append(between).append_text(here), (0, 0, 0, 6), expand=False))


def _show_passed_otherwise(cells: list[CellRecord]) -> None:
    """The cells that passed although they did something else than the raw socket."""
    screen, found = console(), divergent(passed_otherwise(cells))
    if found:
        screen.print("\nPassed, but differs from the raw socket", style="bold")
    for each in found[:SHOWN]:
        place = Text(f"{each.name}, step {each.step}").append(f"  over {', '.join(each.transports)}", "dim")
        screen.print(Padding(place, (0, 0, 0, 2), expand=False))
        words = Text("raw ").append(each.raw, STYLES["pass"]).append("; here ").append(each.here, "yellow")
        screen.print(Padding(words.append(f" ({each.depth})", "dim"), (0, 0, 0, 6), expand=False))
    if len(found) > SHOWN:
        screen.print(f"… and {len(found) - SHOWN} more; the report has all of them", style="dim")


def _show_unexpected(cells: list[CellRecord]) -> None:
    screen = console()
    alike: dict[tuple[str, ...], list[CellRecord]] = {}
    for cell in cells:
        lines = timeline(cell, ("any",), texts=False)
        alike.setdefault((cell.verdict, cell.scenario, cell.implementation, *lines), []).append(cell)
    for same in list(alike.values())[:SHOWN]:
        screen.print()
        screen.rule(f"[bold red]{same[0].verdict}[/]", align="left", style="red")
        lines = timeline(same[0], list(dict.fromkeys(cell.transport for cell in same)))
        screen.print(timeline_text(lines), soft_wrap=True, end="")
    if len(alike) > SHOWN:
        screen.print(f"… and {len(alike) - SHOWN} more; the report has all of them", style="red")
