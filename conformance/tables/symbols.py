"""Constants of the socket, select and selectors modules that scenarios may name, on whatever platform they exist."""

from __future__ import annotations

from conformance.tables.operations import OPERATIONS, Operation, Parameter

_EVENTS = "IN PRI OUT ERR HUP NVAL RDHUP RDNORM RDBAND WRNORM WRBAND MSG"

_NAMES = {
    "AF": "UNSPEC UNIX INET INET6 ALG APPLETALK BLUETOOTH CAN DIVERT HYPERV IPX IRDA LINK NETLINK PACKET QIPCRTR RDS "
    "ROUTE SYSTEM TIPC VSOCK",
    "SOCK": "STREAM DGRAM RAW RDM SEQPACKET",
    "SHUT": "RD WR RDWR",
    "SOL": "SOCKET IP TCP UDP",
    "IPPROTO": "ICMP ICMPV6 IP IPV6 MPTCP RAW SCTP TCP UDP UDPLITE",
    "MSG": "BCAST CMSG_CLOEXEC CONFIRM CTRUNC DONTROUTE DONTWAIT EOF EOR ERRQUEUE FASTOPEN MCAST MORE NOSIGNAL "
    "NOTIFICATION OOB PEEK TRUNC WAITALL",
    "AI": "ADDRCONFIG ALL CANONNAME DEFAULT MASK NUMERICHOST NUMERICSERV PASSIVE V4MAPPED V4MAPPED_CFG",
    "EVENT": "READ WRITE",
    "KQ": "FILTER_READ FILTER_WRITE EV_EOF EV_ERROR",
}
"""By prefix. Python documentation, socket, "Constants", and selectors; those of every platform that it names."""

SYMBOLS: dict[str, tuple[str, ...]] = {
    **{prefix: tuple(f"{prefix}_{name}" for name in names.split()) for prefix, names in _NAMES.items()},
    "POLL": tuple(f"POLL{name}" for name in _EVENTS.split()),
    "EPOLL": tuple(f"EPOLL{name}" for name in f"{_EVENTS} ET ONESHOT EXCLUSIVE".split() if name != "NVAL"),
}
"""Prefix to names; of poll and epoll as in poll(2) and epoll_ctl(2)."""

SIGNALS = tuple(
    f"SIG{name}"
    for name in (
        "ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "KILL", "PIPE", "PROF", "QUIT", "SEGV",
        "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
    )
)  # fmt: skip
"""Signals by name: POSIX.1-2024 <signal.h>, and SIGIO and SIGWINCH, which all of the families for processes have."""

_OF_PARAMETERS = {"family": ("AF",), "type": ("SOCK",), "how": ("SHUT",), "level": ("SOL", "IPPROTO"),
                  "flags": ("MSG",)}  # fmt: skip
_OF_OPERATIONS = {
    ("resolve", "flags"): ("AI",),
    ("poll", "events"): ("POLL",),
    ("epoll", "events"): ("EPOLL",),
    ("kqueue", "events"): ("POLL",),
    ("selector", "events"): ("EVENT",),
}


def _symbols_of(operation: Operation, parameter: Parameter) -> tuple[str, ...]:
    """The constants that a parameter may name; none where it names no constants."""
    if parameter.type not in ("symbol", "flags", "events"):
        return ()
    prefixes = _OF_OPERATIONS.get((operation.name, parameter.name)) or _OF_PARAMETERS[parameter.name]
    return tuple(name for prefix in prefixes for name in SYMBOLS[prefix])


REPORTED_EVENTS = (*SYMBOLS["POLL"], *SYMBOLS["EPOLL"], *SYMBOLS["EVENT"], *SYMBOLS["KQ"])
"""What poll, epoll, selectors and kqueue may say of an object."""

SYMBOLS_OF: dict[tuple[str, str], tuple[str, ...]] = {
    (operation.name, parameter.name): found
    for operation in OPERATIONS.values()
    for parameter in operation.parameters
    if (found := _symbols_of(operation, parameter))
}
"""Operation and parameter to the constants that it may name."""
