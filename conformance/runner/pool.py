"""Several cells at once: a pool of threads, each with a runner, and results computed before they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Protocol, TypeVar

from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.runner.cells import CellResult

AHEAD = 8
"""How many cells each worker may be ahead of the one that is asked for."""

WAIT = 0.5
"""Seconds of one wait for a result: on Windows Ctrl-C is seen only between waits."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class CellRunner(Protocol):
    """Runs cells one after the other."""

    def run(self, cell: Cell) -> CellResult:
        """Runs one cell."""

    def close(self) -> None:
        """Ends the worker."""


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

    def submit(self, cell: Cell) -> Future[CellResult]:
        """Has a cell run by the next thread that is free."""
        return self._threads.submit(self.run, cell)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of ``function``, which calls :meth:`run`, in the order of the items."""
        return self._threads.map(function, items)

    def close(self) -> None:
        """Ends all workers."""
        self.closed = True
        self._close_runners()
        self._threads.shutdown(cancel_futures=True)
        self._close_runners()  # again: a thread may have been making one

    def _close_runners(self) -> None:
        for runner in list(self._runners):
            runner.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunAhead:
    """Runs cells in their order, some of them before their results are asked for by number."""

    def __init__(self, cells: Sequence[Cell], make_runner: Callable[[], CellRunner], size: int) -> None:
        self._cells = cells
        self._pool = Pool(make_runner, size)
        self._window = AHEAD * size
        self._futures: dict[int, Future[CellResult]] = {}
        self._submitted = self._asked = 0
        self._submit()

    def result(self, number: int) -> CellResult:
        """The result of a cell, as often as it is asked for; earlier results are dropped.

        HarnessError where the result was dropped, or will not come because the pool was closed.
        """
        if number < self._asked:
            raise HarnessError(f"the result of cell {number} was dropped when that of {self._asked} was asked for")
        self._asked = number
        for early in [each for each in self._futures if each < number]:
            del self._futures[early]
        self._submit()
        future = self._futures[number]
        while not self._pool.closed and not wait([future], WAIT).done:
            pass
        if self._pool.closed:
            raise HarnessError(f"cell {number} was not run: the run was ended")
        return future.result()

    def _submit(self) -> None:
        until = min(len(self._cells), self._asked + self._window + 1)
        for number in range(self._submitted, until):
            self._futures[number] = self._pool.submit(self._cells[number])
        self._submitted = max(self._submitted, until)

    def close(self) -> None:
        """Ends all workers."""
        self._pool.close()
