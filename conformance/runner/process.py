"""One worker process as the controller sees it: started, given requests, listened to, and killed when it is stuck."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass

from conformance.model import protocol as p
from conformance.model.codec import Malformed, brief
from conformance.model.errors import HarnessError
from conformance.model.plan import Plan
from conformance.platforms.base import Interpreter
from conformance.runner.launch import WorkerOptions, worker_command, worker_environment
from conformance.runner.output import WorkerStopped, output_of

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
    """A running worker; HarnessError where it cannot be started. One thread at a time uses it, others may kill it."""

    def __init__(self, interpreter: Interpreter, options: WorkerOptions) -> None:
        self._process = _started(interpreter, options)
        self._output = output_of(self._process)
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
        except (BadLine, TimeoutError, WorkerStopped):
            answer = None
        if not isinstance(answer, p.Findings):
            raise HarnessError("the worker did not say what this machine can do")
        return answer

    def receive(self, seconds: float) -> p.Answer | None:
        """The next message; None when the worker is gone. TimeoutError after so long; BadLine; WorkerStopped."""
        line = self._output.line(seconds)
        if line is None:
            return None
        try:
            answer: p.Answer = p.ANSWERS.of_line(line)
        except Malformed as error:
            text = brief(line.decode("utf-8", "replace"))
            raise BadLine(f"a line from the worker is no message of the protocol: {text}: {error}") from None
        return answer

    def interrupt(self) -> None:
        """Kills the worker while another thread may wait for its output: that thread then sees the end."""
        self._process.kill()

    def end(self) -> Ended:
        """Ends the worker, gently first, and waits for it."""
        self._close_input()
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

    def _close_input(self) -> None:
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()

    def _ended(self) -> Ended:
        said = self._output.last_words()
        self._close_input()
        self._output.close()
        return Ended(self._process.returncode, said)

    def _greeting(self) -> p.Hello:
        try:
            line = self._output.line(START_LIMIT)
        except TimeoutError:
            self.kill()
            raise HarnessError(f"the worker sent nothing for {START_LIMIT:.0f} s") from None
        except WorkerStopped:
            self.kill()
            raise HarnessError("the worker's process was stopped by a signal before its first word") from None
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
