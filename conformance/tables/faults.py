"""The faults: declared disturbances of the network or of an actor's process. A row here and a method make a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from conformance.tables.operations import OPERATIONS, Operation, parameters

NETWORK, SYSTEM = "network", "system"
ACTORS = (NETWORK, SYSTEM)
"""The actors that stand for the harness: whose steps are faults."""


@dataclass(frozen=True)
class Fault(Operation):
    """One fault, written like an operation of the actor ``by``, its parameters beside its name where it has several.

    ``needs`` is the capability without which it cannot be done; the worker's probe of it decides.
    """

    by: str = NETWORK
    needs: str = "hosts"

    @property
    def host_parameter(self) -> Optional[str]:
        """The parameter that says whose host is disturbed, for a fault that can also be a condition of that host."""
        if self.by != NETWORK or self.main is None:
            return None
        hosts = [each.name for each in self.parameters if each.type == "actor"]
        return hosts[0] if len(hosts) == 1 and hosts[0] != self.main else None


def _fault(
    name: str, takes: str, summary: str, *, by: str, needs: str, main: Optional[str] = None, **defaults: Any
) -> Fault:
    taken = parameters(takes, defaults)
    return Fault(name, taken, main, "nothing", None, None, "fault", None, summary, by=by, needs=needs)


_NETWORK = (
    _fault("cut", "host:actor", "Everything between the hosts is lost both ways; no host is told.", main="host",
           by=NETWORK, needs="black-hole"),
    _fault("repair", "host:actor", "The end of cut.", main="host", by=NETWORK, needs="black-hole"),
    _fault("link", "state:down|up of:actor", "The link goes down, or up again, and the host itself notices: no "
           "carrier, no neighbours.", main="state", by=NETWORK, needs="hosts"),
    _fault("address", "state:removed|restored of:actor", "The host loses its address, or gets it back.", main="state",
           by=NETWORK, needs="hosts"),
    _fault("rate", "rate:size of:actor", "The host sends no more than so many bytes a second; the rest waits.",
           main="rate", by=NETWORK, needs="rate-limit"),
    _fault("delay", "delay:seconds of:actor", "What the host sends takes so many seconds longer.", main="delay",
           by=NETWORK, needs="netem"),
    _fault("loss", "loss:value of:actor", "This share (0 to 1) of what the host sends is lost.", main="loss",
           by=NETWORK, needs="netem"),
    _fault("duplicate", "duplicate:value of:actor", "This share (0 to 1) of what the host sends arrives twice.",
           main="duplicate", by=NETWORK, needs="netem"),
    _fault("reorder", "reorder:value of:actor", "This share (0 to 1) of what the host sends overtakes the rest, which "
           "is delayed by 10 ms.", main="reorder", by=NETWORK, needs="netem"),
    _fault("inject", "segment:RST|FIN from:actor to:actor sequence:next|in-window|outside-window",
           "A forged TCP segment reaches an actor's socket as if its peer had sent it.", main="segment", by=NETWORK,
           needs="packet-injection", sequence="next"),
)  # fmt: skip

_SYSTEM = (
    _fault("kill", "actor:actor", "The actor's process is killed; over when it is gone.", main="actor", by=SYSTEM,
           needs="process"),
    _fault("signal", "to:actor signal:text", "The actor's process gets a signal; over when the handler has run and "
           "the actor waits again or has returned, or when the process is gone.", by=SYSTEM, needs="process"),
)  # fmt: skip

FAULTS: dict[str, Fault] = {row.name: row for row in (*_NETWORK, *_SYSTEM)}

CONDITIONS: dict[str, Fault] = {name: row for name, row in FAULTS.items() if row.host_parameter}
"""The faults that a host can have from the start: under ``hosts`` in a file."""

ROWS: dict[str, Operation] = {**OPERATIONS, **FAULTS}
"""Everything that a step may do, whoever does it."""
