"""Prints one table of what a run costs, each figure with its limit, all measured in this one run.

Run it with ``python -m benchmarks [NAME]...``; without names all parts are measured, which takes some minutes.
Nothing is kept: it works in a folder that is removed at the end.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.commands import ROOT, python, seconds_of
from benchmarks.generated import scenarios
from benchmarks.table import Row, as_text

CELLS = re.compile(r"^(\d+) cells in", re.MULTILINE)
TESTS = re.compile(r"^Ran (\d+) tests in [\d.]+s(?:.*?skipped=(\d+))?", re.MULTILINE | re.DOTALL)
CORPUS = ROOT / "scenarios"
STATUSES = (0, 1)


def corpus(folder: Path) -> Iterator[Row]:
    """The whole corpus, also against CPython's own tests of sockets."""
    python("conformance", "check", folder=folder)
    quick = python("conformance", "run", "-m", "not time", "--reports", folder / "quick", folder=folder)
    everything = python("conformance", "run", "--reports", folder / "all", folder=folder)
    tests = python("test", "-v", "test_socket", folder=folder, statuses=(0, 2))
    cells = int(CELLS.findall(quick.out)[0])
    ran = TESTS.search(tests.out)
    yield Row("the corpus without `time`", quick.seconds, 10, "s", f"{cells} cells")
    yield Row("the whole corpus", everything.seconds, 22, "s")
    yield Row("controller, `conformance run`", 1e3 * quick.own / cells, 1.2, "ms CPU a cell")
    if ran is not None:
        each = tests.seconds / (int(ran[1]) - int(ran[2] or 0))
        yield Row("a cell, in executed tests of test_socket", quick.seconds / cells / each, 1 / 15, "×")


def plugin(folder: Path) -> Iterator[Row]:
    """The same cells under pytest, alone and with xdist."""
    arguments = ("pytest", "-q", "-p", "no:cacheprovider", "-m", "not time", CORPUS)
    alone = python(*arguments, folder=folder, statuses=STATUSES)
    spread = python(*arguments, "-n", "2", folder=folder, statuses=STATUSES)
    cells = sum(map(int, re.findall(r"(\d+) (?:passed|skipped)", alone.out.splitlines()[-1])))
    yield Row("controller, pytest", 1e3 * alone.own / cells, 2.0, "ms CPU a cell")
    yield Row("xdist with -n 2", spread.seconds / alone.seconds, 1.0, "× without xdist")


def scale(folder: Path) -> Iterator[Row]:
    """Generated cells: 1,000 and 50,000."""
    few, many = (
        python("conformance", "run", scenarios(folder, cells), "--reports", folder / str(cells), folder=folder)
        for cells in (1_000, 50_000)
    )
    yield Row("a cell of 50,000", many.own / 50 / few.own, 1.1, "× a cell of 1,000")
    yield Row("memory", (many.memory - few.memory) * 1024 / 49_000, 5, "KiB a cell")


def start_up(folder: Path) -> Iterator[Row]:
    """What commands cost before they do anything, and what the plugin costs those who have no scenarios."""
    for arguments, limit in (("--help", 0.1), ("run --help", 0.15), ("list scenarios", 0.5), ("check", 0.5)):
        command = [sys.executable, "-m", "conformance", *arguments.split()]
        yield Row(f"`{arguments}`", seconds_of(command, folder, 5), limit, "s")
    (folder / "test_theirs.py").write_text("def test_theirs():\n    pass\n", "utf-8")
    theirs = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_theirs.py")]
    without = seconds_of([*theirs, "-p", "no:conformance"], folder, 9)
    yield Row("an unrelated session of pytest", 1e3 * (seconds_of(theirs, folder, 9) - without), 10, "ms more")


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "corpus": corpus, "plugin": plugin, "scale": scale, "start-up": start_up,
}  # fmt: skip


def main() -> None:
    """Measures the named parts and prints the table."""
    names = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    rows: list[Row] = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            rows += PARTS[name](Path(folder))
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}\n")
    print(as_text(rows))


if __name__ == "__main__":
    main()
