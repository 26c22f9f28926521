"""Records: their contents, those of interrupted runs, and the messages about files that are not records."""

import json
import os
from dataclasses import replace

import pytest

from conformance.model.codec import Codec
from conformance.model.errors import HarnessError, RecordError
from conformance.model.facts import HostFacts
from conformance.model.record import FORMAT, CellRecord, Header
from conformance.report.records import RecordWriter, file_name, platform_name, read

FACTS = HostFacts("linux", "Linux", "6.1", "#1", "x86_64", "little", 64, "glibc 2.36", "cpython", "3.11.7")
HEADER = Header("stdlib", {"local": FACTS}, suite="0" * 64, started="2026-01-01T00:00:00+00:00")


def step(number=1, **changes):
    made = {
        "number": number, "line": 7, "actor": "client", "operation": "recv", "says": "recv 1", "did": "returned 'a'",
        "expected": "returns 'a'", "observation": {"kind": "returned", "canonical": {"text": "a"}},
    }  # fmt: skip
    return {**made, **changes}


def cell(**changes):
    made = {
        "id": "talk/words[unix]", "scenario": "talk/words", "case": "", "transport": "unix", "implementation": "stdlib",
        "level": "must", "hosts": {"client": "local"}, "verdict": "pass", "steps": [step()], "seconds": 0.1,
    }  # fmt: skip
    return Codec(CellRecord).decode({**made, **changes})


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


@pytest.fixture
def path(tmp_path):
    """A complete record of two cells."""
    path = tmp_path / "stdlib.jsonl"
    with RecordWriter(path, HEADER) as writer:
        writer.cell(cell())
        writer.cell(cell(transport="loopback", verdict="fail", step=1, expected="b", observed="a", notes=["a note"]))
    return path


@pytest.fixture
def edited(path):
    """The record with one line replaced."""

    def edit(number, **changes):
        lines = lines_of(path)
        lines[number - 1] = {key: value for key, value in {**lines[number - 1], **changes}.items() if value != "absent"}
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return path

    return edit


def test_a_run_writes_a_header_a_line_per_cell_and_a_footer(recorded):
    for path in (recorded.stdlib, recorded.one_byte):
        header, *cells, footer = lines_of(path)
        assert [header["type"], *{each["type"] for each in cells}, footer["type"]] == ["header", "cell", "footer"]
        assert footer["cells"] == len(cells) == 7
        assert sum(footer["verdicts"].values()) == 7


def test_the_header_has_the_facts_of_each_host_the_format_and_the_digest_of_the_suite(recorded):
    header = lines_of(recorded.stdlib)[0]
    assert header["format"] == FORMAT
    assert len(header["suite"]) == 64
    facts = header["hosts"]["local"]
    assert {"family", "kernel", "machine", "byteorder", "word_bits", "python_version"} <= set(facts)


def test_the_digest_does_not_depend_on_the_implementation(recorded):
    assert lines_of(recorded.stdlib)[0]["suite"] == lines_of(recorded.one_byte)[0]["suite"]


def test_a_cell_has_its_names_hosts_verdict_steps_and_seconds(recorded):
    for each in lines_of(recorded.stdlib)[1:-1]:
        assert {"scenario", "transport", "implementation", "hosts", "verdict", "steps", "seconds"} <= set(each)
        assert set(each["hosts"].values()) == {"local"}
        for done in each["steps"]:
            assert done["observation"]["kind"] in ("returned", "raised")


def test_a_measured_cell_has_the_quantity(recorded):
    (speed,) = [each for each in read(recorded.stdlib).cells if each.scenario == "talk/speed"]
    assert speed.level == "measure"
    assert speed.measures["round_trip_seconds"] > 0


def test_what_is_written_is_what_is_read(path):
    record = read(path)
    assert record.complete
    assert record.header == HEADER
    assert record.cells[0] == cell()
    assert record.cells[1].notes == ("a note",)


def test_unicode_and_huge_values_come_back_as_they_were(tmp_path):
    path = tmp_path / "r.jsonl"
    texts = ("line\u2028separator", "next\x85line", "\N{SNOWMAN} \N{CROCODILE}", "half a pair \udc80", "x" * 2_000_000)
    with RecordWriter(path, HEADER) as writer:
        for text in texts:
            writer.cell(cell(reason=text, steps=[step(did=text)]))
    assert tuple(each.reason for each in read(path).cells) == texts


