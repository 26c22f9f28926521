"""The claims of the HOWTO by what steps did: how many steps are for and against each on each platform, and which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from conformance.engine.wording import counted
from conformance.language.howto_claims import (
    ALWAYS,
    CONFIRMS,
    CONTRADICTS,
    SOMETIMES,
    Claim,
    Difference,
    Faster,
    Quoted,
    Steps,
    claims,
)
from conformance.model import observation as o
from conformance.model.errors import RecordError
from conformance.model.record import CellRecord, StepRecord
from conformance.report.measures import figure
from conformance.report.records import Record
from conformance.tables.selectors import Host
from conformance.tables.transports import terms

CONFIRMED, WITH_CAVEAT, CONTRADICTED, UNTESTED = "confirmed", "confirmed with caveat", "contradicted", "untested"
ELSEWHERE, VARIES = "of another platform", "differs by platform"
STATUSES = (CONFIRMED, WITH_CAVEAT, CONTRADICTED, VARIES, UNTESTED, ELSEWHERE)

_DONE = (o.RETURNED, o.RAISED, o.BLOCKED, o.HUNG)
"""The kinds of observation that say something about a claim: the others show that the step was not done."""


@dataclass(frozen=True)
class Platform:
    """The cells of one implementation on one platform."""

    name: str
    host: Host
    cells: Mapping[str, Sequence[CellRecord]]
    """By scenario."""


@dataclass(frozen=True)
class Finding:
    """A step, or a pair of figures, that counts for or against a claim."""

    bearing: str
    shows: str
    """What that means, in the reader's words."""
    cell: str
    step: int | None
    """The number of the step; None for figures."""
    did: str
    """What was done and what came of it: ``client send 'b' raised EPIPE (BrokenPipeError)``."""
    expected: bool = True
    """Whether that is what the scenario expects."""


@dataclass(frozen=True)
class Standing:
    """What one platform, or two, show of a claim."""

    platform: str
    status: str
    findings: tuple[Finding, ...] = ()

    def steps(self, bearing: str) -> int:
        """The number of steps that confirm the claim, or contradict it."""
        return sum(1 for each in self.findings if each.bearing == bearing)

    @property
    def words(self) -> str:
        """Status and numbers of steps: ``contradicted, 0 steps for, 23 against``."""
        if not self.findings:
            return self.status
        return f"{self.status}, {counted(self.steps(CONFIRMS), 'step')} for, {self.steps(CONTRADICTS)} against"

    def lines(self) -> Iterator[tuple[str, Finding, int]]:
        """Each thing that was shown once: the sentence, a step that shows it, and how many do."""
        found = sorted(self.findings, key=lambda each: self._order().index((each.bearing, each.shows)))
        for (_, shows), group in groupby(found, key=lambda each: (each.bearing, each.shows)):
            members = list(group)
            yield shows, members[0], len(members)

    def _order(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys((each.bearing, each.shows) for each in self.findings))


@dataclass(frozen=True)
class Judged:
    """A claim, and how it stands on each platform."""

    claim: Claim
    on: tuple[Standing, ...]

    @property
    def status(self) -> str:
        """The status on all platforms that tested the claim, if it is the same there."""
        found = list(dict.fromkeys(each.status for each in self.on))
        tested = [each for each in found if each not in (UNTESTED, ELSEWHERE)]
        if len(tested) > 1:
            return VARIES
        return (tested or [each for each in found if each == UNTESTED] or found)[0]

    @property
    def unexpected(self) -> bool:
        """Whether a step did something else than its scenario expects."""
        return any(not finding.expected for each in self.on for finding in each.findings)

    @property
    def lacks(self) -> str:
        """What is needed to decide a claim about two systems; empty where that is there."""
        if not self.claim.systems or self.status != UNTESTED:
            return ""
        return f"needs records of both: {' and '.join(self.claim.systems)}"


def platform_of(record: Record) -> Platform:
    """The platform of a record; RecordError where it has no facts."""
    if record.facts is None:
        raise RecordError(f"{record.path}:1: hosts is empty, expected facts of a host; run again to make a new record")
    return Platform(record.platform, Host.of(vars(record.facts)), by_scenario(record.cells))


def by_scenario(cells: Iterable[CellRecord]) -> dict[str, list[CellRecord]]:
    """Cells by the ids of their scenarios."""
    found: dict[str, list[CellRecord]] = {}
    for cell in cells:
        found.setdefault(cell.scenario, []).append(cell)
    return found


