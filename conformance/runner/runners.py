"""Several runners at once: one for each thread, each used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from conformance.runner.cells import Cell, Outcome
from conformance.runner.pool import CellRunner

Item = TypeVar("Item")
Result = TypeVar("Result")


class Runners:
    """As many runners as threads; they are ended with the ``with`` block."""

    def __init__(self, factory: Callable[[], CellRunner], workers: int) -> None:
        self._factory = factory
        self._local = threading.local()
        self._made: list[CellRunner] = []
        self._pool = ThreadPoolExecutor(workers)

    def __enter__(self) -> Runners:
        return self

    def __exit__(self, *details: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for runner in self._made:
            runner.close()

    def run(self, cell: Cell) -> Outcome:
        """Runs a cell in the runner of this thread."""
        if not hasattr(self._local, "runner"):
            self._local.runner = self._factory()
            self._made.append(self._local.runner)
        outcome: Outcome = self._local.runner.run(cell)
        return outcome

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results for all items, in their order."""
        return self._pool.map(function, items)
