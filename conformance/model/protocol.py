"""The messages between controller and worker: one JSON object a line, both ways.

The controller sends a :class:`RunRequest`, a :class:`ProbeRequest` or an :class:`ExamineRequest`. The worker greets
once. Then it answers a probe with :class:`Findings`, an examination with an :class:`Examination` for each part, and a
run with a :class:`StepBegun` and a :class:`StepDone` for each step, and a :class:`CellEnd`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from conformance.model.captures import AnyCapture, CapturedPacket
from conformance.model.codec import Codec, Count, Name
from conformance.model.examined import Examined
from conformance.model.facts import HostFacts
from conformance.model.observation import FixtureFailure, Observation
from conformance.model.plan import Plan
from conformance.model.socket_state import SocketState

PROTOCOL = 3
"""The version of the protocol; both sides must have the same."""


@dataclass(frozen=True)
class RunRequest:
    """Runs a cell. ``run`` is the number of the request."""

    run: Count
    plan: Plan


@dataclass(frozen=True)
class ProbeRequest:
    """Asks what transports, capabilities and faults lack here."""

    probe: Count


@dataclass(frozen=True)
class ExamineRequest:
    """Asks whether the implementation of this name can be used."""

    examine: str


@dataclass(frozen=True)
class Hello:
    """The greeting: the worker's version of the protocol, its host, and how it proves that a call waits."""

    protocol: Count
    facts: HostFacts
    probe: Name
    certainty: Name
    scale: float
    """How much slower than an ordinary machine the host is, at least 1."""
    pid: Count


@dataclass(frozen=True)
class StepBegun:
    """A step begins."""

    begin: Count


@dataclass(frozen=True)
class StepDone:
    """A step is over; with ``evidence`` where that was asked for."""

    step: Count
    observation: Observation
    evidence: tuple[SocketState, ...] = ()


@dataclass(frozen=True)
class Played:
    """How many calls reached taped sockets, and how many events of the tape were played to them."""

    calls: Count = 0
    played: Count = 0


@dataclass(frozen=True)
class CellEnd:
    """A cell is over; ``end`` is the number of its request."""

    end: Count
    seconds: float
    clean: bool = True
    """Whether nothing is left of the cell; the worker must be replaced otherwise."""
    unsupported: Optional[str] = None
    """What the platform or the implementation lacks, so that the cell was not run."""
    inconclusive: Optional[str] = None
    """Why the cell could not be run."""
    fixture: Optional[FixtureFailure] = None
    """The call of the implementation that raised or hung while the fixture was made."""
    used: Optional[tuple[str, ...]] = None
    """The attributes of the implementation that were used; None where the implementation does not note them."""
    tape: Optional[Played] = None
    capture: AnyCapture = None
    packets: tuple[CapturedPacket, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What is lacking, by kind (transports, capabilities, faults) and name; None where nothing is."""

    probed: Count
    findings: Mapping[str, Mapping[str, Optional[str]]]


@dataclass(frozen=True)
class Examination:
    """The findings on an implementation so far; the last message has findings without ``doing``."""

    examined: Examined


Request = Union[RunRequest, ProbeRequest, ExamineRequest]
Answer = Union[Hello, StepBegun, StepDone, CellEnd, Findings, Examination]

REQUESTS, ANSWERS = Codec(Request), Codec(Answer)


def version_in(line: bytes) -> Optional[int]:
    """The version that a greeting names, whatever else that version says; None where the line is no greeting."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    version = value.get("protocol") if isinstance(value, dict) else None
    return version if type(version) is int else None
