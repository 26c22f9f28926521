"""How signals end a command: Ctrl-C, SIGTERM and SIGHUP alike, with the same clean-up. A second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from conformance.cli.exits import Exit

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the cursor of a terminal."""


class Interruption:
    """The signals that came while a command ran."""

    def __init__(self) -> None:
        self._name = ""

    @property
    def came_already(self) -> bool:
        """Whether a signal came."""
        return bool(self._name)

    @property
    def message(self) -> str:
        """The word for the terminal."""
        return "interrupted" if self._name in ("", "SIGINT") else f"interrupted by {self._name}"

    def came(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal. The first one raises KeyboardInterrupt, which all of the run cleans up after."""
        if self._name:
            end_at_once()
        self._name = signal.Signals(number).name
        raise KeyboardInterrupt(self._name)


def end_at_once() -> None:
    """Ends the process without cleaning up; each worker's watchdog ends the worker and removes its folder."""
    with contextlib.suppress(Exception):
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
        sys.stderr.write("interrupted again\n")
        sys.stderr.flush()
    os._exit(Exit.INTERRUPTED)


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handles these signals during the block. Ignored signals stay ignored, because nohup ignores SIGHUP.

    After a signal they stay handled: another one while the process ends must not show a traceback.
    """
    interruption = Interruption()
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    in_main = threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in numbers if in_main and signal.getsignal(each) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, interruption.came)
    try:
        yield interruption
    finally:
        for number, handler in before.items() if not interruption.came_already else ():
            signal.signal(number, handler)
