"""The pool: several cells at once, results by number, faults where they are asked for."""

import threading
import time

import pytest

from conformance.model.errors import HarnessError
from conformance.runner.pool import RunAhead


class FakeRunner:
    """Stands in for a worker: a cell is a function that is called."""

    def __init__(self):
        self.closed = threading.Event()

    def run(self, cell):
        return cell(self)

    def interrupt(self):
        self.closed.set()

    def close(self):
        self.closed.set()


@pytest.fixture
def pool():
    made = []

    def make(cells, size=2, make_runner=FakeRunner, order=None, done=None, window=None):
        order, results = range(len(cells)) if order is None else order, {}
        made.append(RunAhead(cells, order, make_runner, size, done or results.__setitem__, window))
        made[-1].results = results
        return made[-1]

    yield make
    for each in made:
        each.close()


def after(seconds, result):
    return lambda _: time.sleep(seconds) or result


def test_results_come_in_the_order_of_the_cells_whatever_is_done_first(pool):
    cells = [after(0.05 if number % 3 == 0 else 0, number) for number in range(20)]
    made = pool(cells, 4)
    for number in range(20):
        made.wait_for(number)
        assert made.results[number] == number


def test_cells_run_at_the_same_time(pool):
    meeting = threading.Barrier(3, timeout=5)
    made = pool([lambda _: meeting.wait() >= 0] * 3, 3)
    made.wait()
    assert made.results == {0: True, 1: True, 2: True}


def until(condition):
    """Waits until a condition holds that another thread makes true."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_workers_run_ahead_only_so_far(pool):
    done = []
    made = pool([lambda _, number=number: done.append(number) for number in range(100)], 1, window=3)
    until(lambda: len(done) == 3)
    made.wait_for(0)
    until(lambda: len(done) == 4)
    assert done == [0, 1, 2, 3]


def test_a_cell_whose_result_is_waited_for_comes_next(pool):
    done = []
    made = pool([lambda _, number=number: done.append(number) for number in range(100)], 1, window=3)
    until(lambda: len(done) == 3)
    made.wait_for(90)
    assert done == [0, 1, 2, 90]


def test_cells_begin_in_the_given_order(pool):
    done = []
    made = pool([lambda _, number=number: done.append(number) for number in range(5)], 1, order=[3, 1, 0, 2, 4])
    made.wait()
    assert done == [3, 1, 0, 2, 4]


def test_a_cell_may_be_waited_for_again(pool):
    made = pool([after(0, number) for number in range(3)], window=2)
    for number in (0, 2, 0):
        made.wait_for(number)


def test_all_cells_are_run_and_handed_over_as_they_end(pool):
    slow = threading.Event()
    ended = []

    def done(number, result):
        ended.append((number, result))
        if number == 99:
            slow.set()

    cells = [lambda _: slow.wait(5), *(after(0, number) for number in range(1, 100))]
    pool(cells, 2, done=done).wait()
    assert ended == [*((number, number) for number in range(1, 100)), (0, True)]


def test_what_is_done_with_a_result_comes_before_the_next_cell_of_that_worker(pool):
    events = []
    cells = [lambda _, number=number: events.append(("ran", number)) for number in range(3)]
    pool(cells, 1, done=lambda number, _: events.append(("done", number))).wait()
    assert events == [(what, number) for number in range(3) for what in ("ran", "done")]


def test_without_a_window_a_fault_ends_the_run(pool):
    ran = []
    cells = [lambda _: 1 / 0, *(lambda _, number=number: ran.append(number) for number in range(1, 50))]
    with pytest.raises(ZeroDivisionError):
        pool(cells, 1).wait()
    assert ran == []


def test_a_fault_is_raised_where_its_result_is_asked_for_and_costs_that_cell_only(pool):
    made = pool([after(0, 0), lambda _: 1 / 0, after(0, 2)], window=9)
    made.wait_for(0)
    with pytest.raises(ZeroDivisionError):
        made.wait_for(1)
    made.wait_for(2)
    assert made.results == {0: 0, 2: 2}


def test_a_runner_that_cannot_be_made_is_a_fault_of_each_cell_not_a_hang(pool):
    def none():
        raise OSError("no worker")

    made = pool([after(0, 0), after(0, 1)], 2, none, window=9)
    for number in (0, 1):
        with pytest.raises(OSError, match="no worker"):
            made.wait_for(number)


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
            made.wait_for(0)
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
    made.wait()
    made.close()
    assert runners
    assert all(each.closed.is_set() for each in runners)
