"""Cells in which an implementation parts from the raw socket of the same run, those alike together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.model.record import CellRecord


@dataclass(frozen=True)
class Divergent:
    """What happened in the same way over several transports."""

    name: str
    transports: tuple[str, ...]
    step: str
    depth: str
    raw: str
    here: str


def divergent(cells: Iterable[CellRecord]) -> list[Divergent]:
    """The differences from the raw socket among these cells, in the order in which they first appear."""
    found: dict[tuple[str, str, str, str, str], list[str]] = {}
    for cell in cells:
        if parting := cell.differential:
            name = cell.scenario + (f" ({cell.case})" if cell.case else "")
            key = (name, f"{parting.step}: {parting.says}", parting.depth, parting.raw, parting.here)
            found.setdefault(key, []).append(cell.transport)
    return [Divergent(key[0], tuple(transports), *key[1:]) for key, transports in found.items()]


def passed_otherwise(cells: Iterable[CellRecord]) -> list[CellRecord]:
    """The cells that passed although they did something else than the raw socket."""
    return [cell for cell in cells if cell.verdict == "pass" and cell.differential]
