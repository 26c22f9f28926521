"""One worker process as the controller sees it: started, given plans, listened to, and killed when it is stuck."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.model.errors import HarnessError
from conformance.model.plan import WIRE, Plan
from conformance.platforms.base import Interpreter
from conformance.runner.launch import Surroundings, worker_command, worker_environment

START_LIMIT = 180.0
"""Seconds within which a worker must say hello; several emulated ones on a busy machine take long."""

GRACE = 5.0
"""Seconds beyond a step's own limit after which a silent worker counts as stuck, times the host's scale."""


@dataclass(frozen=True)
class Ended:
    """How a worker process ended: its exit status, or the signal that killed it (negative), and its last words."""

    status: int
    stderr: str


def _started(interpreter: Interpreter, surroundings: Surroundings) -> subprocess.Popen[bytes]:
    command = worker_command(interpreter, surroundings)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(interpreter),
            close_fds=True,
        )
    except OSError as error:
        raise HarnessError(f"the worker could not be started: {command[0]}: {error.strerror}") from None


class WorkerProcess:
    """A running worker; HarnessError where it cannot be started."""

    def __init__(self, interpreter: Interpreter, surroundings: Surroundings) -> None:
        self._process = _started(interpreter, surroundings)
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._stderr: list[bytes] = []
        self._readers = [
            threading.Thread(target=target, daemon=True) for target in (self._read_messages, self._read_stderr)
        ]
        for reader in self._readers:
            reader.start()
        self.runs = 0
        self.hello: dict[str, Any] = self._greeting()
        self.facts: dict[str, Any] = self.hello["hello"]
        self.scale = float(self.hello["scale"])

    def send(self, plan: Plan) -> int:
        """Hands over a plan; its number."""
        self.runs += 1
        self.ask({"run": self.runs, "plan": WIRE.encode(plan)})
        return self.runs

    def ask(self, request: Mapping[str, Any]) -> None:
        """Sends a request; of a worker that is gone, :meth:`receive` says so."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def findings(self) -> dict[str, dict[str, str | None]]:
        """What transports, capabilities and faults lack here, by kind and name; null where nothing.

        HarnessError where the worker does not say.
        """
        self.ask({"probe": 0})
        try:
            told = self.receive(START_LIMIT)
        except TimeoutError:
            told = None
        if told is None or "probed" not in told:
            raise HarnessError("the worker did not say what this machine can do")
        found: dict[str, dict[str, str | None]] = told["findings"]
        return found

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message; None when the worker is gone. TimeoutError when nothing comes for so long."""
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None

    def end(self) -> Ended:
        """Ends the worker, gently first, and waits for it."""
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return self.kill()
        return self._ended()

    def kill(self) -> Ended:
        """Kills the worker and waits for it."""
        self._process.kill()
        self._process.wait()
        return self._ended()

    def wait(self) -> Ended:
        """How the worker ended, once its output has."""
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            return self.kill()
        return self._ended()

    def _ended(self) -> Ended:
        for reader in self._readers:
            reader.join(1.0)
        streams = [self._process.stdin]
        if not any(reader.is_alive() for reader in self._readers):
            streams += [self._process.stdout, self._process.stderr]
        for stream in streams:  # closing one that is being read would wait for whoever still holds its other end
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()
        return Ended(self._process.returncode, b"".join(self._stderr).decode("utf-8", "replace"))

    def _greeting(self) -> dict[str, Any]:
        try:
            hello = self.receive(START_LIMIT)
        except TimeoutError:
            self.kill()
            raise HarnessError(f"the worker said nothing for {START_LIMIT:.0f} s") from None
        if hello is None or "hello" not in hello:
            ended = self.wait()
            last = ended.stderr.strip().splitlines()[-1:] or ["nothing on standard error"]
            raise HarnessError(f"the worker did not start (exit status {ended.status}): {last[0]}")
        return hello

    def _read_messages(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                with contextlib.suppress(json.JSONDecodeError):
                    self._messages.put(json.loads(line))
        self._messages.put(None)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError, OSError):
            while chunk := self._process.stderr.read1(8192):  # type: ignore[attr-defined]  # a BufferedReader
                self._stderr.append(chunk)
                del self._stderr[:-64]