class Versioned(Protocol):
    """What tells which version of a scenario is meant."""

    @property
    def id(self) -> str:
        """The id of the scenario."""
        ...

    @property
    def digest(self) -> str:
        """The digest of its file."""
        ...


def judged(platforms: Sequence[Platform], scenarios: Iterable[Versioned]) -> tuple[Judged, ...]:
    """Every claim in the order of the HOWTO. Cells of another version of a scenario do not count."""
    digests = {scenario.id: scenario.digest for scenario in scenarios}
    known = [_current(each, digests) for each in platforms]
    return tuple(Judged(claim, _standings(claim, known)) for claim in claims().values())


def _current(platform: Platform, digests: Mapping[str, str]) -> Platform:
    """The platform without cells of another version of their scenario. A cell without a digest fits any version."""
    cells = {
        name: [cell for cell in cells if cell.digest in ("", digests.get(name))]
        for name, cells in platform.cells.items()
    }
    return Platform(platform.name, platform.host, cells)


def _standings(claim: Claim, platforms: Sequence[Platform]) -> tuple[Standing, ...]:
    if claim.systems:
        return _between(claim, platforms)
    return tuple(_on_one(claim, each) for each in platforms)


def _on_one(claim: Claim, platform: Platform) -> Standing:
    if claim.only and claim.only not in platform.host.terms:
        return Standing(platform.name, ELSEWHERE)
    found = tuple(finding for each in claim.evidence for finding in _findings(each, platform))
    return Standing(platform.name, _status(claim, found), found)


def _between(claim: Claim, platforms: Sequence[Platform]) -> tuple[Standing, ...]:
    """A standing for each pair of platforms of the two kinds; one without findings where there is no pair."""
    first, second = ([each for each in platforms if term in each.host.terms] for term in claim.systems)
    pairs = [(one, other) for one in first for other in second]
    found = [
        (f"{one.name} and {other.name}", tuple(_differences(claim, one, other))) for one, other in pairs
    ]  # fmt: skip
    return tuple(Standing(name, _status(claim, each), each) for name, each in found) or (
        Standing(" and ".join(each.name for each in platforms), UNTESTED),
    )


def _status(claim: Claim, found: Sequence[Finding]) -> str:
    """By the sense of the sentence: one step against it contradicts it, is its exception, or does not matter."""
    bearings = {each.bearing for each in found}
    if not bearings:
        return UNTESTED
    if CONFIRMS not in bearings or (CONTRADICTS in bearings and claim.holds == ALWAYS):
        return CONTRADICTED
    return WITH_CAVEAT if CONTRADICTS in bearings and claim.holds != SOMETIMES else CONFIRMED


def _findings(evidence: object, platform: Platform) -> Iterator[Finding]:
    if isinstance(evidence, Steps):
        for cell in _cells(evidence.scenario, evidence.only, platform):
            for quoted in evidence.steps:
                yield from _finding(evidence, cell, quoted)
    elif isinstance(evidence, Faster):
        yield from _figures(evidence, platform)


def _cells(scenario: str, only: frozenset[str], platform: Platform) -> list[CellRecord]:
    """The cells of a scenario in which these terms hold."""
    return [
        cell
        for cell in platform.cells.get(scenario, ())
        if platform.host.also(terms(cell.transport) | frozenset(cell.case.split("+"))).holds(only)
    ]


def step_of(cell: CellRecord, quoted: Quoted) -> StepRecord | None:
    """The step of a cell that is quoted; None where the cell has no such step."""
    return next((step for step in cell.steps if step.number == quoted.number), None)


def _finding(evidence: Steps, cell: CellRecord, quoted: Quoted) -> Iterator[Finding]:
    step = step_of(cell, quoted)
    if step is None or step.observation.kind not in _DONE:
        return
    met = _met(cell, step)
    bearing, shows = _bearing(evidence, step, met)
    if bearing:
        words = f"{step.actor} {step.says} {step.did}"
        yield Finding(bearing, shows, cell.id, step.number, words, met is not False or cell.verdict != "fail")


def _bearing(evidence: Steps, step: StepRecord, met: bool | None) -> tuple[str, str]:
    """What a step shows, and that in words; empty where it shows nothing."""
    if evidence.when:
        return (evidence.bearing, evidence.shows) if step.observation.kind == evidence.when else ("", "")
    if met:
        return evidence.bearing, evidence.shows
    if met is False and evidence.bearing == CONFIRMS:
        return CONTRADICTS, f"Instead, {step.actor} {step.says} {step.did}; expected: {step.expected}."
    return "", ""


