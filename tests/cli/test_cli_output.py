"""Commands whose reader stops, whose disk is full or whose output is closed: real processes, real pipes."""

import shlex
import subprocess
import sys
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs bash and /dev/full")


@pytest.fixture
def shell(repository, recorded, surroundings):
    """Runs a command line of bash with this ``conformance``. Returns the statuses of its pipeline and the output."""

    def run(line, **changes):
        python = shlex.join([sys.executable, "-m", "conformance"])
        script = f'conformance() {{ {python} "$@"; }}; {line}; echo "${{PIPESTATUS[@]}}" >&3'
        done = subprocess.run(
            ["bash", "-c", f'exec 3>&1; {{ {script}; }} 2>&1 >/dev/null 3>&3 | cat >&2; exit 0'],
            cwd=repository, env=surroundings(**changes, A=str(recorded.stdlib), B=str(recorded.one_byte)),
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        *_, statuses = done.stdout.splitlines()
        return SimpleNamespace(status=int(statuses.split()[0]), err=done.stderr)

    return run


STATUSES = {
    'compare "$A" "$B"': 1,
    'compare "$A" "$A"': 0,
    'claims "$A"': 1,
    "check scenarios": 0,
    "check other.yaml": 2,
    "list scenarios --json": 0,
    'show --record "$A" bad/wrong': 1,
    "schema": 0,
    "--help": 0,
}
"""Commands, and what they end with."""


@pytest.mark.parametrize("command", STATUSES)
@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_a_reader_that_stops_does_not_change_the_status(shell, command, reader):
    ended = shell(f"conformance {command} | {reader} >&2")
    assert ended.status == STATUSES[command], ended.err
    assert "Traceback" not in ended.err


def test_a_failing_run_is_failing_whoever_reads_it(shell, tmp_path):
    ended = shell(f"conformance run scenarios/bad --reports {tmp_path} | true")
    assert (ended.status, ended.err) == (1, "")


@pytest.mark.parametrize("command", STATUSES)
@pytest.mark.parametrize(
    "where, why", [(">&-", "it is closed"), (">/dev/full", "No space left on device")], ids=["closed", "full"]
)
def test_output_that_is_lost_is_said_and_never_ends_with_0(shell, command, where, why):
    ended = shell(f"conformance {command} {where}")
    assert ended.status == (STATUSES[command] or 4)
    assert ended.err.splitlines()[-1] == f"conformance: standard output cannot be written: {why}"
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_messages_that_nobody_can_see_do_not_change_the_status(shell, tmp_path, where):
    assert shell(f"conformance check other.yaml {where}").status == 2
    assert shell(f"conformance nonsense {where}").status == 2
    assert shell(f"conformance run scenarios/bad --reports {tmp_path} {where} >/dev/null").status == 1


def test_all_three_descriptors_may_be_closed(shell, tmp_path):
    assert shell(f"conformance run scenarios/bad --reports {tmp_path} <&- >&- 2>&-").status == 1


@pytest.mark.parametrize("columns", ["0", "1", "nonsense"])
def test_a_width_that_cannot_be_is_not_used(told, monkeypatch, columns):
    usual = told("list", "transports")
    monkeypatch.setenv("COLUMNS", columns)
    ended = told("list", "transports")
    assert (ended.status, "TCP over 127.0.0.1" in ended.out) == (0, True)
    assert "loopback" in usual.out
