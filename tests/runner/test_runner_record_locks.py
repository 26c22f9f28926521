"""Two runs that would write the same record: the second one is refused, and the first one's record stays whole."""

import json
import signal
import sys

import pytest

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


def test_the_same_record_is_refused_with_2_and_left_alone(first, conformance, repository):
    process, reports = first
    (record,) = reports.glob("*/*.jsonl")
    before = record.read_bytes()
    ended = conformance(
        "run", "scenarios/talk/words.yaml", "-i", "wrappers.py:Slow", "--reports", reports, folder=repository
    )
    assert ended.status == 2
    said = f"{record}: another run is writing this record; let it end, or name another --reports folder"
    assert ended.err.splitlines()[-1] == said
    assert record.read_bytes() == before
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=120)
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert (lines[0]["type"], lines[-1]["type"], lines[-1]["cells"]) == ("header", "footer", len(lines) - 2)


def test_another_record_in_the_same_folder_is_written(first, conformance, repository):
    _, reports = first
    ended = conformance("run", "scenarios/talk/words.yaml", "--reports", reports, folder=repository)
    assert ended.status == 0, ended


def test_plain_pytest_is_refused_likewise(first, run_pytest, repository):
    _, reports = first
    ended = run_pytest(
        "scenarios/talk/words.yaml", "--conformance-implementation=wrappers.py:Slow",
        f"--conformance-reports={reports}", folder=repository,
    )  # fmt: skip
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    assert "another run is writing this record" in ended.out + ended.err


def test_the_lock_ends_with_the_process(first, conformance, repository):
    process, reports = first
    process.kill()
    process.wait(30)
    ended = conformance(
        "run", "scenarios/talk/words.yaml", "-i", "wrappers.py:Slow", "--reports", reports, folder=repository
    )
    assert ended.status == 0, ended
