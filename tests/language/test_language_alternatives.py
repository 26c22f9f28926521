"""The alternatives of the bundled scenarios: each has a source and a basis, and can be met."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conformance.engine import choose, judge
from conformance.language.corpus import bundled, load_all
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.report.records import content
from conformance.tables import selectors
from conformance.tables.faults import FAULTS
from conformance.tables.selectors import Host
from conformance.tables.transports import terms

RECORDS = Path(__file__).resolve().parents[2] / "reports" / "reference"

_LINUX_ONLY = {row.needs for row in FAULTS.values()} - {"process"} | {
    "hosts",
    "sysctl",
    "vanish",
    "epoll",
    "unix-abstract",
}
_UNIX_ONLY = {
    "unix",
    "unix-dgram",
    "unix-seqpacket",
    "SCM_RIGHTS",
    "poll",
    "fork",
    "process",
    "rlimit",
    "unprivileged-user",
}
LACKING: Mapping[str, set[str]] = {
    "linux": {"kqueue"},
    "darwin": _LINUX_ONLY | {"unix-seqpacket"},
    "freebsd": _LINUX_ONLY,
    "windows": _LINUX_ONLY | _UNIX_ONLY | {"kqueue"},
}
"""What no host of a family has, as the probes of the worker find it: transports and capabilities."""


class Place(NamedTuple):
    """Where an alternative stands; cases and transports share one."""

    scenario: str
    line: int
    selector: str

    def __str__(self) -> str:
        return f"{self.scenario}:{self.line} {self.selector}"


def place(scenario: s.Scenario, alternative: s.Alternative) -> Place:
    return Place(scenario.id, alternative.position.line, "+".join(sorted(alternative.selector)))


@pytest.fixture(scope="module")
def corpus() -> tuple[s.Scenario, ...]:
    loaded = load_all((bundled(),))
    assert loaded.mistakes == ()
    return loaded.scenarios


def alternatives(corpus: tuple[s.Scenario, ...]) -> dict[Place, s.Alternative]:
    return {
        place(scenario, alternative): alternative
        for scenario in corpus
        for case in scenario.cases
        for step in case.steps
        for alternative in step.alternatives
    }


def test_every_alternative_states_its_source_and_its_basis(corpus):
    silent = [
        str(where)
        for where, alternative in alternatives(corpus).items()
        if not all(stated(alternative.outcome, field) for field in ("source", "basis"))
    ]
    assert silent == []


def stated(outcome: s.Outcome, field: str) -> bool:
    """Whether an outcome, or each of the outcomes that it allows, has a source or a basis."""
    return bool(getattr(outcome, field)) or all(getattr(leaf, field) for leaf in choose.leaves(outcome))


def test_no_source_is_called_unconfirmed(corpus):
    found = [
        str(where)
        for where, alternative in alternatives(corpus).items()
        if "unconfirmed" in f"{alternative.outcome.source}"
    ]
    assert found == []


def test_every_alternative_can_be_met_on_its_system(corpus):
    met = {each for scenario in corpus for each in met_somewhere(scenario)}
    assert sorted(map(str, set(alternatives(corpus)) - met)) == []


def met_somewhere(scenario: s.Scenario) -> Iterator[Place]:
    """The alternatives that are chosen on a host that can exist, on a transport that this host can have."""
    for case in scenario.cases:
        for family in selectors.FAMILIES:
            if needs(scenario, case) & LACKING[family]:
                continue
            for transport in (each for each in scenario.transports if each not in LACKING[family]):
                for step in case.steps:
                    yield from chosen_on(scenario, case, step, family, transport)


def needs(scenario: s.Scenario, case: s.Case) -> set[str]:
    """The capabilities without which a case cannot run, those of its actors and faults included."""
    conditions = [name for host in scenario.hosts.values() for name, _ in host.faults]
    faults = {*conditions, *(step.operation for step in case.steps)} & set(FAULTS)
    actors = scenario.actors.values()
    also = {
        "process": any(actor.own_process for actor in actors),
        "unprivileged-user": any(actor.unprivileged for actor in actors),
        "hosts": any(actor.own_host for actor in actors) or bool(scenario.topology),
        "sysctl": any(host.sysctls for host in scenario.hosts.values()),
    }
    return {
        *scenario.needs,
        *(FAULTS[name].needs for name in faults),
        *(name for name, needed in also.items() if needed),
    }


def chosen_on(scenario: s.Scenario, case: s.Case, step: s.Step, family: str, transport: str) -> Iterator[Place]:
    guards = (*scenario.only, *step.only)
    named: frozenset[str] = frozenset().union(*guards, *(each.selector for each in step.alternatives))
    facts = itertools.product(*selectors.EXCLUSIVE)
    for chosen, kernel, python in itertools.product(facts, versions(family, named), versions("python", named)):
        facts_here = {"family": family, "kernel": kernel, "python_version": python}
        host = Host(facts_here, selectors.FAMILIES[family] | terms(transport) | case.terms | set(chosen))
        if all(choose.guard_holds(guard, host) for guard in (scenario.only, step.only)):
            found = choose.applicable(step.alternatives, host)
            best = choose.most_specific(found) if found else None
            if best is not None:
                yield place(scenario, best)


def versions(what: str, named: frozenset[str]) -> list[str]:
    """One version below all that the terms name, and each of those."""
    parsed = [selectors.parse_version_term(term) for term in named]
    return ["", *(".".join(map(str, each[2])) for each in parsed if each is not None and each[0] == what)]


def test_what_is_called_observed_was_seen_in_a_kept_record(corpus):
    called = {where for where, each in alternatives(corpus).items() if each.outcome.basis == "observed"}
    assert called, "no alternative is called observed"
    assert sorted(map(str, called - seen_in_records(corpus))) == []


def seen_in_records(corpus: tuple[s.Scenario, ...]) -> set[Place]:
    """The alternatives that were chosen in a cell which still passes.

    The steps of a record are judged again, by the scenario as it is now, since its file may have changed. A run under
    Wine says nothing of Windows, but a program under qemu-user runs on the kernel of Linux.
    """
    cases = {(scenario.id, case.name): (scenario, case) for scenario in corpus for case in scenario.cases}
    seen: set[Place] = set()
    for path in sorted(RECORDS.rglob("*.jsonl.gz")):
        header, *lines = content(path).decode().splitlines()
        hosts = json.loads(header)["hosts"]
        if any(facts["emulator"] == "wine" for facts in hosts.values()):
            continue
        for line in lines:
            cell = json.loads(line)
            if cell["type"] == "cell" and (known := cases.get((cell["scenario"], cell["case"]))):
                seen.update(seen_in_cell(*known, cell, hosts))
    return seen


def seen_in_cell(
    scenario: s.Scenario, case: s.Case, cell: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]
) -> Iterator[Place]:
    recorded = {step["number"]: step for step in cell["steps"]}
    if any(step.operation != recorded.get(step.number, {}).get("operation") for step in case.steps):
        return  # the scenario has other steps by now
    run, host = Cell(scenario, case, cell["transport"]), Host.of(next(iter(hosts.values())))
    observations = {number: observation(step["observation"]) for number, step in recorded.items()}
    if judge.judge(run, host, observations).kind != judge.PASS:
        return
    for step in case.steps:
        found = choose.applicable(step.alternatives, choose.here(run, host))
        best = choose.most_specific(found) if found else None
        if best is not None and observations[step.number].kind not in (o.NOT_APPLICABLE, o.NOT_RUN):
            yield place(scenario, best)


def observation(recorded: Mapping[str, Any]) -> o.Observation:
    wait = o.Wait(**recorded["wait"]) if recorded.get("wait") else None
    return o.Observation(**{**recorded, "wait": wait})
