"""The faults: declared disturbances of the network or of an actor's process. A row and a method make a new one."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union, cast

from conformance.tables.operations import OPERATIONS, Operation, parameters

NETWORK, SYSTEM = "network", "system"
ACTORS = (NETWORK, SYSTEM)
"""The actors that stand for the harness. Their steps are faults."""


@dataclass(frozen=True)
class Fault(Operation):
    """One fault: an operation of the actor ``by``.

    ``needs`` is the capability that the host must have; a probe in the worker decides.
    """

    by: str = NETWORK
    needs: str = "hosts"
    of_packets: bool = False
    """It treats single packets, so a forwarder carries all packets of the scenario instead of the link."""
    of_link: bool = False
    """It changes the link, so it has no effect on packets that a forwarder carries."""
    takes_queue: bool = False
    """It replaces the queue at an end of a link."""
    hides: bool = False
    """A capture does not see the packets that it loses, unless a forwarder carries them."""

    @property
    def host_parameter(self) -> Optional[str]:
        """The parameter that names the disturbed host, if the fault can also be a condition of that host; else None."""
        if self.by != NETWORK or self.main is None:
            return None
        hosts = [each.name for each in self.parameters if each.type == "actor"]
        return hosts[0] if len(hosts) == 1 and hosts[0] != self.main else None


_COLUMNS = frozenset(Fault.__dataclass_fields__)


def _fault(name: str, takes: str, summary: str, is_: str = "", **more: Any) -> Fault:
    """A row. ``is_``: the columns that are true; ``more``: other columns, and defaults of parameters."""
    columns = {key: more.pop(key) for key in _COLUMNS & set(more)}
    columns.update(dict.fromkeys(is_.split(), True), main=columns.get("main"), disturbs=True)
    return Fault(name, parameters(takes, more), result="nothing", summary=summary, on=None, kind="fault", **columns)


FIREWALL = ("drop", "reset", "net-unreachable", "host-unreachable", "port-unreachable", "admin-prohibited", "open")
"""How a firewall answers: not at all, by a TCP reset, or by an ICMP message with this code; ``open`` removes it."""

_NETWORK = (
    _fault("cut", "host:actor", "Everything between the hosts is lost in both directions; no host gets an error.",
           main="host", needs="black-hole", is_="takes_queue hides"),
    _fault("repair", "host:actor", "The end of cut.", main="host", needs="black-hole"),
    _fault("link", "state:down|up of:actor", "The link goes down, or up again, and the host itself notices: no "
           "carrier, no neighbours.", main="state", needs="hosts", is_="of_link"),
    _fault("address", "state:removed|restored of:actor", "The host loses its address, or gets it back.", main="state",
           needs="hosts", is_="of_link"),
    _fault("rate", "rate:size of:actor", "The host sends no more than so many bytes a second; the rest waits.",
           main="rate", needs="rate-limit", is_="of_link takes_queue"),
    _fault("mtu", "mtu:ordinal of:actor", "The link of the host carries packets of at most so many bytes.", main="mtu",
           needs="hosts", is_="of_link"),
    _fault("mss", "mss:ordinal of:actor", "The host asks for TCP segments with at most so many bytes of data.",
           main="mss", needs="hosts", is_="of_link"),
    _fault("offloads", "state:off|on of:actor", "The host makes and joins TCP segments itself, its link does not; on "
           "restores that.", main="state", needs="offloads", is_="of_link"),
    _fault("firewall", f"answer:{'|'.join(FIREWALL)} on:actor port:int", "TCP and UDP packets to the host, or through "
           "the router, are dropped silently, or refused by a reset or an ICMP message; open ends that. With a port "
           "only packets to that port are.", main="answer", needs="firewall", port=None),
    _fault("reboot", "host:actor",
           "The host restarts: its TCP sockets and the processes of its actors are gone, no peer "
           "gets a packet about that, and it knows no connection.", main="host", needs="reboot",
           is_="of_link takes_queue"),
    _fault("inject", "segment:RST|FIN from:actor to:actor sequence:next|in-window|outside-window",
           "A forged TCP segment reaches an actor's socket as if its peer had sent it.", main="segment", by=NETWORK,
           needs="packet-injection", sequence="next"),
)  # fmt: skip

PACKETS = ("any", "SYN", "SYN-ACK", "data", "ACK", "FIN", "RST", "urgent", "datagram", "fragment", "ICMP")
"""The kinds of packets. A segment with data and FIN is of both kinds; ``ACK`` is one that only acknowledges."""


def _packet_rule(name: str, summary: str, takes: str = "", times: Union[int, str] = 1) -> Fault:
    counted = f"{name}:{'|'.join(PACKETS)} from:actor {takes} nth:ordinal every:ordinal times:times"
    return _fault(name, counted, summary, "of_packets", main=name, needs="packet-rules", nth=1, every=1, times=times)


_PACKET_RULES = (
    _packet_rule("drop", "The next packet of this kind that the host sends is lost."),
    _packet_rule("duplicate", "It arrives twice."),
    _packet_rule("damage", "One bit of its data changes on the way, so that its checksum is wrong."),
    _packet_rule("reorder", "It arrives after the next one of its kind."),
    _packet_rule("hold", "It is held back until deliver."),
    _packet_rule("delay", "Every packet of this kind that the host sends arrives so many seconds later.",
                 takes="by:seconds", times="all"),
    _packet_rule("split", "It arrives as several with at most so many bytes of data each: a segment as segments, a "
                 "datagram as IP fragments.", takes="into:ordinal"),
    _fault("deliver", "host:actor", "The held packets of the host arrive, in the order in which they were sent.",
           main="host", needs="packet-rules", is_="of_packets"),
    _fault("happened", "rule:drop|duplicate|damage|reorder|hold|delay|split",
           "Waits until every rule of this name that "
           "was stated so far has struck as often as it should.", main="rule", needs="packet-rules", is_="of_packets"),
)  # fmt: skip

_SYSTEM = (
    _fault("kill", "actor:actor", "The actor's process is killed; over when it is gone.", main="actor", by=SYSTEM,
           needs="process"),
    _fault("signal", "to:actor signal:signal-name", "The actor's process gets a signal; over when the handler has run "
           "and the actor waits again or has returned, or when the process is gone.", by=SYSTEM, needs="process"),
    _fault("stop", "actor:actor", "The actor's process is stopped (SIGSTOP); its sockets live on.", main="actor",
           by=SYSTEM, needs="process"),
    _fault("resume", "actor:actor", "The end of stop.", main="actor", by=SYSTEM, needs="process"),
)  # fmt: skip

FAULTS: dict[str, Fault] = {row.name: row for row in (*_NETWORK, *_PACKET_RULES, *_SYSTEM)}

CONDITIONS: dict[str, Fault] = {name: row for name, row in FAULTS.items() if row.host_parameter}
"""The faults that a host can have from the start, under ``hosts`` in a file."""

ROWS: Mapping[str, Operation] = ChainMap(cast("dict[str, Operation]", FAULTS), OPERATIONS)
"""All operations and faults."""


def faults_among(names: Iterable[str]) -> tuple[Fault, ...]:
    """The rows of those names that are faults, in the same order."""
    return tuple(FAULTS[name] for name in names if name in FAULTS)
