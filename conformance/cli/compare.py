"""``conformance compare``: records side by side, or against their baselines."""

from __future__ import annotations

import fnmatch
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from conformance.cli.choices import Name
from conformance.cli.exits import Exit
from conformance.cli.formats import FORMATS, SUFFIXES, TEXT, renderer
from conformance.cli.record_paths import records_at
from conformance.cli.terminal import console, measure_table
from conformance.language.suggestions import unknown
from conformance.model.errors import HarnessError, RecordError
from conformance.model.record import CellRecord
from conformance.report.compared import Comparison
from conformance.report.comparison import Wanted, compare
from conformance.report.difference_kinds import KINDS
from conformance.report.measures import Measured
from conformance.report.records import Record
from conformance.report.slim_records import Read, SlimReader
from conformance.report.tables import section
from conformance.tables.transports import GROUPS, TRANSPORTS, expand

COVERAGE = "coverage"
NEW, ANY, NONE = FAILURES = ("new", "any", "none")


@dataclass(frozen=True)
class Filters:
    """Which cells are compared; an empty filter lets all through."""

    sections: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()


@click.command("compare")
@click.argument("names", nargs=-1, required=True, metavar="RECORD|FOLDER|GLOB...")
@click.option("--against", "baselines", multiple=True, metavar="BASELINE", help="What differs from these records.")
@click.option(
    "--format", "form", type=Name("format", FORMATS), help=f"{', '.join(FORMATS)}; default: by -o, else text."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write this file.")
@click.option("--fail-on", type=click.Choice(FAILURES), help="Which differences make the exit status 1.")
@click.option("--only", multiple=True, type=click.Choice([*KINDS, COVERAGE]), help="Show nothing else.")
@click.option("--section", "sections", multiple=True, help="Only scenarios of this section.")
@click.option("--claim", "claims", multiple=True, help="Only scenarios that act out this claim.")
@click.option("--transport", "transports", multiple=True, metavar="T",
              type=Name("transport", [*TRANSPORTS, *GROUPS]), help="Only this transport or group.")  # fmt: skip
@click.option("--scenario", "scenarios", multiple=True, help="Only scenarios with this id, part of an id, or glob.")
@click.option("--all", "everything", is_flag=True, help="All differences, also where they do not fit the screen.")
@click.option("--keep-going", is_flag=True, help="Compare the other records where some are damaged; still status 2.")
@click.option("--markdown", "form", flag_value="markdown", help="The same as --format markdown.")
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
def command(  # noqa: PLR0913 (one parameter for each option)
    names: tuple[str, ...],
    baselines: tuple[str, ...],
    form: str | None,
    output: Path | None,
    fail_on: str | None,
    only: tuple[str, ...],
    everything: bool,
    keep_going: bool,
    **filters: tuple[str, ...],
) -> int:
    """Compare records, plain or compressed: which differences are unexplained, declared or documented.

    A cell that a record did not run is no difference, but coverage. With --against, each record is compared with the
    baselines of the same platform and implementation, and only what is new is shown.

    \b
      conformance compare reports/reference
      conformance compare reports/runs --against reports/reference
      conformance compare reports/reference --only unexplained --all
      conformance compare A.jsonl B.jsonl.gz -o comparison.md

    Exit status 1 where records differ (with --against: where something is new), where cells are missing from a record
    or a record is incomplete, and with --against where a cell is not run any more. --fail-on none: 0.
    """
    if fail_on == NEW and not baselines:
        raise click.UsageError("--fail-on new needs --against: new differences are those from a baseline")
    given, kept = _all_read(records_at(names), records_at(baselines), keep_going)
    damaged = (*given.damaged, *kept.damaged)
    messages = (*_incomplete(given.records), *damaged)
    compared = _narrowed(_compared(given.records, kept.records, Filters(**filters)), only)
    del given, kept  # what was not compared is not needed any more, and a page needs the memory
    _write(compared, form or _form_of(output), output, everything)
    for message in messages:
        click.echo(message, err=True)
    if damaged:
        return Exit.USAGE
    return Exit.UNEXPECTED if fail_on != NONE and (compared.entries or compared.lost) else Exit.NOTHING_UNEXPECTED


def _incomplete(records: Sequence[Record]) -> list[str]:
    return [f"{record.path} is incomplete: {record.incomplete}" for record in records if record.incomplete]


def _all_read(records: Sequence[Path], baselines: Sequence[Path], keep_going: bool) -> tuple[Read, Read]:
    """Records and baselines. RecordError with all that is wrong, unless the sound ones can do without the others."""
    reader = SlimReader()
    found = reader.read_all(records), reader.read_all(baselines)
    damaged = [message for each in found for message in each.damaged]
    if damaged and not keep_going:
        raise RecordError("\n".join(damaged))
    enough = len(found[0].records) > (0 if baselines else 1) and (found[1].records or not baselines)
    if not enough:
        need = "a record and a baseline" if baselines else "at least two records"
        if damaged:
            raise RecordError("\n".join([*damaged, f"what is left is too little: a comparison needs {need}"]))
        raise click.UsageError(f"a comparison needs {need}")
    return found


def _compared(records: Sequence[Record], baselines: Sequence[Record], filters: Filters) -> Comparison:
    from conformance.report.against import compare_against

    wanted = _wanted(filters) if filters != Filters() else None
    made = compare_against(records, baselines, wanted) if baselines else compare(records, wanted)
    if wanted and not made.cells:
        raise click.UsageError("no cell of these records is left by the filters")
    return made


def _wanted(filters: Filters) -> Wanted:
    """Whether a cell passes all filters."""
    transports = {name for each in filters.transports for name in expand(each)}
    acting = _acting_out(filters.claims) if filters.claims else set()

    def wanted(cell: CellRecord) -> bool:
        return (
            (not filters.sections or section(cell) in filters.sections)
            and (not transports or cell.transport in transports)
            and (not filters.claims or cell.scenario in acting)
            and (not filters.scenarios or any(_is_named(cell.scenario, each) for each in filters.scenarios))
        )

    return wanted


def _is_named(scenario: str, name: str) -> bool:
    return fnmatch.fnmatchcase(scenario, name if any(char in name for char in "*?[") else f"*{name}*")


def _acting_out(claims: Sequence[str]) -> set[str]:
    """The ids of the bundled scenarios that act out these claims."""
    from conformance.cli.paths import load_scenarios

    scenarios = load_scenarios(())
    known = {claim for scenario in scenarios for claim in scenario.claims}
    for claim in claims:
        if claim not in known:
            raise click.UsageError(unknown("claim", claim, known))
    return {scenario.id for scenario in scenarios if set(scenario.claims) & set(claims)}


def _narrowed(compared: Comparison, only: Sequence[str]) -> Comparison:
    """The comparison with entries of these kinds only."""
    if not only:
        return compared
    entries = tuple(entry for entry in compared.entries if entry.kind in only)
    return replace(compared, entries=entries)


def _form_of(output: Path | None) -> str:
    return SUFFIXES.get(output.suffix, TEXT) if output else TEXT


def _write(compared: Comparison, form: str, output: Path | None, everything: bool) -> None:
    """Writes the comparison to a file, or to standard output: there as text that fits the screen."""
    if form == TEXT and output is None:
        show(compared, everything)
        return
    made = renderer(form)(compared)
    if output is None:
        click.echo(made, nl=False)
        return
    try:
        output.write_text(made, "utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise HarnessError(f"{output}: cannot be written: {error.strerror}; -o names another file") from None


def show(compared: Comparison, everything: bool = False) -> None:
    """Prints what of a comparison fits a screen; everything on request, through a pager on a terminal."""
    from conformance.report.comparison_text import text

    width = console().width
    if not everything:
        click.echo(text(compared, shutil.get_terminal_size((width, 24)).lines or 24, width), nl=False)
    elif sys.stdout.isatty():
        click.echo_via_pager(text(compared, width=width))
    else:
        click.echo(text(compared, width=width), nl=False)


def show_measures(tables: Sequence[Measured], cells: Sequence[CellRecord]) -> None:
    """Prints figures side by side where nothing else was run; the reports have them in any case."""
    if any(cell.level != "measure" for cell in cells):
        return
    for table in tables:
        console().print()
        console().print(measure_table(table))
