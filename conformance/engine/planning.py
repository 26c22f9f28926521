"""From a scenario's case on a transport to the plan that a worker runs: guards decided, waiting allowed where legal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from conformance.engine.choose import blocking, guard_holds, outcome_for
from conformance.engine.judge import Facts, facts_of, terms_for
from conformance.model import scenario as s
from conformance.model.plan import Plan, PlanStep

DEFAULT_LIMIT = 5.0
"""Seconds that a step may take before it counts as hung, times the host's scale; a step or file may say otherwise."""


def guard_finding(scenario: s.Scenario, case: s.Case, transport: str, facts: Facts) -> Optional[str]:
    """Why the scenario does not apply on this host at all; None where it does."""
    here = facts[""]
    if guard_holds(scenario.only, terms_for(case, transport, here), here):
        return None
    words = " or ".join("+".join(sorted(selector)) for selector in scenario.only)
    return f"only on {words}"


def plan(
    scenario: s.Scenario, case: s.Case, transport: str, implementation: str, facts: Facts, scale: float,
    limit: float = DEFAULT_LIMIT, tape: Optional[str] = None,
) -> Plan:  # fmt: skip
    """The plan of one cell; ``limit`` holds, times ``scale``, for steps that have none of their own."""
    steps = tuple(_step(scenario, case, step, transport, facts, limit, scale) for step in case.steps)
    return Plan(
        cell=cell_id(scenario.id, case.name, transport, implementation),
        transport=transport,
        implementation=implementation,
        given=case.given,
        steps=steps,
        actors=scenario.actors,
        needs=scenario.needs,
        sysctls={name: host.sysctls for name, host in scenario.hosts.items() if host.sysctls},
        topology=scenario.topology,
        conditions=tuple(
            PlanStep(0, "network", fault, 0, arguments=arguments, limit=(scenario.limit or limit) * scale)
            for host in scenario.hosts.values()
            for fault, arguments in host.faults
        ),
        tape=tape,
    )


def _step(
    scenario: s.Scenario, case: s.Case, step: s.Step, transport: str, facts: Facts, limit: float, scale: float
) -> PlanStep:
    here: Mapping[str, Any] = facts_of(step.actor, facts)
    terms = terms_for(case, transport, here)
    waits = blocking(outcome_for(step, terms, here))
    for_at_least = waits.for_at_least if waits else 0.0
    return PlanStep(
        number=step.number,
        actor=step.actor,
        operation=step.operation,
        group=step.group,
        group_kind=step.group_kind,
        pending=step.pending,
        arguments=step.arguments,
        using=step.using,
        names=step.names,
        applicable=guard_holds(step.only, terms, here),
        may_block=waits is not None,
        for_at_least=for_at_least,
        limit=for_at_least + (step.limit or scenario.limit or limit) * scale,
    )


def cell_id(scenario: str, case: str, transport: str, implementation: str) -> str:
    """The stable id of a cell: ``section/behaviour[case-transport]``, with the implementation if it is not stdlib."""
    parts = [part for part in (case, transport) if part]
    if implementation != "stdlib":
        parts.append(implementation)
    return f"{scenario}[{'-'.join(parts)}]"
