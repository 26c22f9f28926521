"""Makes the plan of a cell: guards decided, limits scaled, and for each step whether it may block."""

from __future__ import annotations

from typing import Optional

from conformance.engine import choose
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.model.plan import Plan, PlanStep
from conformance.tables.faults import NETWORK
from conformance.tables.selectors import Host

DEFAULT_LIMIT = 5.0
"""Seconds after which a step counts as hung, times the host's scale. Steps and files may have limits of their own."""


def guard_finding(cell: Cell, host: Host) -> Optional[str]:
    """Why the whole scenario does not apply on this host; None if it applies."""
    only = cell.scenario.only
    if choose.guard_holds(only, choose.here(cell, host)):
        return None
    return f"only on {' or '.join('+'.join(sorted(selector)) for selector in only)}"


def plan(cell: Cell, host: Host, scale: float, limit: float = DEFAULT_LIMIT) -> Plan:
    """The plan of one cell. ``limit`` is for steps that have none of their own; ``scale`` multiplies every limit."""
    scenario, here = cell.scenario, choose.here(cell, host)
    limit = scenario.limit or limit
    return Plan(
        cell=cell.id,
        transport=cell.transport,
        implementation=cell.implementation,
        given=cell.case.given,
        steps=tuple(_step(step, here, limit, scale) for step in cell.case.steps),
        actors=scenario.actors,
        needs=scenario.needs,
        sysctls={name: settings.sysctls for name, settings in scenario.hosts.items() if settings.sysctls},
        topology=scenario.topology,
        conditions=tuple(
            PlanStep(0, NETWORK, fault, 0, arguments=arguments, limit=limit * scale)
            for settings in scenario.hosts.values()
            for fault, arguments in settings.faults
        ),
        tape=cell.tape,
    )


def _step(step: s.Step, here: Host, limit: float, scale: float) -> PlanStep:
    waits = choose.blocking(choose.outcome_for(step, here))
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
        applicable=choose.guard_holds(step.only, here),
        repeat=step.repeat,
        may_block=waits is not None,
        for_at_least=for_at_least,
        limit=for_at_least + (step.limit or limit) * scale,
    )
