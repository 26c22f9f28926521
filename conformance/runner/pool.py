"""Several cells at once: worker processes that run ahead of whoever asks for the results, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.runner.cells import Outcome

AHEAD = 8
"""How many cells each worker may be ahead of the one that is asked for."""

WAIT = 0.5
"""Seconds of one wait for a result: on Windows Ctrl-C is seen only between waits."""


class CellRunner(Protocol):
    """What runs cells one after the other."""

    def run(self, cell: Cell) -> Outcome:
        """Runs one cell."""

    def close(self) -> None:
        """Ends what it started."""


class Pool:
    """Runs cells in their order in ``size`` workers; results are asked for by number."""

    def __init__(self, cells: Sequence[Cell], make_runner: Callable[[], CellRunner], size: int) -> None:
        self._cells = cells
        self._make_runner = make_runner
        self._results: dict[int, Outcome | BaseException] = {}
        self._runners: list[CellRunner] = []
        self._next = 0
        self._asked = 0
        self._window = AHEAD * size
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def result(self, number: int) -> Outcome:
        """The outcome of a cell, as often as it is asked for; those before it are dropped.

        HarnessError where it was dropped, or will not come because the pool was closed.
        """
        with self._changed:
            if number < self._asked:
                raise HarnessError(f"the outcome of cell {number} was dropped when that of {self._asked} was asked for")
            self._asked = number
            for early in [each for each in self._results if each < number]:
                del self._results[early]
            self._changed.notify_all()
            while number not in self._results:
                if self._closed:
                    raise HarnessError(f"cell {number} was not run: the run was ended")
                self._changed.wait(WAIT)
            found = self._results[number]
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """Ends all workers; a cell that one of them is at is given up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for runner in self._runners:
            runner.close()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        runner: CellRunner | None = None
        while (number := self._take()) is not None:
            try:
                runner = runner or self._new_runner()
                result: Outcome | BaseException = runner.run(self._cells[number])
            except BaseException as error:  # noqa: BLE001 (a fault of ours is raised where the result is asked for)
                result = error
            self._put(number, result)
        if runner is not None:
            runner.close()

    def _new_runner(self) -> CellRunner:
        runner = self._make_runner()
        self._runners.append(runner)
        return runner

    def _take(self) -> int | None:
        """The next cell to run; None when there is none any more."""
        with self._changed:
            while not self._closed and self._next < len(self._cells) and self._next > self._asked + self._window:
                self._changed.wait()
            if self._closed or self._next >= len(self._cells):
                return None
            number, self._next = self._next, self._next + 1
            return number

    def _put(self, number: int, result: Outcome | BaseException) -> None:
        with self._changed:
            if number >= self._asked and not self._closed:
                self._results[number] = result
            self._changed.notify_all()