@pytest.mark.parametrize("cut", [1, 40, 5])
def test_a_last_line_that_was_cut_off_is_left_out(path, cut):
    content = path.read_bytes().rstrip(b"\n")
    path.write_bytes(content[:-cut])
    record = read(path)
    assert len(record.cells) == 2
    assert not record.complete


def test_a_last_line_may_be_cut_off_within_a_character(tmp_path):
    writer = RecordWriter(tmp_path / "r.jsonl", HEADER)
    writer.cell(cell())
    writer.cell(cell(reason="\N{SNOWMAN}"))
    writer.abandon()
    content = writer.path.read_bytes()
    writer.path.write_bytes(content[: content.index("\N{SNOWMAN}".encode()) + 1])
    assert len(read(writer.path).cells) == 1


def test_a_record_without_a_footer_is_incomplete(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert not read(path).complete
    assert len(read(path).cells) == 2


def test_what_a_later_version_adds_is_left_out(edited):
    assert read(edited(2, invented="later")).cells[0] == cell()


NO_RECORDS = {
    "binary junk": (b"\x00\xff\xfe\n\x80", ":1: is not UTF-8 text"),
    "empty": (b"", "is empty"),
    "only blank": (b"\n\n", "is empty"),
    "no JSON": (b"hello\n", ":1: is not JSON"),
    "a number": (b"5\n", ":1: is no object"),
    "a list": (b"[]\n", ":1: is no object"),
    "other JSON": (b'{"a": 1}\n', ":1: a record begins with a line of type header"),
    "very deep": (b"[" * 100_000 + b"\n", ":1: is not JSON"),
    "a very long number": (b"1" * 10_000 + b"\n", ":1: is "),
}


@pytest.mark.parametrize("content, says", NO_RECORDS.values(), ids=NO_RECORDS)
def test_a_file_that_is_no_record_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        read(path)
    assert str(error.value).startswith(str(path))
    assert says in str(error.value)


def test_a_folder_and_a_missing_file_are_no_records(tmp_path):
    for path in (tmp_path, tmp_path / "absent.jsonl"):
        with pytest.raises(RecordError, match=r"cannot be read: .*; a record is a file"):
            read(path)


def test_junk_in_the_middle_is_refused_with_its_line(path):
    header, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + b"junk\n" + b"".join(rest))
    with pytest.raises(RecordError, match=":2: is not JSON"):
        read(path)


def test_two_records_in_one_file_are_refused(path):
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(RecordError, match=":5: a second header; put each record into a file of its own"):
        read(path)


