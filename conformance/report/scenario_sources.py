"""The sources of scenarios for records that do not hold them: from the bundled file, where it is the same one."""

from __future__ import annotations

import functools
import hashlib

import yaml

from conformance.language.corpus import SUFFIX, bundled
from conformance.model.record import CellRecord, StepRecord


def source_of(step: StepRecord, cell: CellRecord) -> str:
    """Who says what was expected of a step: its own source, else those of the scenario; empty where nobody knows."""
    return step.source or "; ".join(sources_of(cell))


def sources_of(cell: CellRecord) -> tuple[str, ...]:
    """The sources of a cell's scenario: as the record has them, else from the file with the same digest."""
    if cell.sources is not None:
        return cell.sources
    return _of_file(cell.scenario, cell.digest) if cell.digest else ()


@functools.cache
def _of_file(scenario: str, digest: str) -> tuple[str, ...]:
    path = bundled() / f"{scenario}{SUFFIX}"
    if ".." in path.parts or not path.is_file():
        return ()
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        return ()
    found = yaml.safe_load(content).get("sources") or ()
    return tuple(str(each) for each in found)
