"""One worker process as the controller sees it: started, given requests, listened to, and killed when it is stuck."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from dataclasses import dataclass

from conformance.model import protocol as p
from conformance.model.codec import Malformed, brief
from conformance.model.errors import HarnessError
from conformance.model.plan import Plan
from conformance.platforms.base import Interpreter
from conformance.runner.launch import WorkerOptions, worker_command, worker_environment

START_LIMIT = 180.0
"""Seconds within which a worker must greet; several emulated ones on a busy machine take long."""

GRACE = 5.0
"""Seconds beyond a step's own limit after which a silent worker counts as stuck, times the host's scale."""


class BadLine(HarnessError):  # noqa: N818 (named for what was received)
    """A line from the worker is no message of the protocol: an implementation wrote into the worker's output."""


@dataclass(frozen=True)
class Ended:
    """How a worker process ended: its exit status, or the signal that killed it (negative), and its last words."""

    status: int
    stderr: str


def _started(interpreter: Interpreter, options: WorkerOptions) -> subprocess.Popen[bytes]:
    command = worker_command(interpreter, options)
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

    def __init__(self, interpreter: Interpreter, options: WorkerOptions) -> None:
        self._process = _started(interpreter, options)
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._stderr: list[bytes] = []
        self._readers = [
            threading.Thread(target=target, daemon=True) for target in (self._read_lines, self._read_stderr)
        ]
        for reader in self._readers:
            reader.start()
        self.runs = 0
        self.hello = self._greeting()

    def send(self, plan: Plan) -> int:
        """Sends a plan; returns the number of the request."""
        self.runs += 1
        self.ask(p.RunRequest(self.runs, plan))
        return self.runs

    def ask(self, request: p.Request) -> None:
        """Sends a request. If the worker is gone, :meth:`receive` says so."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(p.REQUESTS.to_line(request))
            self._process.stdin.flush()

    def findings(self) -> p.Findings:
        """What transports, capabilities and faults lack here. HarnessError where the worker does not answer."""
        self.ask(p.ProbeRequest(0))
        try:
            answer = self.receive(START_LIMIT)
        except (BadLine, TimeoutError):
            answer = None
        if not isinstance(answer, p.Findings):
            raise HarnessError("the worker did not say what this machine can do")
        return answer

    def receive(self, seconds: float) -> p.Answer | None:
        """The next message; None when the worker is gone. TimeoutError after so many seconds; BadLine."""
        line = self._line(seconds)
        if line is None:
            return None
        try:
            answer: p.Answer = p.ANSWERS.of_line(line)
        except Malformed as error:
            text = brief(line.decode("utf-8", "replace").rstrip("\n"))
            raise BadLine(f"a line from the worker is no message of the protocol: {text}: {error}") from None
        return answer

    def _line(self, seconds: float) -> bytes | None:
        try:
            return self._lines.get(timeout=seconds)
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

    def _greeting(self) -> p.Hello:
        try:
            line = self._line(START_LIMIT)
        except TimeoutError:
            self.kill()
            raise HarnessError(f"the worker sent nothing for {START_LIMIT:.0f} s") from None
        version = p.version_in(line or b"")
        if version not in (None, p.PROTOCOL):
            self.kill()
            raise HarnessError(
                f"the worker speaks version {version} of the protocol, this controller version {p.PROTOCOL}: "
                "the worker's Python imports another conformance than this one"
            )
        try:
            hello = p.ANSWERS.of_line(line or b"")
        except Malformed as error:
            hello = error
        if isinstance(hello, p.Hello):
            return hello
        ended = self.wait()
        last = ended.stderr.strip().splitlines()[-1:] or [
            f"its greeting is malformed: {hello}" if line else "no output"
        ]
        raise HarnessError(f"the worker did not start (exit status {ended.status}): {last[0]}")

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                if line.endswith(b"\n"):  # else the worker ended while it wrote the line
                    self._lines.put(line)
        self._lines.put(None)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError, OSError):
            while chunk := self._process.stderr.read1(8192):  # type: ignore[attr-defined]  # a BufferedReader
                self._stderr.append(chunk)
                del self._stderr[:-64]
