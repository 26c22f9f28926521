"""The pool: several cells at once, results in order, faults where they are asked for."""

import threading
import time

import pytest

from conformance.model.errors import HarnessError
from conformance.runner.pool import AHEAD, RunAhead


class FakeRunner:
    """Stands in for a worker: a cell is a function that is called."""

    def __init__(self):
        self.closed = threading.Event()

    def run(self, cell):
        return cell(self)

    def close(self):
        self.closed.set()


@pytest.fixture
def pool():
    made = []

    def make(cells, size=2, make_runner=FakeRunner):
        made.append(RunAhead(cells, make_runner, size))
        return made[-1]

    yield make
    for each in made:
        each.close()


def after(seconds, result):
    return lambda _: time.sleep(seconds) or result


def test_results_come_in_the_order_of_the_cells_whatever_is_done_first(pool):
    cells = [after(0.05 if number % 3 == 0 else 0, number) for number in range(20)]
    made = pool(cells, 4)
    assert [made.result(number) for number in range(20)] == list(range(20))


def test_cells_run_at_the_same_time(pool):
    meeting = threading.Barrier(3, timeout=5)
    made = pool([lambda _: meeting.wait() >= 0] * 3, 3)
    assert all(made.result(number) for number in range(3))


def test_workers_run_ahead_only_so_far(pool):
    done = []
    made = pool([lambda _, number=number: done.append(number) for number in range(100)], 1)
    made.result(0)
    deadline = time.monotonic() + 5
    while len(done) <= AHEAD and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(done) == AHEAD + 1
    made.result(50)
    assert 51 <= len(done) <= 51 + AHEAD + 1


def test_a_result_can_be_asked_for_again_but_not_after_a_later_one(pool):
    made = pool([after(0, number) for number in range(3)])
    assert [made.result(0), made.result(0), made.result(2)] == [0, 0, 2]
    with pytest.raises(HarnessError, match="cell 0 was dropped when that of 2 was asked for"):
        made.result(0)


def test_a_fault_is_raised_where_its_result_is_asked_for_and_costs_that_cell_only(pool):
    made = pool([after(0, 0), lambda _: 1 / 0, after(0, 2)])
    assert made.result(0) == 0
    with pytest.raises(ZeroDivisionError):
        made.result(1)
    assert made.result(2) == 2


def test_a_runner_that_cannot_be_made_is_a_fault_of_each_cell_not_a_hang(pool):
    def none():
        raise OSError("no worker")

    made = pool([after(0, 0), after(0, 1)], 2, none)
    for number in (0, 1):
        with pytest.raises(OSError, match="no worker"):
            made.result(number)


def test_closing_gives_up_the_cell_that_a_worker_is_at(pool):
    began = threading.Event()

    def wait(runner):
        began.set()
        return runner.closed.wait(30)

    made = pool([wait] * 5, 1)
    assert began.wait(5)
    started = time.monotonic()
    made.close()
    assert time.monotonic() - started < 5


def test_nobody_waits_for_a_result_of_a_closed_pool(pool):
    release = threading.Event()
    made = pool([lambda _: release.wait(30)], 1)
    faults = []

    def ask():
        try:
            made.result(0)
        except HarnessError as error:
            faults.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    threading.Timer(0.1, release.set).start()
    made.close()
    asking.join(5)
    assert faults == ["cell 0 was not run: the run was ended"]


def test_every_runner_is_closed(pool):
    runners = []

    def make():
        runners.append(FakeRunner())
        return runners[-1]

    made = pool([after(0.02, number) for number in range(6)], 3, make)
    assert made.result(5) == 5
    made.close()
    assert runners
    assert all(each.closed.is_set() for each in runners)
