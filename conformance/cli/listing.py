"""``conformance list``: scenarios, transports, implementations and the other names that users choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from conformance.cli.choices import Name
from conformance.cli.exits import Exit
from conformance.cli.terminal import console, print_json

Row = dict[str, Any]


def _scenarios() -> list[Row]:
    from conformance.cli.paths import load_scenarios

    return [
        {
            "id": scenario.id,
            "level": scenario.level,
            "cases": [case.name for case in scenario.cases if case.name],
            "transports": list(scenario.transports),
            "claims": list(scenario.claims),
            "tags": list(scenario.tags),
            "summary": scenario.summary,
            "sources": list(scenario.sources),
            "file": str(scenario.path),
        }
        for scenario in load_scenarios(())
    ]


def _transports() -> list[Row]:
    from conformance.tables.transports import TRANSPORTS

    return [{"name": row.name, "groups": sorted(row.groups), "summary": row.summary} for row in TRANSPORTS.values()]


def _implementations() -> list[Row]:
    from conformance.worker.adapters import ADAPTERS

    own = "package.module:Name or file.py:Name"
    rows = [{"name": name, "summary": row.summary} for name, row in ADAPTERS.items()]
    return [*rows, {"name": own, "summary": "anything shaped like socket.socket: a class, a factory or a module"}]


def _operations() -> list[Row]:
    from conformance.engine.wording import result_words
    from conformance.tables.operations import OPERATIONS

    return [
        {
            "name": row.name,
            "parameters": {each.name: each.type for each in row.parameters},
            "main": row.main,
            "result": row.result if isinstance(row.result, str) else dict(row.result),
            "gives": result_words(row).replace("`", ""),
            "kind": row.kind,
            "summary": row.summary,
        }
        for row in OPERATIONS.values()
    ]


def _faults() -> list[Row]:
    """Each fault with the result of its probe on this machine; ``lacking`` is null if the fault works here."""
    from conformance.runner.launch import OWN, WorkerOptions
    from conformance.runner.process import WorkerProcess
    from conformance.tables.faults import FAULTS

    worker = WorkerProcess(OWN, WorkerOptions(hosts=True))
    try:
        lacking = worker.findings().findings["faults"]
    finally:
        worker.end()
    return [
        {
            "name": row.name,
            "by": row.by,
            "parameters": {each.name: each.type for each in row.parameters},
            "main": row.main,
            "needs": row.needs,
            "here": "no" if lacking[row.name] else "yes",
            "lacking": lacking[row.name],
            "summary": row.summary,
        }
        for row in FAULTS.values()
    ]


def _claims() -> list[Row]:
    from conformance.language.howto_claims import claims

    return [
        {
            "id": claim.id,
            "says": claim.says,
            "caveat": claim.caveat,
            "only": claim.only,
            "holds": claim.holds,
            "example": claim.example.scenario,
        }
        for claim in claims().values()
    ]


def _platforms() -> list[Row]:
    from conformance.platforms import PLATFORMS

    return [
        {"name": each.name, "stands_for": each.stands_for, "emulator": each.emulator, "summary": each.summary}
        for each in PLATFORMS.values()
    ]


def _mutants() -> list[Row]:
    from conformance.mutants import MUTANTS

    return list(map(vars, MUTANTS.values()))


def _generated() -> list[Row]:
    from conformance.mutants import GENERATED

    return list(map(vars, GENERATED.values()))


_LISTS: dict[str, tuple[Callable[[], list[Row]], tuple[str, ...]]] = {
    "scenarios": (_scenarios, ("id", "level", "summary")),
    "transports": (_transports, ("name", "groups", "summary")),
    "implementations": (_implementations, ("name", "summary")),
    "operations": (_operations, ("name", "parameters", "gives", "summary")),
    "faults": (_faults, ("name", "by", "here", "summary")),
    "platforms": (_platforms, ("name", "stands_for", "emulator", "summary")),
    "claims": (_claims, ("id", "says")),
    "mutants": (_mutants, ("name", "bug")),
    "generated": (_generated, ("name", "bug")),
}
"""Each list: the function that makes its rows, and the fields that the terminal shows, the sentence last."""

_FORMER = {"wrong": "mutants"}
"""Old names of lists."""

_SENTENCE = 30
"""The least width of a sentence beside the other fields; if there is less room, it goes below them."""


@click.command("list")
@click.argument("what", type=Name("list", [*_LISTS, *_FORMER]), metavar="WHAT")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def command(what: str, as_json: bool) -> int:
    """List the names of one kind.

    WHAT is scenarios, transports, implementations, operations, faults, platforms, claims, mutants or generated
    (mechanical mutants).
    """
    return print_list(_FORMER.get(what, what), as_json)


def print_list(what: str, as_json: bool) -> int:
    """Prints one of the lists."""
    rows, shown = _LISTS[what][0](), _LISTS[what][1]
    if as_json:
        print_json(rows)
    else:
        cells = [[*(_words(row.get(name)) for name in shown[:-1]), _sentence(row, shown[-1])] for row in rows]
        _show(cells, [name.replace("_", " ") for name in shown])
    return Exit.NOTHING_UNEXPECTED


def _show(rows: list[list[str]], heads: list[str]) -> None:
    """As a table, or with each sentence below its row if a table leaves too little room."""
    screen = console()
    widths = [max(len(row[column]) for row in rows) + 2 for column in range(len(heads) - 1)]
    if sum(widths) + _SENTENCE <= screen.width:
        screen.print(_table(rows, heads))
        return
    for name, *others, sentence in rows:
        words = [f"{head}: {each}" for head, each in zip(heads[1:-1], others, strict=True) if each]
        screen.print(Text(name, "cyan").append("  ".join(["", *words]), "dim"))
        screen.print(Padding(Text(sentence), (0, 0, 0, 4), expand=False))


def _table(rows: list[list[str]], heads: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, head in enumerate(heads):
        table.add_column(head, no_wrap=number < len(heads) - 1, style="cyan" if number == 0 else None)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _sentence(row: Row, name: str) -> str:
    """The sentence of a row, what this machine lacks for it, and the caveat on a line of its own."""
    lacking = f" Not here: {row['lacking']}." if row.get("lacking") else ""
    caveat = f"\nBut: {row['caveat']}" if row.get("caveat") else ""
    return f"{_words(row.get(name))}{lacking}{caveat}"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)
