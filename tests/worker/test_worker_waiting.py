"""When a thread is proved waiting, and when it is not."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from conformance.worker.adapters import StdlibAdapter
from conformance.worker.waiting.probes import best_probe
from conformance.worker.waiting.settling import STANDSTILL, LinuxTraffic, Settling, UnknownTraffic
from conformance.worker.waiting.watch import ProcProbe, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's account of threads is Linux's")

Start = Callable[[Callable[[], object]], threading.Thread]


@pytest.fixture
def probe() -> ProcProbe:
    found, _ = best_probe()
    if not isinstance(found, ProcProbe):
        pytest.skip(f"only the {found.name} probe works here")
    return found


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connected pair; closing it at the end releases waiting threads."""
    one, other = socket.socketpair()
    yield one, other
    for end in (one, other):
        end.close()


def started(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def proved(probe: ProcProbe, thread: threading.Thread, seconds: float) -> bool:
    """True if a thread is proved waiting within this many seconds."""
    watch = Watch(probe, int(thread.native_id or 0), StdlibAdapter.waits, 1.0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if watch.waiting() is not None:
            return True
    return False


def test_a_thread_in_recv_is_proved_waiting(probe: ProcProbe, ends: tuple[socket.socket, socket.socket]) -> None:
    thread = started(lambda: ends[0].recv(1))
    assert proved(probe, thread, 5.0)
    ends[1].send(b"x")
    thread.join(5.0)
    assert not thread.is_alive()


def test_a_busy_thread_is_not(probe: ProcProbe) -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = started(work)
    try:
        assert not proved(probe, thread, 0.3)
    finally:
        over.set()
        thread.join(5.0)


def test_a_thread_that_waits_for_a_lock_is_not(probe: ProcProbe) -> None:
    lock = threading.Lock()
    lock.acquire()
    thread = started(lock.acquire)
    try:
        assert not proved(probe, thread, 0.3)
    finally:
        lock.release()
        thread.join(5.0)


def test_a_thread_that_waits_for_the_interpreter_is_not(probe: ProcProbe) -> None:
    over: list[bool] = []
    thread = started(lambda: [sum(range(100)) for _ in iter(lambda: bool(over), True)])
    busy = started(lambda: [sum(range(100)) for _ in iter(lambda: bool(over), True)])
    try:
        assert not proved(probe, thread, 0.3)
    finally:
        over.append(True)
        thread.join(5.0)
        busy.join(5.0)


def test_held_back_bytes_must_stand_still() -> None:
    held = [("client", 5)]
    settling = Settling(LinuxTraffic(), lambda: held, lambda: 0, 1.0)
    assert not settling.settled()
    held[0] = ("client", 4)
    began = time.monotonic()
    while not settling.settled():
        pass
    assert time.monotonic() - began >= 0.05


class BusyEverySecondTime(UnknownTraffic):
    """A host that is busy at every second look, as if other cells ran."""

    looks = 0

    def busy(self) -> bool:
        self.looks += 1
        return self.looks % 2 == 0


def test_packets_of_other_cells_delay_the_answer_but_do_not_restart_the_standstill() -> None:
    settling = Settling(BusyEverySecondTime(), lambda: [("client", 5)], lambda: 0, 1.0)
    began = time.monotonic()
    answers = []
    while not (answers and answers[-1]):
        answers.append(settling.settled())
        assert time.monotonic() - began < 5.0
    assert time.monotonic() - began >= STANDSTILL
    assert len(answers) % 2 == 1, "settled while packets were under way"


def test_an_equal_count_after_something_ran_does_not_prove_equal_bytes() -> None:
    settling = Settling(UnknownTraffic(), lambda: [("client", 5)], lambda: 0, 1.0)
    began = time.monotonic()
    while time.monotonic() - began < 2 * STANDSTILL:
        assert not settling.settled()
        settling.moved()


def test_packets_of_the_cell_itself_restart_the_standstill() -> None:
    carried = iter(range(1_000_000))
    settling = Settling(UnknownTraffic(), lambda: [("client", 5)], lambda: next(carried), 1.0)
    began = time.monotonic()
    while time.monotonic() - began < 2 * STANDSTILL:
        assert not settling.settled()


def test_nothing_held_back_is_settled() -> None:
    settling = Settling(LinuxTraffic(), lambda: [("client", 0)], lambda: 0, 1.0)
    deadline = time.monotonic() + 5.0
    while not settling.settled():
        assert time.monotonic() < deadline
