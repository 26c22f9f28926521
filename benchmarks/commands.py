"""Runs programs and measures them: seconds, processor time of the program itself and of what it started, memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_PROBE = """
import json, resource, runpy, sys
figures, module = sys.argv[1:3]
sys.argv[:] = sys.argv[2:]
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
finally:
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(figures, "w") as file:
        json.dump([own.ru_utime + own.ru_stime, below.ru_utime + below.ru_stime, own.ru_maxrss], file)
"""


@dataclass(frozen=True)
class Measured:
    """One run of a program."""

    seconds: float
    own: float
    """Seconds of processor time of the program itself."""
    below: float
    """Seconds of processor time of the processes that it started and waited for."""
    memory: float
    """The most memory of the program itself, in MiB."""
    out: str


def python(*command: object, folder: Path, statuses: Sequence[int] = (0,)) -> Measured:
    """Runs a module with this Python."""
    figures = folder / "figures.json"
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, str(figures), *map(str, command)],
        cwd=folder, env=_environment(folder), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode not in statuses:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    own, below, memory = json.loads(figures.read_text())
    return Measured(seconds, own, below, memory / 1024, done.stdout)


def seconds_of(command: Sequence[str], folder: Path, times: int) -> float:
    """The median of the seconds that a command takes; the first run is not counted, because it fills caches."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True, check=True)
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "CONFORMANCE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "CONFORMANCE_CACHE": str(folder / "cache"), "COLUMNS": "100"}
