"""Asks one worker, before the run, whether the named implementations can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.model.errors import HarnessError
from conformance.model.examined import Examined
from conformance.model.observation import crashed
from conformance.model.protocol import Examination, ExamineRequest
from conformance.platforms.base import Interpreter
from conformance.runner.launch import WorkerOptions
from conformance.runner.output import WorkerStopped
from conformance.runner.process import BadLine, WorkerProcess

LIMIT = 15.0
"""Seconds for each part of an examination, times the host's scale."""

_REMEDIES = {"importing it": "move what waits or exits into a function", "calling it": "let it return or raise"}
"""The parts without which nothing can be tested, and what to do; a failure of a later part is a note."""


def examined(interpreter: Interpreter, implementations: Sequence[str]) -> dict[str, Examined]:
    """What a worker of this Python finds out about each implementation. HarnessError where no worker starts.

    ``stdlib`` needs no examination and gets none.
    """
    found: dict[str, Examined] = {}
    worker: WorkerProcess | None = None
    try:
        for name in dict.fromkeys(implementations):
            if name != "stdlib":
                worker = worker or WorkerProcess(interpreter, WorkerOptions())
                found[name], alive = _examined(worker, name)
                worker = worker if alive else None
    finally:
        if worker is not None:
            worker.end()
    return found


def _examined(worker: WorkerProcess, name: str) -> tuple[Examined, bool]:
    """The findings, and whether the worker survived them."""
    found, limit = Examined(name, "importing it"), LIMIT * worker.hello.scale
    worker.ask(ExamineRequest(name))
    while found.doing:
        try:
            message = worker.receive(limit)
        except BadLine as error:
            worker.kill()
            return _failed(found, f"writes into the worker's output: {error}"), False
        except TimeoutError:
            worker.kill()
            return _failed(found, f"does not end within {limit:.0f} s"), False
        except WorkerStopped:
            worker.kill()
            return _failed(found, "stops the process"), False
        if message is None:
            death = crashed(worker.wait().status).reason or "died"
            return _failed(found, f"ends the process, which {death}"), False
        if not isinstance(message, Examination):
            raise HarnessError(f"the worker answered an examination with {type(message).__name__}")
        found = message.examined
    return found, True


def _failed(found: Examined, failure: str) -> Examined:
    """The findings of a worker that hung or died in the part that they name."""
    if remedy := _REMEDIES.get(found.doing):
        return replace(found, reason=f"{found.doing} {failure}", remedy=remedy, doing="")
    operation = found.doing.rstrip("()")
    return replace(found, raised={**found.raised, operation: failure}, doing="")
