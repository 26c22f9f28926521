"""``conformance show``: runs one scenario and draws what happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click

from conformance.cli.acting_out import act_out
from conformance.cli.choices import Name
from conformance.cli.drawing import draw
from conformance.cli.exits import of_verdicts
from conformance.cli.paths import load_scenarios
from conformance.cli.record_paths import one_record
from conformance.cli.running import Request, run_all
from conformance.cli.terminal import console
from conformance.language.howto_claims import claims, former_ids
from conformance.language.suggestions import unknown
from conformance.model.captures import CaptureRecord
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord
from conformance.model.scenario import Case, Scenario
from conformance.report.records import read
from conformance.tables.transports import TRANSPORTS


@click.command("show")
@click.argument("scenario")
@click.option("--transport", "-t", type=Name("transport", TRANSPORTS), metavar="T", help="Default: its first one.")
@click.option("--implementation", "-i", default="stdlib", show_default=True, metavar="I", help="What to run.")
@click.option("--case", "case_name", metavar="CASE", help="Only this case.")
@click.option("--wire", is_flag=True, help="Also draw what went over the wire: each segment, under its step.")
@click.option("--record", type=click.Path(exists=True, path_type=Path), metavar="FILE",
              help="Draw what this record holds, or the newest full one of a folder; nothing is run.")  # fmt: skip
def command(
    scenario: str, transport: str | None, implementation: str, case_name: str | None, wire: bool, record: Path | None
) -> int:
    """Run SCENARIO (a file, an id or a part of one) and draw what happened as a sequence diagram.

    SCENARIO may also be a claim of the HOWTO: its exemplary scenario is run, and the steps that bear on it are marked.

    Exit status 0 where it passed, 1 where it failed or was inconclusive, 3 where it could not be run here.
    """
    if record is not None:
        return _replay(one_record(record), scenario, transport, case_name, wire)
    claim = claims().get(former_ids().get(scenario, scenario))
    if claim is not None:
        return act_out(claim, transport, implementation, case_name)
    one = _one(scenario)
    over = transport or one.transports[0]
    if over not in one.transports:
        raise click.UsageError(f"{one.id} runs over {', '.join(one.transports)}, not over {over}")
    one = one if case_name is None else dataclasses.replace(one, cases=(_case(one, case_name),))
    request = Request((one,), (over,), (implementation,), workers=1, evidence=True, capture=wire)
    results = run_all(request, quiet=True)
    if results.status is not None:
        return results.status
    _introduce(one)
    for cell, capture in zip(results.cells, results.captures, strict=True):
        draw(cell, capture if wire else None)
    return of_verdicts(cell.verdict for cell in results.cells)


def _replay(path: Path, scenario: str, transport: str | None, case_name: str | None, wire: bool) -> int:
    """Draws the cells of one scenario in a record."""
    found = [
        cell for cell in read(path).cells
        if scenario in cell.scenario and transport in (None, cell.transport) and case_name in (None, cell.case)
    ]  # fmt: skip
    names = list(dict.fromkeys(cell.scenario for cell in found))
    if len(names) != 1:
        raise click.UsageError(f"{len(names)} scenarios in {path} match {scenario}{': ' * bool(names)}{_few(names)}")
    over = transport or found[0].transport
    shown = [cell for cell in found if cell.transport == over]
    for cell in shown:
        draw(cell, _recorded_capture(path, cell) if wire else None)
    return of_verdicts(cell.verdict for cell in shown)


def _recorded_capture(record: Path, cell: CellRecord) -> bytes:
    """The content of a cell's capture file; empty where the record names none."""
    if not isinstance(cell.capture, CaptureRecord) or not cell.capture.file:
        return b""
    path = record.parent / cell.capture.file
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; {record} names it") from None


def _one(name: str) -> Scenario:
    found = load_scenarios((name,))
    if len(found) > 1:
        names = _few([each.id for each in found])
        raise click.UsageError(f"{len(found)} scenarios match {name}: {names}; name one")
    return found[0]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def _case(scenario: Scenario, name: str) -> Case:
    cases = {case.name: case for case in scenario.cases if case.name}
    if not cases:
        raise click.UsageError(f"{scenario.id} has no cases")
    if name not in cases:
        raise click.UsageError(f"{scenario.id}: {unknown('case', name, cases)}")
    return cases[name]


def _introduce(scenario: Scenario) -> None:
    screen = console()
    screen.print()
    screen.print(scenario.summary, style="bold", markup=False)
    if scenario.why:
        screen.print(scenario.why, markup=False)
    known = claims()
    for claim in scenario.claims:
        screen.print(f"HOWTO: {known[claim].says}", style="italic dim", markup=False)
