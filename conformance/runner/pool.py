"""Several cells at once: a pool of threads, each with a runner; and cells that run before anybody waits for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, TypeVar

from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.runner.cells import CellResult

AHEAD = 8
"""How many cells each worker may run before somebody waits for them."""

WAIT = 0.5
"""Seconds of one wait for a result: on Windows Ctrl-C is seen only between waits."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class CellRunner(Protocol):
    """Runs cells one after the other."""

    def run(self, cell: Cell) -> CellResult:
        """Runs one cell."""

    def interrupt(self) -> None:
        """Ends the cell that runs, from another thread; no other will be run."""

    def close(self) -> None:
        """Ends the worker."""


def _closed(runners: Sequence[CellRunner]) -> None:
    """Ends all workers at the same time: each takes some time to end."""
    threads = [threading.Thread(target=runner.close) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Pool:
    """Threads, each with a runner of its own. Closing gives up the cells that run at that moment."""

    def __init__(self, make_runner: Callable[[], CellRunner], size: int) -> None:
        self._make_runner = make_runner
        self._local = threading.local()
        self._runners: list[CellRunner] = []
        self.closed = False
        self._threads = ThreadPoolExecutor(size)

    def run(self, cell: Cell) -> CellResult:
        """Runs a cell in the runner of this thread. HarnessError once the pool is closed."""
        if self.closed:
            raise HarnessError("the run was ended")
        if not hasattr(self._local, "runner"):
            self._local.runner = self._make_runner()
            self._runners.append(self._local.runner)
        result: CellResult = self._local.runner.run(cell)
        return result

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of ``function``, which calls :meth:`run`, in the order of the items."""
        return self._threads.map(function, items)

    def close(self) -> None:
        """Ends all workers."""
        self.closed = True
        for runner in list(self._runners):
            runner.interrupt()
        self._threads.shutdown(cancel_futures=True)
        _closed(self._runners)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunAhead:
    """Runs numbered cells on several workers in the order of ``order``.

    ``done`` is called in the thread that ran a cell, before that thread begins another. With a ``window`` only so many
    cells begin before :meth:`wait_for` is called for them, and one that is waited for comes next. Without one all
    cells are run, and the first fault ends the run.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        order: Iterable[int],
        make_runner: Callable[[], CellRunner],
        size: int,
        done: Callable[[int, CellResult], None],
        window: int | None = None,
    ) -> None:
        self._cells, self._make_runner, self._done, self._window = cells, make_runner, done, window
        self._left = dict.fromkeys(order)
        """The numbers of the cells that have not begun, in their order."""
        self._unasked: set[int] = set()
        """Those that have begun and nobody has waited for."""
        self._running: set[int] = set()
        self._wanted: deque[int] = deque()
        self._faults: dict[int, BaseException] = {}
        self._closed = False
        self._changed = threading.Condition()
        self._runners: list[CellRunner] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, number: int) -> None:
        """Waits until a cell is over. Raises its fault; HarnessError where the run was ended before."""
        with self._changed:
            self._unasked.discard(number)
            if number in self._left:
                self._wanted.append(number)
            self._changed.notify_all()
            self._until(lambda: number not in self._left and number not in self._running)
            if number in self._left or number in self._running:
                raise HarnessError(f"cell {number} was not run: the run was ended")
        if number in self._faults:
            raise self._faults[number]

    def wait(self) -> None:
        """Waits until all cells are over. Raises the first fault."""
        with self._changed:
            self._until(lambda: bool(self._faults) or not (self._left or self._running))
        for fault in self._faults.values():
            raise fault

    def _until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds or the run is ended."""
        while not self._closed and not holds():
            self._changed.wait(WAIT)

    def _work(self) -> None:
        """One thread: runs cells until there is none left."""
        runner: CellRunner | None = None
        while (number := self._next()) is not None:
            fault: BaseException | None = None
            try:
                if runner is None:
                    runner = self._make_runner()
                    self._runners.append(runner)
                result = runner.run(self._cells[number])
                if not self._closed:
                    self._done(number, result)
            except BaseException as error:  # noqa: BLE001 (raised in the thread that waits for the cell)
                fault = error
            self._over(number, fault)
        if runner is not None:
            runner.close()

    def _next(self) -> int | None:
        """The number of the next cell; None if there is none, or the run is ended."""
        with self._changed:
            while self._left and not self._closed:
                while self._wanted and self._wanted[0] not in self._left:
                    self._wanted.popleft()
                if self._wanted or self._window is None or len(self._unasked) < self._window:
                    return self._begun(self._wanted[0] if self._wanted else next(iter(self._left)))
                self._changed.wait()
        return None

    def _begun(self, number: int) -> int:
        del self._left[number]
        self._running.add(number)
        if number not in self._wanted:
            self._unasked.add(number)
        return number

    def _over(self, number: int, fault: BaseException | None) -> None:
        with self._changed:
            if self._closed:
                return  # the cell was given up, and whoever waits for it must not take it for one that is over
            self._running.discard(number)
            if fault is not None:
                self._faults[number] = fault
                if self._window is None:
                    self._left.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Ends all workers, and gives up what they run."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for runner in list(self._runners):
            runner.interrupt()
        for thread in self._threads:
            thread.join()
