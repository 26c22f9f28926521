"""The files of runs: no run replaces another one, and a folder's newest full record is taken."""

import gzip
import json
import shutil
from dataclasses import replace

import pytest

from conformance.model.errors import RecordError
from conformance.model.record import Selection
from conformance.report.records import RecordWriter, read
from conformance.report.run_files import captures_folder, newest_full, record_path, report_path
from conformance.runner.pruning import prune

ALL, SOME = Selection(("bundled",), 3, True), Selection(("bundled",), 1, False)


@pytest.fixture
def kept(recorded, tmp_path):
    """Writes a record with the first cells of the shared run, as of a day of November; gives its path."""
    shared = read(recorded.stdlib)

    def keep(day, cells=3, selection=ALL, complete=True, implementation="stdlib", packed=False, folder=tmp_path):
        started = f"2026-11-{day:02}T12:00:00+00:00"
        path = record_path(folder, "here", implementation, started)
        header = replace(shared.header, implementation=implementation, selection=selection, started=started)
        writer = RecordWriter(path, header)
        for cell in shared.cells[:cells]:
            writer.cell(cell)
        (writer.close if complete else writer.abandon)()
        if packed:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
            path = path.with_name(path.name + ".gz")
        return path

    return keep


def paths(folder):
    return [each.path for each in newest_full(folder)]


def test_the_newest_full_record_is_taken_whatever_was_run_afterwards(kept, tmp_path):
    kept(1)
    full = kept(2)
    others = [kept(3, 1, SOME), kept(4, 2, complete=False)]
    (chosen,) = newest_full(tmp_path)
    assert chosen.path == full
    assert set(others) < set(chosen.others)
    assert len(chosen.others) == 3


@pytest.mark.parametrize("packed", [False, True])
def test_one_compressed_record_counts_like_a_plain_one(kept, tmp_path, packed):
    kept(1)
    full = kept(2, packed=packed)
    kept(3, complete=False, packed=packed)
    assert paths(tmp_path) == [full]


def test_without_a_full_record_the_newest_complete_one_is_taken_and_else_the_newest(kept, tmp_path):
    first = kept(1, 1, SOME, complete=False)
    assert paths(tmp_path) == [first]
    complete = kept(2, 1, SOME)
    kept(3, 1, SOME, complete=False)
    assert paths(tmp_path) == [complete]


def test_a_full_run_of_few_scenarios_is_not_taken_for_that_of_all(kept, tmp_path):
    full = kept(1)
    kept(2, 2, Selection(("mine",), 2, True))
    assert paths(tmp_path) == [full]


def test_records_of_earlier_versions_count_as_full(kept, tmp_path):
    older = kept(1, selection=None)
    kept(2, 1, SOME)
    assert paths(tmp_path) == [older]


def test_each_implementation_and_each_folder_has_its_own(kept, tmp_path):
    found = {kept(1, implementation="gevent"), kept(2), kept(3, folder=tmp_path / "another-machine")}
    assert set(paths(tmp_path)) == found


def test_other_files_of_a_run_are_not_taken_for_records(kept, tmp_path):
    record = kept(1)
    report_path(record).write_text("# a report\n")
    captures_folder(record).mkdir(parents=True)
    record.with_name("2026.jsonl.gz.part").touch()
    assert paths(tmp_path) == [record]


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", ":1: a record begins with a line of type header"),
        (b"\xff\n", ":1: a record begins with a line of type header"),
        (b'{"type": "header", "format": 99}\n', ":1: format is 99"),
        (b'{"type": "header", "format": 1, "implementation": 5}\n', ":1: implementation is 5, expected text"),
    ],
)
def test_a_damaged_record_in_a_folder_is_named_and_the_others_are_taken_on_request(kept, tmp_path, content, says):
    good = kept(1)
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    with pytest.raises(RecordError) as raised:
        newest_full(tmp_path)
    assert str(raised.value).startswith(f"{bad}{says}")
    told = []
    assert [each.path for each in newest_full(tmp_path, lambda _, error: told.append(error))] == [good]
    assert [str(each) for each in told] == [str(raised.value)]


def test_a_compressed_record_that_was_cut_off_is_named(kept, tmp_path):
    good, bad = kept(1), kept(2, packed=True)
    bad.write_bytes(bad.read_bytes()[:-30])
    with pytest.raises(RecordError, match="is damaged"):
        newest_full(tmp_path)
    told = []
    assert [each.path for each in newest_full(tmp_path, lambda _, error: told.append(error))] == [good]
    assert len(told) == 1


