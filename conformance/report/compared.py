"""The nouns of a comparison: records, cells with their groups, partings, entries, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from conformance.model.facts import HostFacts
from conformance.model.record import CellRecord
from conformance.report.coverage import CoverageGap, Key, NotRun
from conformance.report.difference_kinds import Side, gravest
from conformance.report.measures import Measured

ANOTHER_VERSION = "another version of the scenario"
"""The word for cells whose scenario's file differs between the records, so that their steps cannot be compared."""


@dataclass(frozen=True)
class ComparedRecord:
    """One of the compared records."""

    label: str
    path: str
    platform: str
    """The name of the platform, as folders of records have it."""
    implementation: str
    version: str
    facts: HostFacts | None
    """The host; None where no worker started."""
    started: str
    cells: int
    incomplete: str
    """Why the record is not complete; empty where it is."""


@dataclass(frozen=True)
class Parting:
    """A step in which groups of records differ. ``step`` is 0 where they part at no step."""

    step: int
    line: int
    says: str
    """Actor and action: ``client recv 5``."""
    operation: str
    depth: str
    kind: str
    sides: tuple[Side, ...]
    """One for each group of the cell, in their order."""


@dataclass(frozen=True)
class Group:
    """Records that behaved identically in a cell: their labels, and the cell as the first of them has it."""

    labels: tuple[str, ...]
    cell: CellRecord


@dataclass(frozen=True)
class CellComparison:
    """One cell in all records. Groups are in the order of their first record."""

    scenario: str
    case: str
    transport: str
    file: str
    groups: tuple[Group, ...]
    """Records that ran the cell, by identical behaviour; empty where they ran different versions of the scenario."""
    partings: tuple[Parting, ...]
    """Every step in which the groups differ, the first one first; empty where there is one group."""
    lacking: tuple[NotRun, ...]
    """The records that have nothing to compare here, and why."""
    versions: tuple[tuple[str, ...], ...] = ()
    """Labels of the records by the version of the scenario that they ran; empty where all ran the same version."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long the cell took, by label."""

    @property
    def key(self) -> Key:
        """Scenario, case and transport."""
        return self.scenario, self.case, self.transport

    @property
    def id(self) -> str:
        """``section/behaviour[case-transport]``."""
        return f"{self.scenario}[{'-'.join(filter(None, (self.case, self.transport)))}]"

    @property
    def same(self) -> bool:
        """Whether all records that ran the cell did the same with the same verdict, or ran different versions of it."""
        return len(self.groups) <= 1

    @property
    def parting(self) -> Parting | None:
        """The first step in which the groups differ; None where there is one group."""
        return self.partings[0] if self.partings else None

    @property
    def kind(self) -> str:
        """The kind of the difference: of all differing steps the one that needs attention most; empty if same."""
        return gravest(each.kind for each in self.partings) if self.partings else ""

    @property
    def depth(self) -> str:
        """How deep the difference goes at the first step; empty where there is none."""
        return self.partings[0].depth if self.partings else ""


@dataclass(frozen=True)
class Entry:
    """Equal differences over cases, transports and scenarios; ``cells`` has them all, the first is the example."""

    kind: str
    depth: str
    title: str
    """What the difference is about, in a few words."""
    cells: tuple[CellComparison, ...]

    @property
    def example(self) -> CellComparison:
        """The cell to show."""
        return self.cells[0]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The labels of the groups, the same ones in every cell."""
        return tuple(group.labels for group in self.example.groups)

    @property
    def says(self) -> str:
        """The step of the example in words."""
        return self.example.partings[0].says

    @property
    def sides(self) -> tuple[Side, ...]:
        """What each group did in the example's first differing step, and who says so."""
        return self.example.partings[0].sides


@dataclass(frozen=True)
class Comparison:
    """Several records side by side."""

    records: tuple[ComparedRecord, ...]
    shared: tuple[tuple[str, str], ...]
    """Facts that all records have in common, by name."""
    cells: tuple[CellComparison, ...]
    entries: tuple[Entry, ...]
    coverage: tuple[CoverageGap, ...]
    measures: tuple[Measured, ...] = ()
    summary: tuple[str, ...] = ()
    """Three sentences: what agrees, what differs and who explains it, and what was not run."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the records."""
        return tuple(record.label for record in self.records)

    @cached_property
    def differing(self) -> tuple[CellComparison, ...]:
        """The cells in which records part."""
        return tuple(cell for cell in self.cells if not cell.same)

    @cached_property
    def of_another_version(self) -> tuple[CellComparison, ...]:
        """The cells that are not compared, since their scenario is not the same in all records."""
        return tuple(cell for cell in self.cells if cell.versions)

    def counts(self) -> Mapping[str, int]:
        """How many cells are the same wherever they ran, differ, ran in one record or none, or are not comparable."""
        another, differing = len(self.of_another_version), len(self.differing)
        ran = [sum(len(group.labels) for group in cell.groups) for cell in self.cells if not cell.versions]
        alone = sum(number < 2 for number in ran)
        same = len(ran) - differing - alone
        return {"same": same, "differ": differing, "ran in fewer than two records": alone, ANOTHER_VERSION: another}
