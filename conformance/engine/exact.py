"""Which outcomes are exact and which leave freedom: a free value is not compared."""

from __future__ import annotations

from conformance.engine.choose import leaves
from conformance.engine.evaluate import refers
from conformance.engine.wrong_types import wrong_type_in
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.tables.faults import ROWS


def is_silent(outcome: s.Outcome) -> bool:
    """Whether any result is legal."""
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
    """Whether a step could have returned another legal value, or one that differs from run to run."""
    if seen.kind != o.RETURNED or wrong_type_in(seen.canonical):
        return False
    if ROWS[step.operation].varies:
        return True
    return not is_silent(outcome) and (not is_exact(outcome) or refers(outcome))


def _single(expected: s.Expected) -> bool:
    if isinstance(expected, s.Record):
        return all(_single(each) for _, each in expected.fields)
    if isinstance(expected, s.Sequence):
        return all(_single(each) for each in expected.items)
    return isinstance(expected, s.Exactly)
