"""The descriptors of a process: closes all but some, and limits how many more it can open."""

from __future__ import annotations

import os


def close_all_but(*kept: int) -> None:
    """Closes every descriptor of this process except these."""
    start = 0
    for number in sorted(set(kept)):
        if start < number:  # closerange(0, 0) closes everything
            os.closerange(start, number)
        start = number + 1
    os.closerange(start, _highest() + 1)


def _highest() -> int:
    """A number that is at least that of the highest open descriptor."""
    try:
        return max(int(name) for name in os.listdir("/proc/self/fd"))
    except (OSError, ValueError):
        return min(int(os.sysconf("SC_OPEN_MAX")), 65536)


def limit(spare: int) -> None:
    """Lets this process open exactly this many more descriptors: each new one gets the lowest free number."""
    import resource

    number, free = 0, 0
    while free < spare or _is_open(number):
        free += not _is_open(number)
        number += 1
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
