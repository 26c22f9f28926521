"""Comparisons and runs do not hide a failure: verdicts, sides of bounds, and passing cells that differ from raw."""

import json
from textwrap import dedent

import pytest

SCENARIO = """
    summary: Some of the bytes are sent, and it takes some time.
    sources: [POSIX send()]
    transports: [socketpair]
    given: connected
    steps:
      - client: {send: {text: abcdef}, returns: {at_least: 2}}
      - server: {recv: 9, returns: {prefix_of: {text: abcdef}}}
      - client: {gettimeout: {}}
"""

SOCKETS = """
    import socket


    class One(socket.socket):
        def send(self, data, *flags):
            return super().send(data[:1], *flags)


    class Three(socket.socket):
        def send(self, data, *flags):
            return super().send(data[:3], *flags)

        def gettimeout(self):
            return 7.0
"""


@pytest.fixture(scope="module")
def ran(conformance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("verdicts")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "some.yaml").write_text(dedent(SCENARIO), "utf-8")
    (folder / "sockets.py").write_text(dedent(SOCKETS), "utf-8")

    def run(*arguments):
        return conformance("run", "scenarios", *arguments, folder=folder)

    run.folder = folder
    run.all = run("-i", "stdlib", "-i", "sockets.py:One", "-i", "sockets.py:Three")
    run.records = {path.parent.name.partition("-")[2] or path.parent.name: path for path in folder.rglob("*.jsonl")}
    return run


def cell_in(path):
    return json.loads(path.read_text("utf-8").splitlines()[1])


def test_a_record_says_whether_a_step_met_its_expectation_and_on_which_side_of_each_bound(ran):
    found = {name: cell_in(path)["steps"][0] for name, path in ran.records.items()}
    assert {name: (step["met"], step["sides"]) for name, step in found.items()} == {
        "stdlib": (True, {"result": "within"}),
        "One": (False, {"result": "below"}),
        "Three": (True, {"result": "within"}),
    }


def test_records_differ_where_one_passes_a_range_and_the_other_fails_it(ran, told):
    ended = told("compare", ran.records["stdlib"], ran.records["One"])
    assert ended.status == 1
    assert "1 cell in 2 records: 0 the same, 1 differ" in ended.out
    assert "step 1, line 7: client send 'abcdef'" in ended.out
    assert "unexplained, other verdict: " in ended.out
    assert "returned 6, as expected (result within)" in ended.out
    words = " ".join(ended.out.split())
    assert "returned 1, not as expected (result below); expected: returns at least 2 (POSIX send())" in words


def test_other_values_within_the_same_bounds_are_the_same(ran, told, tmp_path):
    lines = ran.records["stdlib"].read_text("utf-8").splitlines()
    other = json.loads(lines[1])
    other["steps"][0]["observation"]["canonical"] = other["steps"][0]["observation"]["raw"] = 3
    path = tmp_path / "other.jsonl"
    path.write_text("\n".join([lines[0], json.dumps(other), *lines[2:]]) + "\n", "utf-8")
    assert told("compare", ran.records["stdlib"], path).status == 0
    other["verdict"] = "fail"
    path.write_text("\n".join([lines[0], json.dumps(other), *lines[2:]]) + "\n", "utf-8")
    ended = told("compare", ran.records["stdlib"], path)
    assert (ended.status, "the verdict" in ended.out) == (1, True)


def test_a_passing_cell_that_differs_from_the_raw_socket_is_named_and_counted(ran):
    ended = ran("-i", "sockets.py:Three")
    assert ended.status == 0
    assert "Passed, but differs from the raw socket" in ended.out
    assert "raw returned; here returned 7.0" in " ".join(ended.out.split())
    assert "1 pass; 1 passed but differ from the raw socket" in ended.out
    shown = ran("-i", "sockets.py:Three", "--json").json
    assert [each["differential"]["here"] for each in shown["passed_otherwise"]] == ["returned 7.0"]


def test_strict_makes_such_a_cell_count(ran):
    assert ran("-i", "sockets.py:Three", "--strict").status == 1
    assert ran("-i", "stdlib", "--strict").status == 0
