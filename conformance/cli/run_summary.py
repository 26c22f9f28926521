"""What ``conformance run`` says at its end: on the terminal, and as JSON."""

from __future__ import annotations

from collections import Counter

from rich.padding import Padding
from rich.text import Text

from conformance.cli.compare import show as show_comparison
from conformance.cli.compare import show_measures
from conformance.cli.running import Results
from conformance.cli.terminal import STYLES, console, timeline_text, verdict_table
from conformance.engine.judge import UNEXPECTED
from conformance.engine.wording import counted
from conformance.model.record import CellRecord
from conformance.report.comparison import compare
from conformance.report.divergences import divergent, passed_otherwise
from conformance.report.explained import by_reason
from conformance.report.measures import measured
from conformance.report.records import read
from conformance.report.scenario_sources import source_of
from conformance.report.tables import verdict_counts
from conformance.report.timeline import timeline

SHOWN = 20
"""The number of different unexpected outcomes on the terminal; the report has every cell."""

REASONS = 5
"""The number of reasons on the terminal why cells could not be run."""


def summary(results: Results) -> dict[str, object]:
    """The outcome as JSON."""
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
    known = {"source": step and (source_of(step, cell) or None), "basis": step and step.basis}
    found = {name: (value := getattr(cell, name)) and vars(value) for name in ("differential", "fixture")}
    return {**{name: getattr(cell, name) for name in names}, **known, **found}


def show(results: Results) -> None:
    """The outcome on the terminal."""
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
        show_comparison(compare(records))


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
