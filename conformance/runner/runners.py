"""Several runners at once: one for each thread, each used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.runner.cells import Outcome
from conformance.runner.pool import CellRunner

Item = TypeVar("Item")
Result = TypeVar("Result")


class Runners:
    """As many runners as threads; they are ended with the ``with`` block."""

    def __init__(self, factory: Callable[[], CellRunner], workers: int) -> None:
        self._factory = factory
        self._local = threading.local()
        self._made: list[CellRunner] = []
        self._ended = False
        self._pool = ThreadPoolExecutor(workers)

    def __enter__(self) -> Runners:
        return self

    def __exit__(self, *details: object) -> None:
        self._ended = True
        self._close()  # what a thread is at after an interruption is given up
        self._pool.shutdown(cancel_futures=True)
        self._close()

    def _close(self) -> None:
        for runner in list(self._made):
            runner.close()

    def run(self, cell: Cell) -> Outcome:
        """Runs a cell in the runner of this thread. HarnessError once the block was left."""
        if self._ended:
            raise HarnessError("the run was ended")
        if not hasattr(self._local, "runner"):
            self._local.runner = self._factory()
            self._made.append(self._local.runner)
        outcome: Outcome = self._local.runner.run(cell)
        return outcome

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results for all items, in their order."""
        return self._pool.map(function, items)
