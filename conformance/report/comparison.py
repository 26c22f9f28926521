"""Comparisons: the same cells in several records, grouped by what they did, and the first step where they part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from conformance.engine.differential import NOT_RUN, ONLY_TIMING, depth_of
from conformance.engine.schedule import EXACTLY_ONE
from conformance.engine.telling_apart import told_apart
from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.report.measures import Measured, measured
from conformance.report.records import Record

ANOTHER_VERSION = "another version of the scenario"
"""The word for cells whose scenario's file differs between the records, so that their steps cannot be compared."""

THE_CELL, THE_VERDICT = "the whole cell", "the verdict"
"""Where records part that is no step: in whether they ran the cell, and in the verdict on the same steps."""

OTHER_VERDICT, OTHER_SIDE = "other verdict", "other side of a bound"
"""Depths of a difference in steps that otherwise did the same, or whose values are free."""

FURTHER = 3
"""How many further steps with a difference are shown: the first may be no more than another name for the same thing."""


@dataclass(frozen=True)
class Parting:
    """The first step at which groups of records differ, what each group did there, and the next such steps."""

    step: int
    line: int
    says: str
    did: tuple[str, ...]
    depth: str = ""
    then: tuple[Parting, ...] = ()


@dataclass(frozen=True)
class CellComparison:
    """One cell in all records: groups of records, by label, that behaved identically, and where the groups part."""

    scenario: str
    case: str
    transport: str
    groups: tuple[tuple[str, ...], ...]
    parting: Parting | None
    absent: tuple[str, ...]
    versions: tuple[tuple[str, ...], ...] = ()
    """Labels of the records by the version of the scenario that they ran; empty where all ran the same version."""

    @property
    def same(self) -> bool:
        """Whether all records that ran the cell did the same with the same verdict, or ran different versions of it."""
        return len(self.groups) <= 1


@dataclass(frozen=True)
class Comparison:
    """Several records side by side."""

    labels: tuple[str, ...]
    cells: tuple[CellComparison, ...]
    measures: tuple[Measured, ...] = ()

    @property
    def differing(self) -> tuple[CellComparison, ...]:
        """The cells in which records part."""
        return tuple(cell for cell in self.cells if not cell.same)

    @property
    def of_another_version(self) -> tuple[CellComparison, ...]:
        """The cells that are not compared, since their scenario is not the same in all records."""
        return tuple(cell for cell in self.cells if cell.versions)

    def counts(self) -> Mapping[str, int]:
        """How many cells are the same everywhere, differ, were run by one record only, or are not comparable."""
        single = sum(1 for cell in self.cells if len(self.labels) - len(cell.absent) < 2)
        differing, another = len(self.differing), len(self.of_another_version)
        same = len(self.cells) - single - differing - another
        return {"same": same, "differ": differing, "in one record only": single, ANOTHER_VERSION: another}


def labels(records: Sequence[Record]) -> tuple[str, ...]:
    """The shortest names that tell the records apart: platform, implementation, or both."""
    platforms = [record.platform for record in records]
    implementations = [record.header.implementation for record in records]
    if len(set(platforms)) == 1 and len(set(implementations)) == len(records):
        return tuple(implementations)
    if len(set(implementations)) == 1 and len(set(platforms)) == len(records):
        return tuple(platforms)
    both = [f"{platform}/{name}" for platform, name in zip(platforms, implementations, strict=True)]
    if len(set(both)) == len(records):
        return tuple(both)
    return tuple(str(record.path) for record in records)


def compare(records: Sequence[Record]) -> Comparison:
    """All cells of all records, in the order in which they first appear."""
    names = labels(records)
    tables = [{cell.key: cell for cell in record.cells} for record in records]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    cells = tuple(_cell(key, names, tables) for key in keys)
    comparable = {(cell.scenario, cell.case, cell.transport) for cell in cells if not cell.versions}
    figures = measured(
        {
            name: [each for each in record.cells if each.key in comparable]
            for name, record in zip(names, records, strict=True)
        }
    )
    return Comparison(names, cells, tuple(figures))


