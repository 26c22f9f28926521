"""Files of known deviations: YAML lists whose entries say what deviates, how, and why that is accepted.

An entry with ``run: false`` instead of ``observed`` names cells that are not run there, for they would harm others or
end as chance has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance.engine.deviations import Deviation
from conformance.language import outcome_syntax as outcomes
from conformance.language.reading import Reader, bad, boolean, fields, items, text
from conformance.language.tree import Node, compose, read
from conformance.model.errors import ScenarioError

_TEXTS = ("scenario", "cell", "implementation", "observed", "reason")
_KEYS = (*_TEXTS, "only", "run")


PLATFORM_FILES = Path(__file__).resolve().parents[1] / "platforms" / "deviations"
"""What platforms get wrong: a file for each emulator, and for each Python but CPython, named after it."""


def platform_deviations(facts: Mapping[str, Any]) -> tuple[Deviation, ...]:
    """The known deviations of a host's emulator and of its Python; none for CPython on a real host."""
    names = (facts.get("emulator"), facts.get("python_implementation"))
    return tuple(each for name in names if name for each in _of_platform(str(name).lower()))


@cache
def _of_platform(name: str) -> tuple[Deviation, ...]:
    path = PLATFORM_FILES / f"{name}.yaml"
    return load_deviations((path,)) if path.is_file() else ()


def load_deviations(paths: Iterable[Path]) -> tuple[Deviation, ...]:
    """Every entry of these files; ScenarioError with all their mistakes."""
    found: list[Deviation] = []
    for path in paths:
        found += _load(path)
    return tuple(found)


def _load(path: Path) -> tuple[Deviation, ...]:
    root = compose(read(path), str(path))
    reader = Reader()
    reader.known_keys(root, ("deviations",), "a file of known deviations")
    entries: tuple[Deviation, ...] = ()
    with reader.attempt():
        node = root.get("deviations")
        if node is None:
            bad(root, 'a file of known deviations has a list "deviations"')
        entries = reader.each(items(node, "deviations"), lambda item: _entry(item, reader))
    if reader.mistakes:
        raise ScenarioError(reader.mistakes)
    return entries


def _entry(node: Node, reader: Reader) -> Deviation:
    entry = fields(node, "a known deviation")
    reader.known_keys(entry, _KEYS, "a known deviation")
    running = entry.get("run")
    run = True if running is None else boolean(running, "run")
    required = ("scenario", "observed", "reason") if run else ("scenario", "reason")
    missing = [key for key in required if key not in entry]
    if missing:
        bad(node, f"a known deviation needs {' and '.join(missing)}")
    if not run and "observed" in entry:
        bad(node, "what is not run (run: false) has nothing that is observed")
    given = {key: text(value, key) for key in _TEXTS if (value := entry.get(key)) is not None}
    words = {"observed": "", **given}
    return Deviation(position=node.position, only=outcomes.guard(entry.get("only"), frozenset()), run=run, **words)
