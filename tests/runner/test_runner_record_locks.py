"""Two runs of the same implementation at once: each writes a record of its own."""

import json
import signal
import sys

import pytest

from conformance.model.errors import RecordInUse
from conformance.report.records import read
from conformance.runner import recording
from conformance.runner.recording import RunRecorder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="flock is a call of POSIX systems")


@pytest.fixture
def first(start, repository, leftovers):
    """A run that has written its first cell and then waits, and its folder of records."""
    reports = leftovers.folder / "runs"
    arguments = ("run", "scenarios", "-n", "1", "-i", "wrappers.py:Slow", "--reports", reports)
    with start("-m", "conformance", *arguments, folder=repository, TMPDIR=str(leftovers.folder)) as process:
        assert leftovers.recorded(reports, within=60), process.communicate()
        process.send_signal(signal.SIGSTOP)
        yield process, reports
        process.send_signal(signal.SIGCONT)
        process.kill()


def ends(record):
    """The types of the first and the last line, the cells in the footer, and those in the record."""
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    return lines[0]["type"], lines[-1]["type"], lines[-1]["cells"], len(lines) - 2


def test_a_second_run_writes_a_record_of_its_own_and_leaves_the_first_alone(first, conformance, repository):
    process, reports = first
    (record,) = reports.rglob("*.jsonl")
    before = record.read_bytes()
    some = ("scenarios/talk/words.yaml", "-i", "wrappers.py:Slow", "--json", "--reports", reports)
    ended = conformance("run", *some, folder=repository)
    assert ended.status == 0, ended
    (other,) = ended.json["records"]
    assert ends(reports / other) == ("header", "footer", 2, 2)
    assert record.read_bytes() == before
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=120)
    assert ends(record) == ("header", "footer", 7, 7)


def test_runs_that_begin_in_the_same_second_write_two_records(recorded, monkeypatch, tmp_path):
    monkeypatch.setattr(recording, "now", lambda: "2026-11-27T07:49:16+00:00")
    cells = read(recorded.stdlib)
    recorders = [RunRecorder(tmp_path) for _ in range(2)]
    for recorder in recorders:
        recorder.add(0, recording.Reported(cells.cells[0], "", cells.facts))
    names = [path.relative_to(tmp_path / cells.platform).as_posix() for each in recorders for path in each.paths]
    assert names == ["stdlib/2026-11-27T074916Z.jsonl", "stdlib/2026-11-27T074916Z-2.jsonl"]
    for recorder in recorders:
        recorder.close(True)
        assert [path.is_file() for path in (*recorder.paths, *recorder.reports)] == [True, True]


def test_a_record_that_is_being_written_is_locked_until_its_process_ends(first):
    process, reports = first
    (record,) = reports.rglob("*.jsonl")
    with pytest.raises(RecordInUse, match="another run is writing this record"):
        recording._locked(record)
    process.kill()
    process.wait(30)
    recording._locked(record).close()
