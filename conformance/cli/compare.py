"""``conformance compare``: records side by side."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from conformance.cli.exits import Exit
from conformance.cli.terminal import console, print_json
from conformance.report.comparison import CellComparison, Comparison, alike, compare, did_by_label
from conformance.report.markdown import comparison as markdown
from conformance.report.records import read


@click.command("compare")
@click.argument("records", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(records: tuple[Path, ...], as_markdown: bool, as_json: bool) -> int:
    """Compare two or more records: cells grouped by identical behaviour, and the first step where they part.

    Exit status 1 where cells differ, 0 where none does.
    """
    if len(records) < 2:
        raise click.UsageError("a comparison needs at least two records")
    read_records = [read(path) for path in records]
    compared = compare(read_records)
    incomplete = [str(record.path) for record in read_records if not record.complete]
    if as_json:
        print_json(_json(compared))
    elif as_markdown:
        click.echo(markdown(compared), nl=False)
    else:
        _show(compared)
    for path in incomplete:
        click.echo(f"{path} is incomplete: its run was ended before the last cell", err=True)
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
    }


def _show(compared: Comparison) -> None:
    screen = console()
    counts = ", ".join(f"{number} {what}" for what, number in compared.counts().items())
    screen.print(f"[bold]{' · '.join(compared.labels)}[/]\n{sum(compared.counts().values())} cells: {counts}")
    for summary in grouping(compared):
        screen.print(summary)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="bold")
    table.add_column("where they part", ratio=3)
    for label in compared.labels:
        table.add_column(label, ratio=2)
    for cells in alike(compared.differing):
        table.add_row(_place(cells), *_did(cells[0], compared.labels))
    if compared.differing:
        screen.print()
        screen.print(table)


def grouping(compared: Comparison) -> list[str]:
    """How often the records fell into which groups: ``A = B, C differs: 12 cells``."""
    found: dict[tuple[tuple[str, ...], ...], int] = {}
    for cell in compared.differing:
        groups = tuple(sorted(cell.groups, key=len, reverse=True))
        found[groups] = found.get(groups, 0) + 1
    lines = []
    for groups, number in sorted(found.items(), key=lambda item: -item[1]):
        words = " | ".join(" = ".join(group) for group in groups)
        lines.append(f"{words}: {number} cells")
    return lines


def _place(cells: list[CellComparison]) -> Text:
    cell = cells[0]
    text = Text(cell.scenario, style="bold")
    if cell.case:
        text.append(f" ({cell.case})")
    text.append("\n" + ", ".join(each.transport for each in cells), "dim")
    if cell.parting:
        text.append(f"\nstep {cell.parting.step}, line {cell.parting.line}: {cell.parting.says}", "cyan")
        text.append(f"\n{cell.parting.depth}", "dim")
    return text


def _did(cell: CellComparison, labels: tuple[str, ...]) -> list[Text]:
    odd = cell.groups[-1] if len(cell.groups) == 2 else ()
    return [
        Text(did, style="yellow" if label in odd else "")
        for label, did in zip(labels, did_by_label(cell, labels), strict=True)
    ]
