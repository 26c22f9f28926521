"""Provisions two hosts, then becomes the worker: ``python -m conformance.runner.provision SETTINGS COMMAND…``.

Each host is an anonymous network namespace with an address of its own, joined to the other by a veth pair. The worker
inherits their descriptors; nothing else holds them, so the kernel removes both with the worker, whatever ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000

T = TypeVar("T")

PREFIX4, PREFIX6 = 24, 64
HOSTS = {"client": ("192.0.2.1", "2001:db8::1"), "server": ("192.0.2.2", "2001:db8::2")}
"""Each host's addresses, from the ranges kept for documentation (RFC 5737, RFC 3849)."""

NODAD = 0x02


def main() -> None:
    """Provisions, and execs the command with the settings completed."""
    settings: dict[str, Any] = json.loads(sys.argv[1])
    command = sys.argv[2:]
    try:
        settings["hosts"] = provision()
    except Exception as error:  # noqa: BLE001 (whatever fails, the worker runs without hosts and says why)
        settings["why_not"] = f"two hosts cannot be made here: {_reason(error)}"
    os.execvp(command[0], [*command, json.dumps(settings)])


def _reason(error: Exception) -> str:
    limited = isinstance(error, OSError) and error.errno == errno.ENOSPC  # by sysctl user.max_*_namespaces
    if isinstance(error, PermissionError) or limited:
        return "not permitted (root, or unprivileged user namespaces, would allow it)"
    return f"{type(error).__name__}: {error}"


def provision() -> dict[str, list[Any]]:
    """Makes both hosts; host name to [namespace descriptor, IPv4 address, IPv6 address]."""
    if os.geteuid() != 0:
        _own_user_namespace()
    descriptors = {name: _in_thread(_new_namespace) for name in HOSTS}
    _connect(descriptors)
    for descriptor in descriptors.values():
        os.set_inheritable(descriptor, True)
    return {name: [descriptors[name], *addresses] for name, addresses in HOSTS.items()}


def _in_thread(work: Callable[[], T]) -> T:
    """What ``work`` gives, done in a thread of its own: namespaces are joined per thread, and ours must not change."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(work).result()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _own_user_namespace() -> None:
    """Becomes root of a user namespace of our own; this process has one thread, as that needs."""
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc().unshare(CLONE_NEWUSER), "unshare(CLONE_NEWUSER)")
    with open("/proc/self/setgroups", "w", encoding="ascii") as file:
        file.write("deny")
    for name, number in (("uid_map", uid), ("gid_map", gid)):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(f"0 {number} 1")


def _new_namespace() -> int:
    """A new network namespace, by descriptor; the calling thread is in it."""
    _checked(_libc().unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(descriptor: int) -> None:
    _checked(_libc().setns(descriptor, CLONE_NEWNET), "setns")


def _connect(descriptors: dict[str, int]) -> None:
    """Joins the hosts by a veth pair and gives each its addresses."""
    _in_thread(lambda: _set_up(descriptors["client"], HOSTS["client"], peer=descriptors["server"]))
    _in_thread(lambda: _set_up(descriptors["server"], HOSTS["server"]))
    for descriptor in descriptors.values():
        _in_thread(lambda host=descriptor: _wait_for_carrier(host))  # type: ignore[misc]  # a default binds the loop's


def _set_up(host: int, addresses: tuple[str, str], peer: int | None = None) -> None:
    from pyroute2 import IPRoute

    _enter(host)
    with IPRoute() as route:
        if peer is not None:
            route.link("add", ifname="veth0", kind="veth", peer={"ifname": "veth0", "net_ns_fd": peer})
        _configure(route, addresses)


def _configure(route: Any, addresses: tuple[str, str]) -> None:
    loopback = route.link_lookup(ifname="lo")[0]
    veth = route.link_lookup(ifname="veth0")[0]
    route.link("set", index=loopback, state="up")
    route.addr("add", index=veth, address=addresses[0], prefixlen=PREFIX4)
    with contextlib.suppress(OSError):
        route.addr("add", index=veth, address=addresses[1], prefixlen=PREFIX6, flags=NODAD)
    route.link("set", index=veth, state="up")


def _wait_for_carrier(host: int) -> None:
    """veth has its carrier as soon as both ends are up; the kernel says so in a message that may still be under way."""
    from pyroute2 import IPRoute

    _enter(host)
    with IPRoute() as route:
        for _ in range(200):
            link = route.link("get", ifname="veth0")[0]
            if link.get("state") == "up" and link.get_attr("IFLA_OPERSTATE") == "UP":
                return
            route.poll(route.link, "dump", ifname="veth0", state="up", timeout=0.05)


if __name__ == "__main__":
    main()
