"""``conformance compare``: records side by side."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from conformance.cli.exits import Exit
from conformance.cli.record_paths import records_at
from conformance.cli.terminal import console, measure_table, print_json
from conformance.engine.wording import counted
from conformance.model.record import CellRecord
from conformance.report.comparison import (
    ANOTHER_VERSION,
    CellComparison,
    Comparison,
    Parting,
    alike,
    by_version,
    compare,
    left_out,
    parted,
)
from conformance.report.markdown import comparison as markdown
from conformance.report.measures import Measured
from conformance.report.records import Record, read

SHOWN = 10
"""How many of the scenarios that are not compared are named."""


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
        print_json(_json(compared))
    elif as_markdown:
        click.echo(markdown(compared), nl=False)
    else:
        show(compared, read_records)
    for name in incomplete:
        click.echo(f"{name} is incomplete: its run was ended before the last cell", err=True)
    return Exit.UNEXPECTED if compared.differing else Exit.NOTHING_UNEXPECTED


def _json(compared: Comparison) -> dict[str, object]:
    return {
        "records": list(compared.labels),
        "counts": dict(compared.counts()),
        "differing": [
            {
                "scenario": cell.scenario,
                "case": cell.case,
                "transport": cell.transport,
                "groups": [list(group) for group in cell.groups],
                "step": cell.parting.step if cell.parting else None,
                "says": cell.parting.says if cell.parting else None,
                "did": list(cell.parting.did) if cell.parting else [],
                "depth": cell.parting.depth if cell.parting else None,
            }
            for cell in compared.differing
        ],
        "another_version": [
            {
                "scenario": cell.scenario,
                "case": cell.case,
                "transport": cell.transport,
                "versions": [list(labels) for labels in cell.versions],
            }
            for cell in compared.of_another_version
        ],
    }


def show(compared: Comparison, records: Sequence[Record]) -> None:
    """Prints a comparison."""
    screen = console()
    counts = ", ".join(f"{number} {what}" for what, number in compared.counts().items() if number)
    screen.print(" · ".join(compared.labels), style="bold", markup=False)
    screen.print(f"{counted(sum(compared.counts().values()), 'cell')}: {counts or 'none'}")
    for summary in grouping(compared):
        screen.print(summary, markup=False)
    for label, why, number in left_out(compared.differing):
        screen.print(f"{label}: {counted(number, 'cell')} not run, {why}", markup=False, style="dim")
    for versions, names in by_version(compared.of_another_version).items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        words = f"not compared, {ANOTHER_VERSION} ({versions}): {', '.join(names[:SHOWN])}{more}"
        screen.print(words, markup=False, style="dim")
    for cells in alike(parted(compared.differing)):
        screen.print()
        screen.print(_place(cells))
        screen.print(_did(cells[0], cells[0].parting))
        for further in cells[0].parting.then if cells[0].parting else ():
            screen.print(_step(further))
            screen.print(_did(cells[0], further))
    show_measures(compared.measures, [cell for record in records for cell in record.cells])


def show_measures(tables: Sequence[Measured], cells: Sequence[CellRecord]) -> None:
    """Prints figures side by side where nothing else was run; the reports have them in any case."""
    if any(cell.level != "measure" for cell in cells):
        return
    for table in tables:
        console().print()
        console().print(measure_table(table))


def grouping(compared: Comparison) -> list[str]:
    """How often the records fell into which groups: ``A = B, C differs: 12 cells``."""
    found: dict[tuple[tuple[str, ...], ...], int] = {}
    for cell in compared.differing:
        groups = tuple(sorted(cell.groups, key=len, reverse=True))
        found[groups] = found.get(groups, 0) + 1
    lines = []
    for groups, number in sorted(found.items(), key=lambda item: -item[1]):
        words = " | ".join(" = ".join(group) for group in groups)
        lines.append(f"{words}: {counted(number, 'cell')}")
    return lines


def _place(cells: list[CellComparison]) -> Text:
    cell = cells[0]
    text = Text(cell.scenario, style="bold")
    if cell.case:
        text.append(f" ({cell.case})")
    text.append("  over " + ", ".join(each.transport for each in cells), "not bold dim")
    return text.append("\n").append(_step(cell.parting)) if cell.parting else text


def _step(parting: Parting) -> Text:
    where = f"step {parting.step}, line {parting.line}: " if parting.step else ""
    text = Text(f"  {where}{parting.says}", "not bold cyan")
    return text.append(f"  ({parting.depth})" if parting.depth else "", "not bold dim")


def _did(cell: CellComparison, parting: Parting | None) -> Table:
    """A line for each group of records that did the same; of two groups, the second is coloured."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for number, (group, did) in enumerate(zip(cell.groups, parting.did if parting else (), strict=False)):
        odd = len(cell.groups) == 2 and number == 1
        table.add_row("   ", Text(" = ".join(group)), Text(did, style="yellow" if odd else ""))
    if cell.absent:
        table.add_row("   ", Text(", ".join(cell.absent), "dim"), Text("not in this record", "dim"))
    return table