MISTAKES = {
    "a newer format": (1, {"format": FORMAT + 1}, f"format is {FORMAT + 1}; this version reads up to {FORMAT}"),
    "a format of words": (1, {"format": "one"}, "format is 'one'"),
    "no suite": (1, {"suite": "absent"}, "suite is missing, expected text"),
    "hosts of the wrong type": (1, {"hosts": ["local"]}, "hosts is a list, expected an object"),
    "facts of the wrong type": (1, {"hosts": {"local": 5}}, "hosts.local is 5, expected an object"),
    "a family of no system": (
        1, {"hosts": {"local": {**vars(FACTS), "family": "plan9"}}},
        "hosts.local.family is 'plan9', expected one of linux, windows",
    ),
    "a family that is an object": (
        1, {"hosts": {"local": {**vars(FACTS), "family": {}}}}, "hosts.local.family is an object, expected text",
    ),
    "no verdict": (2, {"verdict": "absent"}, "verdict is missing, expected"),
    "a verdict that does not exist": (2, {"verdict": "fine"}, "verdict is 'fine', expected one of pass, fail"),
    "a transport that does not exist": (2, {"transport": "pigeon"}, "transport is 'pigeon', expected one of loopback"),
    "half a surrogate pair": (2, {"scenario": "\udc80"}, "scenario is '\\udc80', expected text"),
    "steps are a number": (2, {"steps": 5}, "steps is 5, expected a list"),
    "a step is text": (2, {"steps": ["recv"]}, "steps[0] is 'recv', expected an object"),
    "a step without observation": (
        2, {"steps": [step(), step(observation=None)]}, "steps[1].observation is None, expected an object",
    ),
    "a step without number": (2, {"steps": [{"line": 1}]}, "steps[0].number is missing, expected a whole number"),
    "an observation without kind": (2, {"steps": [step(observation={})]}, "steps[0].observation.kind is missing"),
    "an error without class": (
        2, {"steps": [step(observation={"kind": "raised", "canonical": {"name": "EPIPE"}})]},
        "steps[0].observation.canonical.class is None, expected text",
    ),
    "an error that is text": (
        2, {"steps": [step(observation={"kind": "raised", "canonical": "EPIPE"})]},
        "steps[0].observation.canonical is 'EPIPE', expected an object with name and class",
    ),
    "a result nested too deeply": (
        2, {"steps": [step(observation={"kind": "returned", "canonical": json.loads("[" * 90 + "]" * 90)})]},
        "steps[0].observation.canonical is a list, expected a value nested at most 64 deep",
    ),
    "a group that cannot be one": (2, {"steps": [step(group=[1])]}, "steps[0].group is a list, expected a whole"),
    "seconds are text": (2, {"seconds": "1"}, "seconds is '1', expected a finite number"),
    "seconds without end": (2, {"seconds": float("inf")}, "seconds is inf, expected a finite number"),
    "a measure of words": (2, {"measures": {"speed": "high"}}, "measures.speed is 'high', expected a finite number"),
    "a note that is a number": (2, {"notes": [1]}, "notes[0] is 1, expected text"),
    "a differential of words": (2, {"differential": "oops"}, "differential is 'oops', expected an object"),
    "half a capture": (2, {"capture": {"steps": []}}, "expected an object with packets or lacking"),
    "a capture elsewhere": (
        2, {"capture": {"packets": 1, "lost": 0, "complete": True, "steps": [], "hosts": {}, "actors": {},
                        "sockets": [], "file": "../../secret"}},
        "capture.file is '../../secret', expected a path below the record's folder",
    ),
    "times that are none": (
        2, {"capture": {"packets": 1, "lost": 0, "complete": True, "steps": [[1, 2]]}},
        "capture.steps[0] is a list, expected a list of step, began, ended",
    ),
    "a line of another type": (2, {"type": "cel"}, "type is 'cel', expected cell or footer"),
    "a footer of words": (4, {"cells": "two"}, "cells is 'two', expected a whole number"),
    "a footer with another verdict": (4, {"verdicts": {"fine": 2}}, "verdicts.fine is 'fine', expected one of pass"),
}  # fmt: skip


@pytest.mark.parametrize("line, changes, says", MISTAKES.values(), ids=MISTAKES)
def test_a_damaged_line_is_refused_with_file_line_and_remedy(edited, line, changes, says):
    path = edited(line, **changes)
    with pytest.raises(RecordError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert says in str(error.value)


@pytest.mark.parametrize("line, changes, says", MISTAKES.values(), ids=MISTAKES)
def test_compare_answers_a_damaged_record_without_a_traceback(edited, told, line, changes, says):
    path = edited(line, **changes)
    ended = told("compare", path, path)
    assert ended.status == 2
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_a_host_without_facts_as_earlier_versions_wrote_it_is_left_out(edited):
    assert read(edited(1, hosts={"local": {}})).platform == "unknown"


def test_a_line_after_the_footer_is_refused(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[1]]))
    with pytest.raises(RecordError, match=":5: a line after the footer"):
        read(path)


def test_a_record_that_cannot_be_begun_is_a_fault_that_names_the_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"stdlib\.jsonl: cannot be written: .*; --reports names another folder"):
        RecordWriter(tmp_path / "file" / "stdlib.jsonl", HEADER)


@pytest.mark.parametrize(
    "name", ["con", "NUL.txt", 'a<b>:"|?*c', "ends.", "/", "x" * 400, "file.py:Name", "Ünï", "com1"]
)
def test_names_of_files_are_legal_on_windows(name):
    made = file_name(name)
    assert not set(made) & set('<>:"/\\|?*')
    assert made.isprintable()
    assert not made.endswith((".", " "))
    assert 0 < len(made) < 100
    assert os.path.splitext(made)[0].lower() not in ("con", "nul", "com1")


def test_long_names_that_differ_stay_different():
    assert file_name("a" * 300) != file_name("b" + "a" * 299)


def test_a_platform_is_named_by_family_machine_and_python():
    assert platform_name(FACTS) == "linux-x86_64-cpython3.11"
    assert platform_name(replace(FACTS, emulator="qemu-user")) == "linux-x86_64-cpython3.11-qemu-user"
    assert platform_name(None) == "unknown"
