"""What a cell costs: against an empty pytest item, and against the same conversation written by hand with threads;
and what evidence adds to it.

Run it with ``python benchmarks/cost_per_cell.py``. All of them are timed in this one run, alternating, so that the
ratios hold on a machine whose speed drifts; only ratios are worth quoting.
"""

from __future__ import annotations

import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

import pytest

from conformance.language.corpus import bundled, load_one
from conformance.model.cell import Cell
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions

ROUNDS = 7
CELLS = 100
SCENARIO = "disconnecting/half-close-request-reply.yaml"


def by_hand() -> None:
    """The conversation of the scenario as one would write it in a test of one's own: a thread per side."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            server, _ = listener.accept()
            with server:
                assert b"".join(iter(lambda: server.recv(65536), b"")) == b"GET /"
                server.sendall(b"200 OK")

        thread = threading.Thread(target=serve)
        thread.start()
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"GET /")
            client.shutdown(socket.SHUT_WR)
            assert b"".join(iter(lambda: client.recv(65536), b"")) == b"200 OK"
        thread.join()


def seconds_by_hand() -> float:
    """Seconds per conversation written by hand."""
    began = time.perf_counter()
    for _ in range(CELLS):
        by_hand()
    return (time.perf_counter() - began) / CELLS


def seconds_per_cell(runner: Runner, cell: Cell) -> float:
    """Seconds per cell in a worker that runs already."""
    began = time.perf_counter()
    for _ in range(CELLS):
        assert runner.run(cell).verdict.kind == "pass"
    return (time.perf_counter() - began) / CELLS


class _Empty:
    """A pytest plugin that collects empty items and is silent."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(config.pluginmanager.get_plugin("terminalreporter"))


def seconds_per_empty_item(folder: Path, number: int) -> float:
    """Seconds per item of a pytest run of empty tests, start-up left out (the difference of two sizes)."""

    def run(count: int) -> float:
        path = folder / f"test_empty_{number}_{count}.py"
        path.write_text(f"import pytest\n@pytest.mark.parametrize('n', range({count}))\ndef test_empty(n): pass\n")
        began = time.perf_counter()
        pytest.main(["-p", "no:conformance", "-p", "no:cacheprovider", str(path)], plugins=[_Empty()])
        return time.perf_counter() - began

    return max(1e-6, (run(10 + CELLS * 5) - run(10)) / (CELLS * 5))


def main() -> None:
    """Prints the medians and the ratios."""
    path = bundled() / SCENARIO
    scenario = load_one(path, bundled())
    cell = Cell(scenario, scenario.cases[0], "loopback", "stdlib")
    runner, watching = Runner(OWN, WorkerOptions()), Runner(OWN, WorkerOptions(evidence=True))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        seconds_per_cell(runner, cell)
        seconds_per_cell(watching, cell)
        for number in range(ROUNDS):
            rows.append(
                (
                    seconds_per_cell(runner, cell),
                    seconds_per_cell(watching, cell),
                    seconds_by_hand(),
                    seconds_per_empty_item(Path(folder), number),
                )
            )
    runner.close()
    watching.close()
    cells, watched, hands, empties = zip(*rows, strict=True)
    print(f"one cell                    {statistics.median(cells) * 1e3:8.2f} ms")
    print(f"one cell with evidence      {statistics.median(watched) * 1e3:8.2f} ms")
    print(f"the same by hand            {statistics.median(hands) * 1e3:8.2f} ms")
    print(f"an empty pytest item        {statistics.median(empties) * 1e3:8.2f} ms")
    print(f"cell / by hand              {statistics.median(c / h for c, h in zip(cells, hands, strict=True)):8.1f}")
    print(f"with evidence / cell        {statistics.median(w / c for c, w in zip(cells, watched, strict=True)):8.1f}")
    print(f"cell / empty pytest item    {statistics.median(c / e for c, e in zip(cells, empties, strict=True)):8.1f}")


if __name__ == "__main__":
    main()
