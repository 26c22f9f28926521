"""Partings: records in groups by what they did in a cell, and the steps in which the groups differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.engine.differential import HANGS, NOT_RUN, ONLY_TIMING, RAISES_INSTEAD, depth_of
from conformance.engine.schedule import EXACTLY_ONE
from conformance.engine.telling_apart import told_apart
from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.report.compared import Group, Parting
from conformance.report.difference_kinds import OTHER_DURATION, OTHER_SIDE, OTHER_VERDICT, kind_of, side

THE_FIXTURE, THE_VERDICT = "the fixture", "the verdict"
"""Where records part that is no step: in whether the fixture could be made, and in the verdict on the same steps."""


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


def grouped(ran: Sequence[tuple[str, CellRecord]]) -> tuple[tuple[Group, ...], Common]:
    """The records that ran a cell by what they did, and what is compared of it."""
    distinct: dict[tuple[int, str, str, str], list[tuple[str, CellRecord]]] = {}
    for name, cell in ran:  # cells whose steps are one object are not compared again
        distinct.setdefault((id(cell.steps), cell.verdict, cell.reason, cell.observed), []).append((name, cell))
    common = _comparable([members[0][1] for members in distinct.values()])
    groups: dict[str, list[tuple[str, CellRecord]]] = {}
    for members in distinct.values():
        text = behaviour(members[0][1], common) if len(distinct) > 1 else ""
        groups.setdefault(text, []).extend(members)
    order = {name: number for number, (name, _) in enumerate(ran)}
    made = (sorted(members, key=lambda each: order[each[0]]) for members in groups.values())
    return tuple(Group(tuple(name for name, _ in members), members[0][1]) for members in made), common


def _comparable(cells: Sequence[CellRecord]) -> Common:
    steps = [step for cell in cells for step in cell.steps]
    left_out = {step.number for step in steps if step.observation.kind == o.NOT_APPLICABLE}
    measured = {step.number for cell in cells if cell.level == "measure" for step in cell.steps}
    free = frozenset(step.number for step in steps if step.free or step.measured) | measured
    by_number: dict[int, list[StepRecord]] = {}
    for step in steps:
        by_number.setdefault(step.number, []).append(step)
    judged = frozenset(number for number, same in by_number.items() if all(each.met is not None for each in same))
    bounds = {number: frozenset.intersection(*(frozenset(each.sides or ()) for each in same))
              for number, same in by_number.items()}  # fmt: skip
    return Common(frozenset(by_number) - left_out, free, judged, bounds)


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
        return json.dumps([cell.verdict, cell.fixture and [cell.fixture.call, cell.fixture.hung], cell.observed])
    done: list[str] = []
    groups: dict[int | None, list[str]] = {}
    for step in cell.steps:
        if step.number in common.steps:
            in_any_order = step.group_kind == EXACTLY_ONE
            (groups.setdefault(step.group, []) if in_any_order else done).append(_canonical(step, common))
    return json.dumps([cell.verdict, done, [sorted(group) for group in groups.values()]], sort_keys=True)


def partings(groups: Sequence[Group], common: Common) -> Iterator[Parting]:
    """Every step in which these groups differ; step 0 where they part at none."""
    if any(not group.cell.steps for group in groups):
        says = THE_FIXTURE if any(group.cell.fixture for group in groups) else THE_VERDICT
        hung = any(group.cell.fixture.hung for group in groups if group.cell.fixture)
        yield _no_step(groups, says, HANGS if hung else RAISES_INSTEAD)
        return
    differing = list(_differences([group.cell for group in groups], common))
    if not differing:
        yield _no_step(groups, THE_VERDICT, OTHER_VERDICT)
    for found in differing:
        some = next(step for step in found if step is not None)
        words = zip(groups, _done(found, common), found, strict=True)
        sides = tuple(side(group.labels, did, step, group.cell) for group, did, step in words)
        depth, says = _depth(found, common), f"{some.actor} {some.says}"
        yield Parting(some.number, some.line, says, some.operation, depth, kind_of(sides), sides)


def _no_step(groups: Sequence[Group], says: str, depth: str) -> Parting:
    """The parting of groups that did not part at a step."""
    sides = tuple(side(group.labels, _whole(group.cell), None, group.cell) for group in groups)
    return Parting(0, 1, says, says, depth, kind_of(sides), sides)


def _differences(cells: Sequence[CellRecord], common: Common) -> Iterator[list[StepRecord | None]]:
    """For every step in which the cells differ, in order: the step in each cell."""
    by_number = [{step.number: step for step in cell.steps} for cell in cells]
    for number in sorted(common.steps):
        found = [steps.get(number) for steps in by_number]
        if len({_in_its_group(step, cell, common) for step, cell in zip(found, cells, strict=True)}) > 1:
            yield found


def _depth(found: Sequence[StepRecord | None], common: Common) -> str:
    """The kind of difference between the first group and the first group that did something else."""
    seen = [step.observation for step in found if step is not None]
    if len(seen) < len(found):
        return NOT_RUN
    if _only_judged_otherwise(found, common):
        return _depth_of_judgement([step for step in found if step is not None])
    return next((depth for each in seen[1:] if (depth := depth_of(seen[0], each))), ONLY_TIMING)


def _depth_of_judgement(found: Sequence[StepRecord]) -> str:
    """The depth where steps differ in their verdict, or in the side of a bound."""
    sides = [step.sides or {} for step in found]
    names = {name for each in sides for name in each if len({other.get(name) for other in sides}) > 1}
    if names and all(name.startswith("duration") for name in names):
        return OTHER_DURATION
    return OTHER_VERDICT if len({step.met for step in found}) > 1 else OTHER_SIDE


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
    return met + (f" ({sides})" if sides else "")


def _whole(cell: CellRecord) -> str:
    """What a cell did as a whole: its verdict, and the reason where there is one."""
    if cell.steps and cell.verdict == "pass":
        return "ran"
    return ": ".join(filter(None, (cell.verdict, cell.observed or cell.reason)))