def _cell(
    key: tuple[str, str, str], names: Sequence[str], tables: Sequence[Mapping[tuple[str, str, str], CellRecord]]
) -> CellComparison:
    present = [(name, table[key]) for name, table in zip(names, tables, strict=True) if key in table]
    absent = tuple(name for name, table in zip(names, tables, strict=True) if key not in table)
    if versions := _versions(present):
        return CellComparison(*key, (), None, absent, versions)
    common = _comparable([cell for _, cell in present])
    groups: dict[str, list[tuple[str, CellRecord]]] = {}
    for name, cell in present:
        groups.setdefault(behaviour(cell, common), []).append((name, cell))
    heads = [members[0][1] for members in groups.values()]
    return CellComparison(
        *key,
        tuple(tuple(name for name, _ in members) for members in groups.values()),
        _parting(heads, common) if len(heads) > 1 else None,
        absent,
    )


def _versions(present: Sequence[tuple[str, CellRecord]]) -> tuple[tuple[str, ...], ...]:
    """Labels by the digest of the scenario's file, where there are several. A record without digests fits any."""
    found: dict[str, list[str]] = {}
    for name, cell in present:
        if cell.digest:
            found.setdefault(cell.digest, []).append(name)
    return tuple(map(tuple, found.values())) if len(found) > 1 else ()


@dataclass(frozen=True)
class Common:
    """What is compared of a cell: the steps that no guard leaves out in any record; ``free`` are those by kind only.

    ``judged``: the steps of which all records say whether they met the expectation. ``bounds``: by step, what all
    records say the side of. Older records say neither.
    """

    steps: frozenset[int]
    free: frozenset[int]
    judged: frozenset[int] = frozenset()
    bounds: Mapping[int, frozenset[str]] = field(default_factory=dict)


def _comparable(cells: Sequence[CellRecord]) -> Common:
    steps = [step for cell in cells for step in cell.steps]
    left_out = {step.number for step in steps if step.observation.kind == o.NOT_APPLICABLE}
    measured = {step.number for cell in cells if cell.level == "measure" for step in cell.steps}
    free = frozenset(step.number for step in steps if step.free or step.measured) | measured
    by_number = {
        number: [step for step in steps if step.number == number] for number in {each.number for each in steps}
    }
    judged = frozenset(number for number, same in by_number.items() if all(each.met is not None for each in same))
    bounds = {number: frozenset.intersection(*(frozenset(each.sides or ()) for each in same))
              for number, same in by_number.items()}  # fmt: skip
    return Common(frozenset(step.number for step in steps) - left_out, free, judged, bounds)


def _canonical(step: StepRecord | None, common: Common, judgement: bool = True) -> str:
    """What a step did, as text to be compared; without its value where the value is free."""
    if step is None:
        return ""
    value = None if step.number in common.free else step.observation.canonical
    found = [step.observation.kind, value]
    if judgement:
        sides = {name: (step.sides or {})[name] for name in common.bounds.get(step.number, ())}
        found += [step.met if step.number in common.judged else None, sides]
    return json.dumps(found, sort_keys=True)


def _in_its_group(step: StepRecord | None, cell: CellRecord, common: Common) -> str:
    """What a step did; within ``exactly_one`` what all steps of the group did, in any order."""
    if step is None or step.group_kind != EXACTLY_ONE:
        return _canonical(step, common)
    return json.dumps(sorted(_canonical(each, common) for each in cell.steps if each.group == step.group))


def behaviour(cell: CellRecord, common: Common) -> str:
    """The canonical behaviour of a cell: equal texts mean that the cells did the same, with the same verdict."""
    if not cell.steps:
        return json.dumps([cell.verdict, cell.fixture and [cell.fixture.call, cell.fixture.hung, cell.observed]])
    done: list[str] = []
    groups: dict[int | None, list[str]] = {}
    for step in cell.steps:
        if step.number in common.steps:
            in_any_order = step.group_kind == EXACTLY_ONE
            (groups.setdefault(step.group, []) if in_any_order else done).append(_canonical(step, common))
    return json.dumps([cell.verdict, done, [sorted(group) for group in groups.values()]], sort_keys=True)


def _parting(cells: Sequence[CellRecord], common: Common) -> Parting | None:
    """The first step at which these cells, one of each group, differ; step 0 where they do not part at a step."""
    if any(not cell.steps for cell in cells):
        return Parting(0, 1, THE_CELL, tuple(_whole(cell) for cell in cells))
    partings = list(islice(_differences(cells, common), 1 + FURTHER))
    if not partings:
        return Parting(0, 1, THE_VERDICT, tuple(_verdict(cell) for cell in cells), OTHER_VERDICT)
    return replace(partings[0], then=tuple(partings[1:]))


