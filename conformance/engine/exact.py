"""Exactly one legal outcome, or a stated freedom: what is free is compared by its invariant, not by its value."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from conformance.engine.choose import leaves
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.tables.operations import OPERATIONS


def is_silent(outcome: s.Outcome) -> bool:
    """Whether nothing is stated of the result."""
    return isinstance(outcome.what, s.Returns) and isinstance(outcome.what.expected, s.Anything)


def is_exact(outcome: s.Outcome) -> bool:
    """Whether exactly one outcome is legal."""
    found = leaves(outcome)
    if len(found) != 1:
        return False
    what = found[0].what
    if isinstance(what, s.Raises):
        return len(what.errors) == 1
    return not isinstance(what, s.Returns) or _single(what.expected)


def is_free(step: s.Step, outcome: s.Outcome, seen: o.Observation) -> bool:
    """Whether the value that a step returned is one of several legal ones, or a quantity of this run."""
    if seen.kind != o.RETURNED:
        return False
    operation = OPERATIONS.get(step.operation)
    if operation is not None and operation.varies:
        return True
    return not is_silent(outcome) and (not is_exact(outcome) or _refers(outcome))


def _refers(node: Any) -> bool:
    """Whether an expectation is told by what an earlier step saved, which may be a quantity of this run."""
    if isinstance(node, v.Saved):
        return True
    if isinstance(node, (list, tuple)):
        return any(_refers(each) for each in node)
    return is_dataclass(node) and any(_refers(getattr(node, each.name)) for each in fields(node))


def _single(expected: s.Expected) -> bool:
    if isinstance(expected, s.Record):
        return all(_single(each) for _, each in expected.fields)
    if isinstance(expected, s.Sequence):
        return all(_single(each) for each in expected.items)
    return isinstance(expected, s.Exactly)
