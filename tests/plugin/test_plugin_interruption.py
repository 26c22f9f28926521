"""The pytest plugin when the run is ended from outside."""

import json
import signal
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")


@pytest.mark.parametrize("xdist", [(), ("-n", "2")], ids=("alone", "with xdist"))
def test_ctrl_c_ends_with_2_and_leaves_an_incomplete_record_and_nothing_else(
    start, repository, leftovers, tmp_path, xdist
):
    reports = tmp_path / "reports"
    with start(
        "-m", "pytest", *xdist, "-p", "no:cacheprovider", "--conformance-implementation", "wrappers.py:Slow",
        "--conformance-workers=1",
        f"--conformance-reports={reports}", "scenarios/bad", "scenarios/talk/words.yaml",
        "scenarios/talk/half-close.yaml",
        folder=repository, TMPDIR=str(leftovers.folder),
    ) as process:  # fmt: skip
        assert leftovers.recorded(reports, within=30), process.communicate()
        leftovers.remember(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out + err
    assert "KeyboardInterrupt" in out
    (record,) = reports.rglob("*.jsonl")
    types = [json.loads(line)["type"] for line in record.read_text("utf-8").splitlines()]
    assert types[:2] == ["header", "cell"]
    assert "footer" not in types
    assert leftovers.gone(within=20)
