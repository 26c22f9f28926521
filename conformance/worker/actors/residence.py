"""Computes from the plan on which host and in which process each actor lives."""

from __future__ import annotations

from conformance.model.plan import Plan
from conformance.tables.faults import ACTORS as FAULT_ACTORS
from conformance.tables.faults import ROWS


def hosts_of_actors(plan: Plan) -> dict[str, str]:
    """The host of each actor: that of the actor beside it, else that on which its socket is made, else the client's."""
    hosts = {"client": "client", "server": "server"}
    actors = [name for name in (*(step.actor for step in plan.steps), *plan.actors) if name not in FAULT_ACTORS]
    for step in plan.steps:
        named = [step.names] if isinstance(step.names, str) and step.names in actors else []
        for name in (*ROWS[step.operation].new_actors(step.arguments), *named):
            hosts.setdefault(name, hosts.get(step.actor, "server"))
    for name in actors:
        beside = plan.actors[name].beside if name in plan.actors else None
        if name in plan.actors and plan.actors[name].own_host:
            hosts[name] = name
        if beside:
            hosts[name] = hosts.get(beside, beside if beside in ("client", "server") else "client")
        hosts.setdefault(name, "client")
    return hosts


def process_members(plan: Plan) -> dict[str, tuple[str, ...]]:
    """For each actor that gets a process of its own, the actors in that process, itself first."""
    members = {name: [name] for name, place in plan.actors.items() if place.has_process}
    for name in plan.actors:
        owner = _owner(plan, name)
        if owner in members and owner != name:
            members[owner].append(name)
    return {name: tuple(names) for name, names in members.items()}


def _owner(plan: Plan, name: str) -> str:
    """The actor at the end of the chain of ``beside`` that begins at this one."""
    seen: set[str] = set()
    while name in plan.actors and name not in seen and plan.actors[name].beside:
        seen.add(name)
        name = str(plan.actors[name].beside)
    return name


def started_by_fork(plan: Plan) -> frozenset[str]:
    """The actors that exist only after a process has forked."""
    return frozenset(name for step in plan.steps for name in ROWS[step.operation].new_actors(step.arguments))
