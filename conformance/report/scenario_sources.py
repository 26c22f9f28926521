"""The sources of scenarios for records that do not hold them: from the bundled file, where it is the same one."""

from __future__ import annotations

import functools
import hashlib
import re

from conformance.language.corpus import SUFFIX, bundled
from conformance.model.record import CellRecord, StepRecord

_SOURCES = re.compile(rb"^sources:.*\n(?:[ \t-].*\n|\n)*", re.MULTILINE)
"""The key with its value, which goes on in lines that are indented, or are items of a list."""


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
    import yaml  # only for records without sources

    path = bundled() / f"{scenario}{SUFFIX}"
    try:
        if ".." in path.parts or not path.is_file():
            return ()
    except (OSError, ValueError):  # a record may name what no path can be
        return ()
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        return ()
    part = _SOURCES.search(content)  # the whole file would take long to parse
    return tuple(str(each) for each in yaml.safe_load(part[0])["sources"]) if part else ()
