"""The capabilities that a scenario may need beside its transport. A probe in the worker decides about each."""

from __future__ import annotations

CAPABILITIES: dict[str, str] = {
    "SCM_RIGHTS": "descriptors can be passed over AF_UNIX",
    "epoll": "select.epoll exists",
    "poll": "select.poll exists",
    "kqueue": "select.kqueue exists",
    "fork": "os.fork exists and works",
    "rlimit": "the number of descriptors can be limited",
    "vanish": "a TCP connection can disappear silently (Linux TCP_REPAIR, CAP_NET_ADMIN)",
    "unprivileged-user": "the worker may start an actor as another, unprivileged user",
    "process": "an actor can have a process of its own (os.fork)",
    "hosts": "the harness has two hosts of its own and can disturb their network",
    "black-hole": "everything between the hosts can be lost (Linux sch_blackhole)",
    "packet-rules": "single packets between the hosts can be lost, doubled, damaged, held, delayed, cut (a TUN device)",
    "rate-limit": "what a host sends can be slowed down (Linux sch_tbf)",
    "firewall": "a host can refuse packets (Linux nf_tables)",
    "reboot": "a host's TCP sockets can be destroyed (Linux SOCK_DESTROY)",
    "offloads": "a host's link can be set to leave segments as they are (Linux ethtool)",
    "packet-injection": "raw packets can be sent between the hosts",
    "sysctl": "the hosts' network settings can be changed",
    "dual-stack": "an IPv6 socket can take IPv4 connections",
}
"""Each capability and its meaning."""
