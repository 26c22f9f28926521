"""Known deviations: declared and explained. A cell fails when its declared deviation no longer happens."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from conformance.engine import choose
from conformance.engine.judge import FAIL, KNOWN, PASS, UNSUPPORTED, Verdict
from conformance.engine.wording import observed_words
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.model.errors import Position
from conformance.tables.selectors import Host


@dataclass(frozen=True)
class Deviation:
    """One declared deviation.

    ``scenario``, ``cell`` (``case-transport``) and ``implementation`` are names or globs, ``only`` is a guard on the
    host. ``observed`` is what the deviating step does, in the words of a failure (``raised EINVAL (OSError)``), with
    ``*`` for what varies. With ``fixture`` (``connect()``) it is that call of the fixture that does so, and no step.
    ``reason`` explains why that is accepted, ``seen`` is the version that last showed it
    (``gevent 26.9.0``). With ``run`` false the cell is not run.
    """

    scenario: str
    observed: str
    reason: str
    position: Position
    cell: str = "*"
    implementation: str = "*"
    only: s.Guard = ()
    run: bool = True
    fixture: str = ""
    seen: str = ""


def forbidden(deviations: Sequence[Deviation], cell: Cell, host: Host) -> Optional[Verdict]:
    """The verdict on a cell that must not be run here; None where it may be."""
    declared = _declared([each for each in deviations if not each.run], cell, host)
    return Verdict(UNSUPPORTED, f"not run here: {declared.reason}") if declared else None


def apply(
    deviations: Sequence[Deviation], cell: Cell, host: Host, verdict: Verdict,
    observations: Mapping[int, o.Observation], fixture: str = "",
) -> Verdict:  # fmt: skip
    """The verdict, given what was declared. ``fixture``: the call and the actor where the fixture failed."""
    declared = _declared(deviations, cell, host)
    if declared is None or verdict.kind not in (PASS, FAIL):
        return verdict
    if verdict.kind == PASS:
        last = f", last seen with {declared.seen}," if declared.seen else ""
        gone = f"the known deviation of {declared.position}{last} does not happen any more: {declared.reason}"
        return Verdict(FAIL, gone)
    step = observations.get(verdict.step) if verdict.step is not None else None
    observed = observed_words(step) if step else verdict.observed
    if _in_fixture(declared, fixture) and _fits(declared.observed, observed):
        return Verdict(KNOWN, declared.reason, verdict.step, verdict.expected, observed)
    reason = f"{verdict.reason}; a deviation is known, but another one: "
    reason += f"{' '.join(filter(None, (declared.fixture, declared.observed)))} ({declared.position})"
    return Verdict(FAIL, reason.lstrip("; "), verdict.step, verdict.expected, observed)


def _fits(declared: str, happened: str) -> bool:
    return fnmatch.fnmatchcase(happened, declared.replace("[", "[[]"))  # words hold brackets of their own


def _in_fixture(declared: Deviation, call: str) -> bool:
    """Whether the declared call of the fixture failed; True where none was declared and none failed."""
    if not declared.fixture or not call:
        return not declared.fixture and not call
    return any(_fits(declared.fixture, each) for each in (call, call.partition(" of ")[0]))


def _declared(deviations: Sequence[Deviation], cell: Cell, host: Host) -> Optional[Deviation]:
    """The first entry about this cell on this host."""
    here = choose.here(cell, host)
    return next((each for each in deviations if _is_about(each, cell) and choose.guard_holds(each.only, here)), None)


def _is_about(entry: Deviation, cell: Cell) -> bool:
    pairs = (cell.scenario.id, entry.scenario), (cell.place, entry.cell), (cell.implementation, entry.implementation)
    return all(fnmatch.fnmatchcase(name, pattern) for name, pattern in pairs)
