"""Records: header, cells with their steps, and footer, as a file holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, ClassVar, Optional

import conformance
from conformance.model.captures import AnyCapture
from conformance.model.cell import LEVELS
from conformance.model.codec import WHOLE, Count, Name, among
from conformance.model.facts import HostFacts
from conformance.model.observation import FixtureFailure, Observation, compared
from conformance.model.socket_state import SocketState

FORMAT = 1
"""The version of the record format; a reader refuses newer ones."""

VERDICTS = ("pass", "fail", "known-deviation", "unsupported", "inconclusive")
VerdictKind = Annotated[str, among(*VERDICTS)]

BELOW, WITHIN, ABOVE = SIDES = ("below", "within", "above")
Side = Annotated[str, among(*SIDES)]
"""On which side of a stated range a value is."""


@dataclass(frozen=True)
class Selection:
    """The cells that a run was asked for."""

    json_form: ClassVar[str] = WHOLE

    corpora: tuple[Name, ...]
    """The folders of scenarios that they are from; ``bundled`` is that of the package."""
    cells: Count
    whole: bool
    """Whether these are all cells of the folders. False for a single scenario."""


@dataclass(frozen=True)
class Header:
    """What a record is about. ``hosts`` has facts by name; it is empty where no worker ever started."""

    json_form: ClassVar[str] = WHOLE

    implementation: Name
    hosts: Mapping[Name, HostFacts]
    suite: Name
    started: Name
    implementation_version: Optional[Name] = None
    implementation_path: Optional[Name] = None
    selection: Optional[Selection] = None
    """None in older records."""
    format: Count = FORMAT
    conformance: Name = conformance.__version__


@dataclass(frozen=True)
class StepRecord:
    """What a step was, did, and might have done."""

    number: Count
    line: Count
    actor: Name
    operation: Name
    says: str
    did: str
    expected: str
    observation: Observation
    pending: bool = False
    free: bool = False
    """Whether several values are legal here, so that comparisons leave the value out."""
    group: Optional[Count] = None
    """Of a step in a group: the group's number, and how its steps belong together."""
    group_kind: Optional[Annotated[str, among("together", "exactly_one")]] = None
    measured: bool = False
    met: Optional[bool] = None
    """Whether the step met its expectation; None where that is not judged, and in older records."""
    sides: Optional[Mapping[Name, Side]] = None
    """The side of each range that the expectation states, by what is bounded: ``result``, ``result.count``,
    ``duration``. None in older records."""
    source: Optional[str] = None
    """The source of the expectation, where it states one of its own."""
    basis: Optional[Name] = None
    """How the expectation is known to hold, where it states that."""
    where: Optional[tuple[Name, ...]] = None
    """The terms of the alternative that applied, such as ``windows``; None for the usual expectation."""
    on: Optional[Name] = None
    """The object that the step is used on; None in older records."""
    made: Optional[tuple[Name, ...]] = None
    """The objects that the step named; None in older records."""
    evidence: Optional[tuple[SocketState, ...]] = None
    """The sockets as they were when the step was over; None where that was not asked for."""

    @cached_property
    def compared(self) -> str:
        """What the step did as text: equal for steps that did the same."""
        return json.dumps(compared(self.observation), sort_keys=True)


@dataclass(frozen=True)
class Differential:
    """The first step at which a cell parts from the raw socket of the same run, and what each did there."""

    step: Count
    says: str
    depth: Name
    raw: str
    here: str


@dataclass(frozen=True)
class CellRecord:
    """One cell: which one it is, its verdict, its steps, and what was measured."""

    json_form: ClassVar[str] = WHOLE

    id: Name
    scenario: Name
    case: Name
    transport: Name
    implementation: Name
    level: Annotated[str, among(*LEVELS)]
    hosts: Mapping[Name, Name]
    """On which host each actor lived."""
    verdict: VerdictKind
    steps: tuple[StepRecord, ...]
    seconds: float
    file: Name = ""
    digest: Name = ""
    reason: str = ""
    step: Optional[Count] = None
    expected: str = ""
    observed: str = ""
    measures: Mapping[Name, float] = field(default_factory=dict)
    units: Mapping[Name, Name] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    differential: Optional[Differential] = None
    capture: AnyCapture = None
    fixture: Optional[FixtureFailure] = None
    """Of a cell whose fixture failed: the call that raised or hung."""
    given: Optional[Name] = None
    """The name of the fixture; None in older records."""
    sources: Optional[tuple[str, ...]] = None
    """The sources of the scenario, which back every expectation without one of its own; None in older records."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes cells of different records comparable: scenario, case, transport."""
        return self.scenario, self.case, self.transport


@dataclass(frozen=True)
class Footer:
    """The last line of a record: when the run ended, and how many cells it has by verdict."""

    json_form: ClassVar[str] = WHOLE

    ended: Name
    cells: Count
    verdicts: Mapping[VerdictKind, Count]
    interrupted: Optional[Name] = None
    """The signal that ended the run before its last cell; None where the record is complete."""
