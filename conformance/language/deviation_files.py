"""Files of known deviations: YAML lists whose entries say what deviates, how, and why that is accepted.

An entry with ``fixture`` is about a call of the fixture that raises or hangs; ``observed`` may then be left out.
An entry with ``run: false`` instead of ``observed`` names cells that are not run there, for they would harm others or
end as chance has it. One whose ``observed`` is a mapping stands for a deviation of each scenario that it names.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance.engine.deviations import Deviation
from conformance.language import outcome_syntax as outcomes
from conformance.language.reading import Reader, bad, boolean, fields, items, text
from conformance.language.suggestions import nearest, short
from conformance.language.yaml_tree import Fields, Node, compose, read
from conformance.model.errors import Mistake, ScenarioError

_TEXTS = ("scenario", "cell", "implementation", "reason", "fixture")
_KEYS = (*_TEXTS, "observed", "only", "run")

_PACKAGE = Path(__file__).resolve().parents[1]

PLATFORM_FILES = _PACKAGE / "platforms" / "deviations"
"""What platforms get wrong: a file for each emulator, and for each Python but CPython, named after it."""

ADAPTED = _PACKAGE / "worker" / "adapters" / "deviations"
"""What libraries with an adapter do otherwise than the raw socket: one file per adapter, named after it."""


@cache
def shipped_deviations(folder: Path, name: str) -> tuple[Deviation, ...]:
    """The known deviations of an emulator, Python or adapter; none where ``folder`` has no file of that name."""
    return load_deviations(path for path in folder.glob("*.yaml") if path.stem == name)


def platform_deviations(facts: Mapping[str, Any]) -> tuple[Deviation, ...]:
    """The known deviations of a host's emulator and of its Python; none for CPython on a real host."""
    names = (facts.get("emulator"), facts.get("python_implementation"))
    return tuple(each for name in names if name for each in shipped_deviations(PLATFORM_FILES, str(name).lower()))


def load_deviations(paths: Iterable[Path]) -> tuple[Deviation, ...]:
    """Every entry of these files; ScenarioError with all their mistakes."""
    found: list[Deviation] = []
    for path in paths:
        found += _load(path)
    return tuple(found)


def about_nothing(deviations: Iterable[Deviation], ids: Iterable[str]) -> Iterator[Mistake]:
    """The entries whose scenario is none of those with these ids."""
    known = sorted(set(ids))
    for each in deviations:
        if not any(fnmatch.fnmatchcase(name, each.scenario) for name in known):
            near = nearest(each.scenario, known)
            yield Mistake(each.position, f'no scenario that is known here is called "{short(each.scenario)}"{near}')


def _load(path: Path) -> tuple[Deviation, ...]:
    root = compose(read(path), str(path))
    reader = Reader()
    reader.known_keys(root, ("deviations", "seen"), "a file of known deviations")
    entries: tuple[tuple[Deviation, ...], ...] = ()
    with reader.attempt():
        node, last = root.get("deviations"), root.get("seen")
        if node is None:
            bad(root, 'a file of known deviations has a list "deviations"')
        seen = "" if last is None else text(last, "seen")
        entries = reader.each(items(node, "deviations"), lambda item: _entry(item, reader, seen))
    if reader.mistakes:
        raise ScenarioError(reader.mistakes)
    return tuple(deviation for each in entries for deviation in each)


def _entry(node: Node, reader: Reader, seen: str) -> tuple[Deviation, ...]:
    entry = fields(node, "a known deviation")
    reader.known_keys(entry, _KEYS, "a known deviation")
    running, said = entry.get("run"), entry.get("observed")
    run = True if running is None else boolean(running, "run")
    _sensible(node, entry, run)
    guard = outcomes.guard(entry.get("only"), frozenset())
    words = {key: text(value, key) for key in _TEXTS if (value := entry.get(key)) is not None}
    return tuple(
        Deviation(observed=observed, position=place.position, only=guard, run=run, seen=seen, **{**words, **about})
        for place, about, observed in _observed(node, said, "*" if "fixture" in entry else "")
    )


def _sensible(node: Node, entry: Fields, run: bool) -> None:
    """Whether the keys of an entry fit together."""
    said = entry.get("observed")
    several = isinstance(said, Fields)
    required = (
        (() if several else ("scenario",)) + (("observed",) if run and "fixture" not in entry else ()) + ("reason",)
    )
    missing = [key for key in required if key not in entry]
    if missing:
        bad(node, f"a known deviation needs {' and '.join(missing)}")
    if not run and "observed" in entry:
        bad(node, "what is not run (run: false) has nothing that is observed")
    if not run and "fixture" in entry:
        bad(node, "what is not run (run: false) has no fixture that fails")
    if isinstance(said, Fields) and not said.pairs:
        bad(said, "observed names no scenario")
    if several and "scenario" in entry:
        bad(node, "observed names the scenarios already; leave scenario out")


def _observed(node: Node, said: Node | None, otherwise: str) -> Iterator[tuple[Node, dict[str, str], str]]:
    """Where each deviation of an entry is, the scenario that ``observed`` names, and what is observed there."""
    if isinstance(said, Fields):
        for key, value in said.pairs:
            yield key, {"scenario": text(key, "scenario")}, text(value, "observed")
    else:
        yield node, {}, otherwise if said is None else text(said, "observed")
