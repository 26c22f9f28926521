"""Provisions two hosts, then becomes the worker.

The worker inherits their descriptors. Nothing else keeps the hosts alive, so the kernel removes them when the worker
ends, for whatever reason.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from dataclasses import astuple
from typing import Any

from conformance.tables.topologies import DIRECT, TOPOLOGIES
from conformance.worker.network.networks import make

CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Provisions the hosts, adds them to the settings, and executes the command; both are arguments of the process."""
    settings: dict[str, Any] = json.loads(sys.argv[1])
    command = sys.argv[2:]
    try:
        settings["hosts"] = provision()
    except Exception as error:  # noqa: BLE001 (on any error the worker runs without hosts and says why)
        settings["why_not"] = f"two hosts cannot be made here: {_reason(error)}"
    os.execvp(command[0], [*command, json.dumps(settings)])


def _reason(error: Exception) -> str:
    limited = isinstance(error, OSError) and error.errno == errno.ENOSPC  # by sysctl user.max_*_namespaces
    if isinstance(error, PermissionError) or limited:
        return "not permitted (root, or unprivileged user namespaces, would allow it)"
    return f"{type(error).__name__}: {error}"


def provision() -> dict[str, list[Any]]:
    """Makes both hosts. Returns host name to [namespace descriptor, IPv4 address, IPv6 address]."""
    if os.geteuid() != 0:
        _own_user_namespace()
    network = make(TOPOLOGIES[DIRECT])
    for descriptor in network.held:
        os.set_inheritable(descriptor, True)
    return {name: list(astuple(host)) for name, host in network.hosts.items()}


def _own_user_namespace() -> None:
    """Becomes root of a new user namespace; only a process with a single thread can."""
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare(CLONE_NEWUSER): {os.strerror(number)}")
    with open("/proc/self/setgroups", "w", encoding="ascii") as file:
        file.write("deny")
    for name, number in (("uid_map", uid), ("gid_map", gid)):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(f"0 {number} 1")