def _differences(cells: Sequence[CellRecord], common: Common) -> Iterator[Parting]:
    """Every step in which the cells differ, in order."""
    for number in sorted(common.steps):
        found = [next((step for step in cell.steps if step.number == number), None) for cell in cells]
        did = {_in_its_group(step, cell, common) for step, cell in zip(found, cells, strict=True)}
        if len(did) > 1:
            some = next(step for step in found if step is not None)
            yield Parting(number, some.line, f"{some.actor} {some.says}", _done(found, common), _depth(found, common))
            if any(step and step.observation.kind == o.UNSUPPORTED for step in found):
                return  # where a step is not supported the cell ends


def _depth(found: Sequence[StepRecord | None], common: Common) -> str:
    """The kind of difference between the first group and the first group that did something else."""
    seen = [step.observation for step in found if step is not None]
    if len(seen) < len(found):
        return NOT_RUN
    if _only_judged_otherwise(found, common):
        return OTHER_VERDICT if len({step.met for step in found if step is not None}) > 1 else OTHER_SIDE
    return next((depth for each in seen[1:] if (depth := depth_of(seen[0], each))), ONLY_TIMING)


def _only_judged_otherwise(found: Sequence[StepRecord | None], common: Common) -> bool:
    """Whether steps differ in their judgement only, or in a value of which several are legal."""
    return len({_canonical(step, common, judgement=False) for step in found}) == 1


def _done(found: Sequence[StepRecord | None], common: Common) -> tuple[str, ...]:
    """What each group did; different words for different things."""
    if _only_judged_otherwise(found, common):
        return tuple("not run" if step is None else f"{step.did}, {_judged(step)}" for step in found)
    words = ["not run" if step is None else step.did for step in found]
    for number, step in enumerate(found):
        for before, other in enumerate(found[:number]):
            differ = _canonical(step, common) != _canonical(other, common)
            if step and other and differ and words[before] == words[number]:
                words[before], words[number] = told_apart(other.observation, step.observation)
    return tuple(words)


def _judged(step: StepRecord) -> str:
    """Whether a step did as expected, and the side of each bound: ``not as expected (result above)``."""
    sides = ", ".join(f"{name} {side}" for name, side in (step.sides or {}).items())
    met = "not as expected" if step.met is False else "as expected"
    return met + (f" ({sides})" if sides else "") + (f": {step.expected}" if step.met is False else "")


def _verdict(cell: CellRecord) -> str:
    return f"{cell.verdict}: {cell.reason}" if cell.reason else cell.verdict


def _whole(cell: CellRecord) -> str:
    return f"{cell.verdict}: {cell.reason}" if not cell.steps and cell.reason else "ran"


def alike(cells: Iterable[CellComparison]) -> list[list[CellComparison]]:
    """The cells, grouped by scenario, case and difference: a group has one cell for each transport."""
    found: dict[object, list[CellComparison]] = {}
    for cell in cells:
        found.setdefault((cell.scenario, cell.case, cell.groups, cell.parting, cell.absent), []).append(cell)
    return list(found.values())


def parted(cells: Iterable[CellComparison]) -> list[CellComparison]:
    """The cells that all records ran and in which some step or the verdict differs."""
    return [cell for cell in cells if cell.parting is None or cell.parting.says != THE_CELL]


def left_out(cells: Iterable[CellComparison]) -> list[tuple[str, str, int]]:
    """Record, reason and number of the cells that this record did not run but others did; the largest number first."""
    found: dict[tuple[str, str], int] = {}
    for cell in cells:
        if cell.parting is None or cell.parting.says != THE_CELL:
            continue
        for group, did in zip(cell.groups, cell.parting.did, strict=True):
            for label in group if did != "ran" else ():
                found[label, did] = found.get((label, did), 0) + 1
    return [(*key, number) for key, number in sorted(found.items(), key=lambda item: -item[1])]


def by_version(cells: Iterable[CellComparison]) -> dict[str, list[str]]:
    """Scenarios by the records that ran the same version of them: ``A = B | C``."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        words = " | ".join(" = ".join(labels) for labels in cell.versions)
        found.setdefault(words, {})[cell.scenario] = None
    return {words: list(names) for words, names in found.items()}


def did_by_label(cell: CellComparison, labels: Sequence[str], parting: Parting | None) -> list[str]:
    """What each record did at a step in which they differ."""
    done: dict[str, str] = {}
    for group, did in zip(cell.groups, parting.did if parting else (), strict=False):
        done.update(dict.fromkeys(group, did))
    return [done.get(label, "not in this record") for label in labels]
