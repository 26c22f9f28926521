"""``conformance run``: runs scenarios, shows progress, writes records and reports."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.choices import NATIVE, Name, cells_at_once
from conformance.cli.exits import Exit, of_verdicts
from conformance.tables.transports import GROUPS, TRANSPORTS

if TYPE_CHECKING:
    from conformance.cli.running import Request, Results


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
@click.option("--resume", is_flag=True, help="Complete the record of an interrupted run of the same cells, with the "
              "same options, on this host; cells in it are not run again.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit status 1 also if a cell passes but differs from the raw socket.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON on standard output.")
def command(  # noqa: PLR0913 (one parameter for each option)
    paths: tuple[str, ...], transport: tuple[str, ...], implementation: tuple[str, ...], platform: tuple[str, ...],
    workers: int, reports: Path, keep: int | None, keyword: str, marker: str, inet_address: str | None,
    deviations: tuple[str, ...], evidence: bool, capture: bool, resume: bool, strict: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run scenarios and write, for each platform and implementation, a record and a report.

    Without PATH all scenarios of the package are run. The id of a scenario is its path below the folder "scenarios",
    or below PATH. Each run writes new files; none replaces those of an earlier run.

    Exit status 0 if nothing was unexpected, 1 if a cell failed or was inconclusive (with --strict also if a cell passed
    but differs from the raw socket), 2 if an implementation cannot be
    used, 3 if nothing could be run, or nothing on one of the platforms.
    """
    from conformance.cli.paths import load_scenarios
    from conformance.cli.running import Request, run_all

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
        resume=resume,
    )
    _check_folder(reports)
    _warn(request)
    results = run_all(request, quiet=as_json)
    if results.status is Exit.USAGE:
        return results.status
    _show(results, as_json)
    if keep is not None:
        _prune(results.records, keep)
    return _status(results, strict)


def _show(results: Results, as_json: bool) -> None:
    from conformance.cli.run_summary import show, summary
    from conformance.cli.terminal import print_json

    if as_json:
        print_json(summary(results))
    else:
        show(results)


def _status(results: Results, strict: bool) -> Exit:
    from conformance.report.divergences import passed_otherwise

    if results.status is not None:
        return results.status
    status = of_verdicts(cell.verdict for cell in results.cells)
    if strict and status == Exit.NOTHING_UNEXPECTED and passed_otherwise(results.cells):
        return Exit.UNEXPECTED
    return Exit.NOTHING_RAN if results.not_run and status == Exit.NOTHING_UNEXPECTED else status


def _prune(records: Iterable[Path], keep: int) -> None:
    """Removes earlier runs, and says which."""
    from conformance.runner.pruning import prune

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
        from conformance.language.corpus import bundled_ids
        from conformance.language.deviation_files import about_nothing, load_deviations

        ids = {*bundled_ids(), *(scenario.id for scenario in request.scenarios)}
        for mistake in about_nothing(load_deviations(map(Path, request.deviations)), ids):
            click.echo(f"{mistake}; this entry has no effect", err=True)
