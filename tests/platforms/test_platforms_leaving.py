"""Leaving Wine ends what entering started, and nothing that another run uses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.platforms import PLATFORMS, cache_directory
from conformance.platforms.locks import Lock
from conformance.platforms.windows_wine import WindowsWine

pytestmark = pytest.mark.platform


@pytest.fixture
def cache() -> Path:
    """The cache with a prefix that no run uses."""
    folder = cache_directory()
    finding = PLATFORMS["windows-wine"].probe(folder)
    if not finding.available:
        pytest.skip(f"windows-wine: {finding.detail}; {finding.remedy}")
    if running_below(folder / "windows-wine"):
        pytest.skip("another run uses the prefix")
    return folder


def test_wine_can_be_left_and_entered_again_and_leaves_nothing_running(cache: Path) -> None:
    wine = WindowsWine()
    for _ in range(2):
        wine.interpreter(cache)
        assert running_below(cache / "windows-wine")
        wine.leave(cache)
        assert nothing_runs(cache)
    wine.leave(cache)


def test_a_run_that_leaves_does_not_end_another_runs_wine(cache: Path) -> None:
    leaving, staying = WindowsWine(), WindowsWine()
    leaving.interpreter(cache)
    interpreter = staying.interpreter(cache)
    worker = subprocess.Popen(
        [*interpreter.argv, "-u", "-c", "print(1); input(); print(2)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=interpreter.environ(),
    )
    assert worker.stdout is not None
    first = worker.stdout.readline()
    leaving.leave(cache)
    rest, _ = worker.communicate(b"\n", timeout=30)
    staying.leave(cache)
    assert (first.strip(), rest.strip()) == (b"1", b"2")
    assert nothing_runs(cache)


def nothing_runs(cache: Path) -> bool:
    """Whether the prefix's programs have ended, unless another run of these tests has entered meanwhile."""
    lock = Lock(cache / "locks" / "windows-wine.lock")
    try:
        return not lock.try_seize() or running_below(cache / "windows-wine") == []
    finally:
        lock.close()


def running_below(folder: Path) -> list[str]:
    """Command lines of running programs whose binary is in that folder."""
    lines = [_command_line(process) for process in Path("/proc").glob("[0-9]*")]
    return [line for line in lines if line.startswith(str(folder))]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""  # it has ended meanwhile
