"""One run's use of a Wine prefix: the server stays warm while it lasts, and nothing outlives the last run.

A Wine server ends by itself a few seconds after its last client. A session keeps one idle client, the
anchor, whose standard input this process holds: should this process die, the anchor reads the
end of file, ends, and the server follows. Sessions share a lock, so that only the last one to leave
ends the server that all of them use.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from conformance.platforms.base import Interpreter, SetupError
from conformance.platforms.commands import silently
from conformance.platforms.locks import Lock

_BOOT_SECONDS = 120
_LEAVE_SECONDS = 30
_ANCHOR = ("-I", "-S", "-c", "import sys; sys.stdin.buffer.read()")


class Session:
    """A share in the prefix's Wine server; `enter` makes it and `leave` ends it."""

    def __init__(self, lock: Lock, interpreter: Interpreter, server: Path) -> None:
        self._lock = lock
        self._environ = interpreter.environ()
        self._server = server
        self._anchor = subprocess.Popen(
            [*interpreter.argv, *_ANCHOR],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environ,
            start_new_session=True,  # an interrupt from the terminal is the controller's to handle
        )

    @classmethod
    def enter(cls, lock_file: Path, interpreter: Interpreter, server: Path) -> Session:
        """Boot the prefix's services and hold a share in them. Raises `SetupError`."""
        lock = Lock(lock_file)
        lock.share()
        # The first client starts the services, which inherit its streams: a worker's pipe would never end.
        boot = [interpreter.argv[0], "cmd", "/c", "exit"]
        if silently(boot, timeout=_BOOT_SECONDS, environ=interpreter.environ()) != 0:
            lock.close()
            raise SetupError("Wine did not start", "clean windows-wine and set it up again")
        return cls(lock, interpreter, server)

    def leave(self) -> None:
        """End the anchor, and the server too unless another run shares it; waits for both."""
        self._end_anchor()
        try:
            if self._lock.try_seize():
                for option in ("-k", "-w"):
                    silently([self._server, option], timeout=_LEAVE_SECONDS, environ=self._environ)
        finally:
            self._lock.close()

    def _end_anchor(self) -> None:
        assert self._anchor.stdin is not None  # it was asked for
        self._anchor.stdin.close()
        try:
            self._anchor.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._anchor.kill()
            self._anchor.wait()