def _met(cell: CellRecord, step: StepRecord) -> bool | None:
    """Whether a step did what was expected. Older records only name the first step that did not."""
    if step.met is not None or step.measured:
        return step.met
    if cell.step is None:
        return True if cell.verdict == "pass" else None
    return None if step.number > cell.step else step.number < cell.step


def _figures(evidence: Faster, platform: Platform) -> Iterator[Finding]:
    """Compares the figures of cells of the same case."""
    for cell in platform.cells.get(evidence.scenario, ()):
        other = next(
            (
                each for each in platform.cells.get(evidence.than_scenario, ())
                if (each.transport, each.case) == (evidence.than, cell.case)
            ), None,
        )  # fmt: skip
        if cell.transport == evidence.over and other and {evidence.measure} <= set(cell.measures) & set(other.measures):
            yield _compared(evidence, cell, other)


def _compared(evidence: Faster, cell: CellRecord, other: CellRecord) -> Finding:
    unit = cell.units.get(evidence.measure, "")
    here, there = cell.measures[evidence.measure], other.measures[evidence.measure]
    faster = here > there if unit.endswith("/s") else here < there
    did = f"{evidence.measure} was {figure(here, unit)}, and {figure(there, unit)} in {other.id}"
    shows = evidence.shows if faster else f"Not so: {evidence.measure} was no better than in {evidence.than_scenario}."
    return Finding(CONFIRMS if faster else CONTRADICTS, shows, cell.id, None, did)


def _differences(claim: Claim, one: Platform, other: Platform) -> Iterator[Finding]:
    """Compares the results of each step that must differ, cell by cell."""
    for evidence in claim.evidence:
        if isinstance(evidence, Difference):
            there = {cell.key: cell for cell in _cells(evidence.scenario, evidence.only, other)}
            for cell in _cells(evidence.scenario, evidence.only, one):
                if cell.key in there:
                    yield from _difference(evidence, cell, there[cell.key])


def _difference(evidence: Difference, cell: CellRecord, other: CellRecord) -> Iterator[Finding]:
    steps = [step_of(each, evidence.step) for each in (cell, other)]
    done = [step for step in steps if step is not None and step.observation.kind in _DONE]
    if len(done) < len(steps):
        return
    first, second = done
    differ = o.compared(first.observation) != o.compared(second.observation)
    did = f"{first.actor} {first.says} {first.did}, and {second.did}"
    shows = evidence.shows if differ else "Both did the same."
    yield Finding(CONFIRMS if differ else CONTRADICTS, shows, cell.id, first.number, did)


def as_json(found: Judged) -> Mapping[str, object]:
    """A claim as plain JSON values."""
    claim = found.claim
    return {
        "id": claim.id,
        "section": claim.section,
        "says": claim.says,
        "caveat": claim.caveat,
        "holds": claim.holds,
        "status": found.status,
        "lacks": found.lacks,
        "example": claim.example.scenario,
        "platforms": [_standing_json(each) for each in found.on],
    }


def _standing_json(standing: Standing) -> Mapping[str, object]:
    return {
        "platform": standing.platform,
        "status": standing.status,
        "for": standing.steps(CONFIRMS),
        "against": standing.steps(CONTRADICTS),
        "steps": [vars(each) for each in standing.findings],
    }


def markdown(found: Sequence[Judged], title: str) -> str:
    """The claims as a Markdown page."""
    lines = [f"# The Socket Programming HOWTO on {title}", ""]
    for section, group in groupby(found, key=lambda each: each.claim.section):
        lines += [f"## {section}", ""]
        lines += [line for each in group for line in _claim_lines(each)]
    return "\n".join(lines)


def _claim_lines(found: Judged) -> list[str]:
    claim = found.claim
    lines = [f"- **{found.status}** `{claim.id}`", f"  - The HOWTO says: {claim.says.strip()}"]
    lines += [f"  - But: {claim.caveat.strip()}"] if claim.caveat else []
    lines += [f"  - It {found.lacks}."] if found.lacks else []
    for each in found.on:
        lines += [f"  - {each.platform}: {each.words}"]
        lines += [f"    - {shows} (`{seen.cell}`: {seen.did})" for shows, seen, _ in each.lines()]
    return [*lines, f"  - Example: {claim.example.scenario}", ""]
