"""A fixture that cannot be made says which call failed, how, and where in the implementation."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.model.errors import FixtureFailed
from conformance.model.plan import Given, Plan
from conformance.worker import set_up as setting_up
from conformance.worker.actors.threads import Callers
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.clean_up import clean_up
from conformance.worker.context import WorkerContext
from conformance.worker.network.networks import SharedHosts
from conformance.worker.stage import stage_for
from conformance.worker.waiting.probes import best_probe

Failing = Callable[[object], FixtureFailed]
OVER = threading.Event()


class RefusesToConnect(socket.socket):
    def connect(self, address: object) -> None:
        self.refuse()

    def refuse(self) -> None:
        raise ConnectionRefusedError("not today")


class HangsInListen(socket.socket):
    def listen(self, backlog: int = 1) -> None:
        OVER.wait()


class RecursesInBind(socket.socket):
    def bind(self, address: object) -> None:
        self.bind(address)


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    """What is raised as the fixture is made with an implementation."""
    monkeypatch.setattr(setting_up, "FIXTURE_LIMIT", 0.5)
    OVER.clear()

    def fail(implementation: object) -> FixtureFailed:
        plan = Plan("cell", "loopback", "tried", Given("connected"), ())
        probe, traffic = best_probe()
        context = WorkerContext(Callers(probe), traffic, 1.0, str(tmp_path), SharedHosts())
        stage = stage_for(plan, ShapedAdapter(implementation, "tried"), context, 1)
        try:
            with pytest.raises(FixtureFailed) as caught:
                setting_up.set_up(stage)
        finally:
            OVER.set()
            assert clean_up(stage, False)
        return caught.value

    yield fail
    OVER.set()


def test_a_call_that_raises_is_named_with_its_actor_and_its_error(failing: Failing) -> None:
    failed = failing(RefusesToConnect)
    assert str(failed) == "the fixture failed: connect() of client raised ConnectionRefusedError: not today"
    assert (failed.call, failed.hung) == ("connect() of client", False)


def test_the_traceback_has_the_frames_of_the_implementation_only(failing: Failing) -> None:
    lines = failing(RefusesToConnect).traceback.splitlines()
    assert [line.rpartition(" ")[2] for line in lines if line.startswith("  File")] == ["connect", "refuse"]
    assert all(__file__ in line for line in lines if line.startswith("  File"))


def test_a_long_traceback_is_cut_to_its_last_lines(failing: Failing) -> None:
    failed = failing(RecursesInBind)
    assert "bind() of server raised RecursionError" in str(failed)
    assert len(failed.traceback.splitlines()) <= 20


def test_a_call_that_hangs_is_named_and_is_no_error_of_the_harness(failing: Failing) -> None:
    failed = failing(HangsInListen)
    assert str(failed).startswith("the fixture failed: listen() of server hung")
    assert (failed.call, failed.hung) == ("listen() of server", True)
    assert "in listen" in failed.traceback
    assert "in wait" in failed.traceback
    assert "_bootstrap" not in failed.traceback
