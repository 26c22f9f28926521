"""Runs that are ended by Ctrl-C, SIGTERM or SIGHUP, once or twice."""

import signal
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals for one process")


@pytest.fixture
def running(start, repository, leftovers):
    """A slow run, after its first cell."""
    reports = leftovers.folder / "runs"
    arguments = ("run", "scenarios", "-n", "1", "-i", "wrappers.py:Slow", "--reports", reports)
    with start("-m", "conformance", *arguments, folder=repository, TMPDIR=str(leftovers.folder)) as process:
        assert leftovers.recorded(reports, within=60), process.communicate()
        leftovers.remember(process.pid)
        yield process


@pytest.mark.parametrize(
    "name, says",
    [("SIGINT", "interrupted"), ("SIGTERM", "interrupted by SIGTERM"), ("SIGHUP", "interrupted by SIGHUP")],
)
def test_a_signal_ends_with_130_a_word_and_a_readable_incomplete_record(running, leftovers, told, name, says):
    running.send_signal(getattr(signal, name))
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert err.splitlines()[-1] == says
    assert "Traceback" not in err
    (path,) = leftovers.folder.glob("runs/*/*/*.jsonl")
    assert "is incomplete" in told("compare", path, path).err
    assert leftovers.gone(within=20)


def test_a_second_ctrl_c_ends_at_once_without_a_traceback_and_leaves_nothing(running, leftovers, told):
    for _ in range(2):
        running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert err.splitlines()[-1] in ("interrupted", "interrupted again")
    assert "Traceback" not in err
    (path,) = leftovers.folder.glob("runs/*/*/*.jsonl")
    assert "is incomplete" in told("compare", path, path).err
    assert leftovers.gone(within=20)


def test_a_run_under_nohup_outlives_its_terminal(start, repository, tmp_path):
    script = tmp_path / "nohup.py"
    script.write_text(
        "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from conformance.cli import main\nos.kill(os.getpid(), signal.SIGHUP)\nmain()\n"
    )
    with start(script, "list", "transports", folder=repository) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "loopback" in out) == (0, True), err
