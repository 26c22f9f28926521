"""Runs with hosts, through the command line: the privileges they need, and that nothing is left, however they end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIMITED = Path(__file__).with_name("limited_namespaces.py")

SCENARIO = """
summary: Data that nobody acknowledges.
sources: [nobody]
transports: [inet]
given: connected
cases: {a: {text: a}, b: {text: b}, c: {text: c}, d: {text: d}, e: {text: e}, f: {text: f}, g: {text: g}, h: {text: h}}
steps:
  - network: {cut: server}
  - network: {firewall: drop, on: server}
  - client: {send: {text: $text}, returns: 1}
  - client: {recv: 1, blocks: {for_at_least: 0.5}}
"""


def lacking() -> str:
    """Why no user namespace can be made here; empty where one can."""
    if sys.platform != "linux":
        return "user namespaces exist on Linux only"
    child = os.fork()
    if child == 0:
        os._exit(ctypes.CDLL(None).unshare(0x10000000) and 1)
    return "no user namespace can be made" if os.waitpid(child, 0)[1] else ""


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "never")

Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(start: Begin, leftovers, tmp_path: Path) -> Iterator[Begin]:
    """``conformance run`` of the scenario in a user namespace of its own, begun."""
    (tmp_path / "unanswered.yaml").write_text(SCENARIO, encoding="utf-8")

    def run(user: int, namespaces: str) -> subprocess.Popen[str]:
        command = (sys.executable, "-m", "conformance", "run", "-n", 2, "--reports", tmp_path / "reports")
        return start(
            LIMITED, user, namespaces, *command, tmp_path / "unanswered.yaml",
            folder=tmp_path, TMPDIR=str(leftovers.folder), PYTHONPATH=str(Path(__file__).parents[2]), COLUMNS="200",
        )  # fmt: skip

    return run


def last_line(process: subprocess.Popen[str]) -> str:
    """The last line of what a program says from now on."""
    out, err = process.communicate("\n", timeout=60)
    assert out, err
    return out.splitlines()[-1]


@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGKILL], ids=["its end", "Ctrl-C", "kill -9"])
def test_nothing_of_hosts_and_connections_stays_after(begin, leftovers, tmp_path: Path, end) -> None:
    with begin(0, "yes") as process:
        run = int(process.stdout.readline())
        assert leftovers.recorded(tmp_path / "reports", within=30), process.communicate()
        leftovers.remember(run)
        if end is not None:
            os.kill(run, end)
        assert leftovers.gone(within=30)
        assert last_line(process) == "0"
    assert list(leftovers.folder.iterdir()) == []


def test_an_ordinary_user_runs_everything_where_user_namespaces_are_allowed(begin) -> None:
    with begin(1000, "yes") as process:
        out, err = process.communicate(timeout=60)
    assert "8 cells" in out, out + err
    assert ": 8 pass\n" in out


def test_an_ordinary_user_without_namespaces_is_told_what_is_missing(begin) -> None:
    with begin(1000, "no") as process:
        out, err = process.communicate(timeout=60)
    assert ": 8 unsupported\n" in out, out + err
    assert "two hosts cannot be made here: not permitted (root, or unprivileged user namespaces, would allow it)" in out
