"""Constants of socket, select and selectors that scenarios may name. Not every platform has all of them."""

from __future__ import annotations

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

REPORTED_EVENTS = (*SYMBOLS["POLL"], *SYMBOLS["EPOLL"], *SYMBOLS["EVENT"], *SYMBOLS["KQ"])
"""The events that poll, epoll, selectors and kqueue may report."""
