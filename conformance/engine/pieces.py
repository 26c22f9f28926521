"""Decides from its steps alone whether a case passes under every tape.

A tape makes ``send`` and ``recv`` of streams move fewer bytes, and makes calls on non-blocking sockets would-block. A
case is left out if an outcome depends on that. Loops over these calls, such as the programs, do not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from conformance.engine.choose import leaves
from conformance.engine.evaluate import evaluate_data, is_data, refers
from conformance.model import scenario as s
from conformance.model import values as v
from conformance.model.cell import MEASURE
from conformance.tables.faults import ROWS
from conformance.tables.operations import BUFFERS, RECEIVES, SENDS, Operation

_FREE_FLAGS = frozenset(["MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_MORE"])
"""Flags under which a count may be short all the same."""


def why_not(scenario: s.Scenario, case: s.Case) -> Optional[str]:
    """Why a case does not hold under every tape: the step and the reason; None if it does."""
    if scenario.level == MEASURE:
        return "measures only"
    if not any(ROWS[step.operation].moves for step in case.steps):
        return "moves no bytes"
    for step in case.steps:
        reason = _reason(step, case)
        if reason:
            return f"step {step.number} ({step.operation}) {reason}"
    return None


def _reason(step: s.Step, case: s.Case) -> Optional[str]:
    row = ROWS[step.operation]
    if row.until_refused:
        return "takes a would-block as the sign of a full or empty buffer"
    if _sets(step, row, "SO_RCVLOWAT"):
        return "sets how many bytes a recv waits for"
    if _has(step, row.unbuffered_if):
        return "makes a file whose reads and writes are single calls"
    if all(isinstance(leaf.what, s.Raises) for leaf in _outcomes(step)):
        return None
    if (row.moves or row.may_wait) and not row.patient and any(_makes_nonblocking(each) for each in case.steps):
        return "may find that it would block"
    if row.moves in (SENDS, RECEIVES):
        return _single_call(step, case)
    return _leaves_behind(step, row, [ROWS[each.operation] for each in case.steps])


def _leaves_behind(step: s.Step, row: Operation, rows: list[Operation]) -> Optional[str]:
    """Why it matters that a step receives more bytes than it returns; None if it does not."""
    looks = any(each.looks for each in rows)
    if row.rest and (looks or _tells(step, row.rest)):
        return "receives more bytes than it returns"
    if row.moves == BUFFERS and row.result == "data" and (looks or any(each.moves == RECEIVES for each in rows)):
        return "reads ahead all bytes that are there"
    return None


def _single_call(step: s.Step, case: s.Case) -> Optional[str]:
    began = _began(step, case)
    if _flags(began) - _FREE_FLAGS:
        return None
    if "MSG_DONTWAIT" in _flags(began):
        return "may find that it would block"
    size = _size(began)
    if size is not None and size <= 1:
        return None
    if ROWS[step.operation].moves == RECEIVES and all(map(_is_the_end, _outcomes(step))):
        return None
    return "may move fewer bytes"


def _began(step: s.Step, case: s.Case) -> s.Step:
    """The step that began the call of a ``pending`` one; any other step itself."""
    earlier = (each for each in case.steps if each.number < step.number and not each.pending)
    same = [each for each in earlier if (each.actor, each.operation) == (step.actor, step.operation)]
    return same[-1] if step.pending and same else step


def _outcomes(step: s.Step) -> Iterator[s.Outcome]:
    for outcome in (step.outcome, *(each.outcome for each in step.alternatives)):
        yield from leaves(outcome)


def _is_the_end(outcome: s.Outcome) -> bool:
    """Whether an outcome is an error or the end of the stream: a tape cannot shorten these."""
    if isinstance(outcome.what, s.Raises):
        return True
    return isinstance(outcome.what, s.Returns) and _is_nothing(outcome.what.expected)


def _is_nothing(expected: s.Expected) -> bool:
    """Whether no bytes are expected."""
    value = expected.value if isinstance(expected, s.Exactly) else None
    return bool(is_data(value) and evaluate_data(value, lambda saved: b"?") == b"")


def _has(step: s.Step, condition: Optional[tuple[str, Any]]) -> bool:
    """Whether an argument has the value in this column of the row, or is only known when the case runs."""
    given = dict(step.arguments).get(condition[0]) if condition else None
    if condition is None or given is None:
        return False
    return bool(given.value == condition[1]) if isinstance(given, v.Literal) else True


def _size(step: s.Step) -> Optional[int]:
    """The number of bytes that a call should move, if the file states it."""
    given = dict(step.arguments).get("size" if ROWS[step.operation].moves == RECEIVES else "data")
    if isinstance(given, v.Literal) and isinstance(given.value, int):
        return given.value
    if given is not None and is_data(given) and not refers(given):
        return len(evaluate_data(given, lambda saved: b""))
    return None


def _flags(step: s.Step) -> set[str]:
    return {str(getattr(each, "name", each)) for each in getattr(dict(step.arguments).get("flags"), "items", ())}


def _makes_nonblocking(step: s.Step) -> bool:
    return _has(step, ROWS[step.operation].nonblocking_if)


def _sets(step: s.Step, row: Operation, option: str) -> bool:
    given = dict(step.arguments)
    names = {name for name, _ in getattr(given.get("options"), "fields", ())}
    return row.parameter("options") is not None and option in names | {getattr(given.get("option"), "name", "")}


def _tells(step: s.Step, field: str) -> bool:
    """Whether the scenario expects something of a field of the result, or names it."""
    expected = [leaf.what.expected for leaf in _outcomes(step) if isinstance(leaf.what, s.Returns)]
    fields = [field for each in expected if isinstance(each, s.Record) for field in each.fields]
    stated = {name for name, wanted in fields if not _is_nothing(wanted)}
    return field in stated or (isinstance(step.names, dict) and field in step.names)
