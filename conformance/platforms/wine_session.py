"""One run's use of a Wine prefix. The Wine server runs as long as any session, and ends with the last one.

A Wine server ends by itself a few seconds after its last client. So a session keeps one idle client, the anchor. This
process holds the standard input of the anchor: if this process dies, the anchor reads the end of the file and ends, and
then the server ends, too. Sessions share a lock, so that only the last session ends the server.
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
    """A share in the Wine server of a prefix, from `enter` to `leave`."""

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
            start_new_session=True,  # Ctrl-C on the terminal is for the controller only
        )

    @classmethod
    def enter(cls, lock_file: Path, interpreter: Interpreter, server: Path) -> Session:
        """Start the services of the prefix and take a share in them. Raises `SetupError`."""
        lock = Lock(lock_file)
        lock.share()
        # The first client starts the services. They inherit its streams, so the first one must not be a worker.
        boot = [interpreter.argv[0], "cmd", "/c", "exit"]
        if silently(boot, timeout=_BOOT_SECONDS, environ=interpreter.environ()) != 0:
            lock.close()
            raise SetupError("Wine did not start", "clean windows-wine and set it up again")
        return cls(lock, interpreter, server)

    def leave(self) -> None:
        """End the anchor, and the server unless another run shares it; waits for both."""
        self._end_anchor()
        try:
            if self._lock.try_seize():
                for option in ("-k", "-w"):
                    silently([self._server, option], timeout=_LEAVE_SECONDS, environ=self._environ)
        finally:
            self._lock.close()

    def _end_anchor(self) -> None:
        assert self._anchor.stdin is not None  # Popen was called with PIPE
        self._anchor.stdin.close()
        try:
            self._anchor.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._anchor.kill()
            self._anchor.wait()