def test_a_footer_that_is_damaged_is_named(kept, tmp_path):
    record = kept(1)
    record.write_text(record.read_text("utf-8").replace('"ended"', '"endet"'), "utf-8")
    with pytest.raises(RecordError, match="the last line: ended is missing"):
        newest_full(tmp_path)


def test_old_runs_are_removed_with_their_files_but_never_the_one_that_is_taken(kept):
    fcntl = pytest.importorskip("fcntl", reason="a call of POSIX systems")
    full, *partial = kept(1), kept(2, 1, SOME), kept(3, 1, SOME), kept(4, 1, SOME), kept(5, 1, SOME)
    of_others = kept(1, implementation="gevent")
    damaged = full.with_name("0.jsonl")
    damaged.touch()
    for path in partial:
        report_path(path).touch()
        captures_folder(path).mkdir(parents=True)
    with partial[1].open() as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert prune(partial[-1], 2) == [partial[0]]
    assert prune(partial[-1], 2) == [partial[1]]
    assert all(path.exists() for path in (full, *partial[2:], of_others, damaged))
    assert sorted(report_path(path).exists() for path in partial) == [False, False, True, True]
    assert sorted(captures_folder(path).exists() for path in partial) == [False, False, True, True]


def selection_in(path):
    return json.loads(path.read_text("utf-8").splitlines()[0])["selection"]


def test_the_header_says_which_cells_the_run_was_asked_for(recorded, repository):
    for path in (recorded.stdlib, recorded.one_byte):
        assert selection_in(path) == {"corpora": ["scenarios"], "cells": 7, "whole": True}


@pytest.mark.parametrize(
    "some", [("-t", "loopback"), ("-k", "talk"), ("-m", "measure"), ("scenarios/talk/words.yaml",)]
)
def test_a_run_of_some_cells_is_not_whole(told, repository, monkeypatch, tmp_path, some):
    monkeypatch.chdir(repository)
    arguments = some if some[0].startswith("scenarios") else ("scenarios", *some)
    told("run", *arguments, "--reports", tmp_path)
    (record,) = tmp_path.rglob("*.jsonl")
    assert selection_in(record)["whole"] is False
    assert selection_in(record)["cells"] == len(read(record).cells)


def test_one_scenario_does_not_replace_a_full_record(told, recorded, repository, monkeypatch, tmp_path):
    monkeypatch.chdir(repository)
    reports = tmp_path / "runs"
    shutil.copytree(recorded.folder, reports / recorded.folder.name)
    full = reports / recorded.stdlib.relative_to(recorded.folder.parent)
    before = full.read_bytes()
    assert told("run", "scenarios/talk/half-close.yaml", "--reports", reports).status == 0
    assert full.read_bytes() == before
    assert len(list(full.parent.glob("*.jsonl"))) == 2
    assert told("run", "scenarios/talk/half-close.yaml", "--reports", reports, "--keep", "1").err.count("removed") == 1
    assert full.read_bytes() == before, "the full record is kept, although it is not the newest"
    assert len(list(full.parent.glob("*.jsonl"))) == 2
    ended = told("compare", reports)
    assert ended.out.startswith("stdlib | wrappers.py:OneByte  (all: ")
    assert ended.err == f"{reports}: 1 older or partial record left out\n"
    assert told("show", "talk/words", "--record", full.parent).status == 0


def test_show_takes_a_folder_of_one_implementation_only(told, recorded):
    ended = told("show", "words", "--record", recorded.folder)
    assert ended.status == 2
    assert "several implementations or platforms; name one:" in ended.err
    assert str(recorded.stdlib) in ended.err


def test_claims_takes_the_records_of_a_folder(told, recorded):
    assert "The Socket Programming HOWTO on" in told("claims", recorded.stdlib.parent).out


def test_a_folder_without_records_is_wrong_usage(told, tmp_path):
    for command in (("compare",), ("show", "words", "--record"), ("claims",)):
        ended = told(*command, tmp_path)
        assert (ended.status, f"there is no record (*.jsonl, *.jsonl.gz) below {tmp_path}" in ended.err) == (2, True)
