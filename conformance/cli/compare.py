"""``conformance compare``: records side by side."""

from __future__ import annotations

from collections.abc import Sequence

import click

from conformance.cli.exits import Exit
from conformance.cli.record_paths import records_at
from conformance.cli.terminal import console, measure_table
from conformance.model.record import CellRecord
from conformance.report.compared import Comparison
from conformance.report.comparison import compare
from conformance.report.comparison_text import SCREEN, text
from conformance.report.formats import renderer
from conformance.report.measures import Measured
from conformance.report.records import Record, read


@click.command("compare")
@click.argument("records", nargs=-1, required=True, metavar="RECORD|FOLDER|GLOB...")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(records: tuple[str, ...], as_markdown: bool, as_json: bool) -> int:
    """Compare two or more records: cells grouped by identical behaviour, and the first step where they part.

    Of a folder it takes, for each implementation on each platform, the newest full record.

    Cells whose scenario was another version in another record are counted and not compared.

    Exit status 1 where cells differ, 0 where none does.
    """
    paths = records_at(records)
    if len(paths) < 2:
        raise click.UsageError("a comparison needs at least two records")
    read_records = [read(path) for path in paths]
    compared = compare(read_records)
    incomplete = [str(record.path) for record in read_records if not record.complete]
    if as_json:
        click.echo(renderer("json")(compared), nl=False)
    elif as_markdown:
        click.echo(renderer("markdown")(compared), nl=False)
    else:
        show(compared, read_records)
    for name in incomplete:
        click.echo(f"{name} is incomplete: its run was ended before the last cell", err=True)
    return Exit.UNEXPECTED if compared.differing else Exit.NOTHING_UNEXPECTED


def show(compared: Comparison, records: Sequence[Record]) -> None:
    """Prints what of a comparison fits a screen."""
    click.echo(text(compared, SCREEN), nl=False)
    show_measures(compared.measures, [cell for record in records for cell in record.cells])


def show_measures(tables: Sequence[Measured], cells: Sequence[CellRecord]) -> None:
    """Prints figures side by side where nothing else was run; the reports have them in any case."""
    if any(cell.level != "measure" for cell in cells):
        return
    for table in tables:
        console().print()
        console().print(measure_table(table))
