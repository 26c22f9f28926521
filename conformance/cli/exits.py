"""The exit statuses of all commands."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Exit(enum.IntEnum):
    """How a command can end."""

    NOTHING_UNEXPECTED = 0
    UNEXPECTED = 1
    USAGE = 2
    NOTHING_RAN = 3
    FAULT = 4
    INTERRUPTED = 130


def of_verdicts(verdicts: Iterable[str]) -> Exit:
    """The exit status of a run with these verdicts."""
    from conformance.engine.judge import UNEXPECTED  # only here: every command imports this module, --help too

    found = set(verdicts)
    if found & {*UNEXPECTED}:
        return Exit.UNEXPECTED
    return Exit.NOTHING_UNEXPECTED if found - {"unsupported"} else Exit.NOTHING_RAN
