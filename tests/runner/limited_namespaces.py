"""Runs a program in a user namespace of its own, and prints afterwards how many network namespaces it left there.

``python limited_namespaces.py USER NAMESPACES COMMAND…``: USER is the program's user id, NAMESPACES whether it may
make user namespaces (yes or no). Prints the program's process id and, after a line of input, the number of network
namespaces that are left.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time

MOST = 48
"""The limit of network namespaces; those that cannot be made afterwards still exist (namespaces(7))."""

PATIENCE = 20.0
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


def main() -> None:
    user, allowed, *command = sys.argv[1:]
    outside, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{user} {outside} 1")
    write("/proc/self/gid_map", f"{user} {group} 1")
    write("/proc/sys/user/max_net_namespaces", str(MOST))
    if allowed == "no":
        write("/proc/sys/user/max_user_namespaces", "0")
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    print(program.pid, flush=True)
    if user != "0":
        print(program.wait(), flush=True)
        return
    program.wait()
    sys.stdin.readline()
    end = time.monotonic() + PATIENCE
    while (left := MOST - room()) and time.monotonic() < end:
        time.sleep(0.1)  # the kernel removes namespaces later, without an event
    print(left, flush=True)


def room() -> int:
    """The number of network namespaces that can still be made."""
    made = 0
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        kept = []
        try:
            while True:
                unshare(CLONE_NEWNET)
                kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))
                os.write(write, b".")
        except OSError:
            os._exit(0)
    os.close(write)
    while piece := os.read(read, 1024):
        made += len(piece)
    os.close(read)
    os.waitpid(child, 0)
    return made


def unshare(kind: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(kind) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
