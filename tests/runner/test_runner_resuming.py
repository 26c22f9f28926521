"""``conformance run --resume``: what an interrupted run left is completed to what an undisturbed run gives."""

import json
import signal
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals for one process")


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def cells(path):
    return [(each["id"], each["verdict"]) for each in lines(path) if each["type"] == "cell"]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_an_interrupted_record_is_completed(start, conformance, repository, leftovers, name, tmp_path):
    reports = leftovers.folder / "runs"
    some = ("run", "scenarios", "-n", "1", "-i", "wrappers.py:Slow", "--json", "--reports")
    with start("-m", "conformance", *some, reports, folder=repository, TMPDIR=str(leftovers.folder)) as process:
        assert leftovers.recorded(reports, within=60), process.communicate()
        process.send_signal(getattr(signal, name))
        process.communicate(timeout=60)
    (record,) = reports.rglob("*.jsonl")
    last = lines(record)[-1]
    assert last.get("interrupted") == (None if name == "SIGKILL" else name)
    assert len(cells(record)) < 7
    resumed = conformance(*some, reports, "--resume", folder=repository)
    assert resumed.json["records"] == [str(record)], resumed
    undisturbed = conformance(*some, tmp_path / "other", folder=repository)
    (other,) = (tmp_path / "other").rglob("*.jsonl")
    assert cells(record) == cells(other)
    assert resumed.json["verdicts"] == undisturbed.json["verdicts"]
    assert (lines(record)[-1]["cells"], lines(record)[-1]["interrupted"]) == (7, None)
    again = conformance(*some, reports, "--resume", folder=repository)
    assert (again.status, "was interrupted; run without --resume" in again.err) == (2, True)
