"""Observations: what a step did, as it happened (raw) and in a comparable form (canonical)."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Optional

from conformance.model.codec import Count, Malformed, Name, among

RETURNED = "returned"
RAISED = "raised"
BLOCKED = "blocked"
HUNG = "hung"
CRASHED = "crashed"
UNSUPPORTED = "unsupported"
NOT_RUN = "not-run"
NOT_APPLICABLE = "not-applicable"

KINDS = (RETURNED, RAISED, BLOCKED, HUNG, CRASHED, UNSUPPORTED, NOT_RUN, NOT_APPLICABLE)


@dataclass(frozen=True)
class Wait:
    """How a wait was proved: the system call, the probe that saw it, and how certain the probe is."""

    call: Name
    probe: Name
    certainty: Name
    cpu_seconds: Optional[float] = None


@dataclass(frozen=True)
class Observation:
    """What one step did.

    ``canonical`` holds the result by result type, or ``{"name", "class"}`` of an error; ``raw`` the same with native
    numbers, ports and paths. ``seconds`` is how long the call took; ``released_by`` the step after which a parked
    call came back, ``blame`` the step because of which this one could not run, ``reason`` the explanation in words.
    """

    kind: Annotated[str, among(*KINDS)]
    canonical: Any = None
    raw: Any = None
    seconds: Optional[float] = None
    wait: Optional[Wait] = None
    released_by: Optional[Count] = None
    blame: Optional[Count] = None
    reason: Optional[str] = None
    names: dict[str, Any] = field(default_factory=dict)
    """Values saved by the step's ``as``: name to ``{"canonical": …, "raw": …}``; objects are not listed."""

    @staticmethod
    def check(made: Mapping[str, Any]) -> None:
        """Malformed if the canonical form of an error is not that of an error."""
        canonical = made.get("canonical")
        if made["kind"] != RAISED:
            return
        if not isinstance(canonical, dict):
            raise Malformed("an object with name and class", canonical, "canonical")
        for key in ("name", "class"):
            if not isinstance(canonical.get(key), str):
                raise Malformed("text", canonical.get(key), f"canonical.{key}")


@dataclass(frozen=True)
class FixtureFailure:
    """A call of the implementation that raised or hung while the fixture was made."""

    call: str
    """The call and its actor: ``connect() of client``; ``the fixture`` where the worker could not say."""
    hung: bool = False
    """Whether the call neither returned nor raised."""
    traceback: str = ""
    """The frames of the implementation, as a traceback writes them."""


def crashed(status: int) -> Observation:
    """The observation of a call that ended its process: ``status`` is the exit status, or a negated signal number."""
    if status >= 0:
        return Observation(CRASHED, {"exit": status}, {"status": status}, reason=f"exited with status {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"  # real-time signals have no names
    return Observation(CRASHED, {"signal": name}, {"status": status}, reason=f"was killed by {name}")


def compared(observation: Observation) -> dict[str, Any]:
    """The part of an observation that is compared: no times and no numbers of one run."""
    return {"kind": observation.kind, "value": observation.canonical}
