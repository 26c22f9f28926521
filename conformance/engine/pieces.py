"""Whether a case holds however much one call moves: then it holds under every legal tape. Decided from its steps alone.

A tape makes ``send`` and ``recv`` of streams move fewer bytes, and calls on non-blocking sockets would-block. A case is
left out where an outcome depends on that; what loops over such calls, as the programs do, is what a tape is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from conformance.engine.choose import leaves
from conformance.engine.evaluate import evaluate_data, is_data
from conformance.model import scenario as s
from conformance.model import values as v

_SENDS = frozenset(["send", "sendmsg", "sendto"])
_RECEIVES = frozenset(["recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"])
_FILES = frozenset(["read", "readline", "write", "flush"])
_PATIENT = frozenset(["mysend", "myreceive"])
"""Programs that go on after a would-block."""
_LOOPS = frozenset(
    ["sendall", "recv_exactly", "recv_until_eof", "recv_message", "recv_delimited", "echo", "ping", "take",
     "send_numbered", "collect_numbered", *_PATIENT]
)  # fmt: skip
"""What calls as often as it takes."""
_UNTIL_REFUSED = frozenset(["fill", "drain", "connect_until_stuck"])
"""Programs that take a would-block for a sign that all is full, or empty."""
_SNAPSHOTS = frozenset(["ready", "await", "select", "poll", "epoll_wait", "kqueue_wait", "selector_wait"])
_FREE_FLAGS = frozenset(["MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_MORE"])
"""Flags under which a count may be short all the same."""


def why_not(scenario: s.Scenario, case: s.Case) -> Optional[str]:
    """Why a case does not hold under every tape, by step; None where it does."""
    if scenario.level == "measure":
        return "measures only"
    operations = {step.operation for step in case.steps}
    if not operations & (_SENDS | _RECEIVES | _LOOPS | _FILES):
        return "moves no bytes"
    nonblocking = any(_makes_nonblocking(step) for step in case.steps)
    for step in case.steps:
        reason = _reason(step, case, nonblocking, operations)
        if reason:
            return f"step {step.number} ({step.operation}) {reason}"
    return None


def _reason(step: s.Step, case: s.Case, nonblocking: bool, operations: set[str]) -> Optional[str]:
    name = step.operation
    if name in _UNTIL_REFUSED:
        return "takes a would-block for a sign"
    if _sets(step, "SO_RCVLOWAT"):
        return "says how much a recv waits for"
    if name == "makefile" and _value(step, "buffering") == 0:
        return "makes a file whose reads and writes are single calls"
    if all(isinstance(leaf.what, s.Raises) for leaf in _outcomes(step)):
        return None
    if nonblocking and name in (_SENDS | _RECEIVES | _LOOPS | _FILES | {"accept"}) - _PATIENT:
        return "may find that it would block"
    if name in _SENDS | _RECEIVES:
        return _single_call(step, case)
    if name == "recv_delimited" and (operations & _SNAPSHOTS or _tells(step, "residue")):
        return "leaves behind what came along"
    if name in ("read", "readline") and operations & (_SNAPSHOTS | _RECEIVES):
        return "reads ahead as much as there is"
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
    if step.operation in _RECEIVES and all(map(_is_the_end, _outcomes(step))):
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
    """Whether an outcome is an error or the end of the stream, which no call can cut."""
    if isinstance(outcome.what, s.Raises):
        return True
    return isinstance(outcome.what, s.Returns) and _is_nothing(outcome.what.expected)


def _is_nothing(expected: s.Expected) -> bool:
    """Whether no bytes are expected."""
    value = expected.value if isinstance(expected, s.Exactly) else None
    return bool(is_data(value) and evaluate_data(value, lambda saved: b"?") == b"")


def _value(step: s.Step, name: str) -> Any:
    """A literal argument; None where there is none."""
    return getattr(dict(step.arguments).get(name), "value", None)


def _size(step: s.Step) -> Optional[int]:
    """The bytes that a call is to move, where the file says so."""
    given = dict(step.arguments).get("size" if step.operation in _RECEIVES else "data")
    if isinstance(given, v.Literal) and isinstance(given.value, int):
        return given.value
    if given is not None and is_data(given) and not _refers(given):
        return len(evaluate_data(given, lambda saved: b""))
    return None


def _refers(data: Any) -> bool:
    parts = (*getattr(data, "parts", ()), getattr(data, "data", None), getattr(data, "size", None))
    return isinstance(data, v.Saved) or any(_refers(each) for each in parts if each is not None)


def _flags(step: s.Step) -> set[str]:
    return {str(getattr(each, "name", each)) for each in getattr(dict(step.arguments).get("flags"), "items", ())}


def _makes_nonblocking(step: s.Step) -> bool:
    if step.operation == "setblocking":
        return _value(step, "flag") is not True
    if step.operation in ("settimeout", "setdefaulttimeout"):
        return bool(_value(step, "seconds") == 0)
    return False


def _sets(step: s.Step, option: str) -> bool:
    given = dict(step.arguments)
    names = {name for name, _ in getattr(given.get("options"), "fields", ())}
    return step.operation == "setsockopt" and option in names | {getattr(given.get("option"), "name", "")}


def _tells(step: s.Step, field: str) -> bool:
    """Whether a field of the result is expected to be something, or named."""
    expected = [leaf.what.expected for leaf in _outcomes(step) if isinstance(leaf.what, s.Returns)]
    fields = [field for each in expected if isinstance(each, s.Record) for field in each.fields]
    told = {name for name, wanted in fields if not _is_nothing(wanted)}
    return field in told or (isinstance(step.names, dict) and field in step.names)
