"""Records: what they hold, what a run that was ended leaves, and how files that are none are answered."""

import json
import os

import pytest

from conformance.model.errors import HarnessError, RecordError
from conformance.report.records import FORMAT, CellRecord, Header, RecordWriter, file_name, platform_name, read

FACTS = {"family": "linux", "machine": "x86_64", "python_implementation": "cpython", "python_version": "3.11.7"}
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
        "level": "must", "hosts": {"client": "local"}, "verdict": "pass", "steps": (step(),), "seconds": 0.1,
    }  # fmt: skip
    return CellRecord(**{**made, **changes})


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


@pytest.fixture
def path(tmp_path):
    """A complete record of two cells."""
    path = tmp_path / "stdlib.jsonl"
    with RecordWriter(path, HEADER) as writer:
        writer.cell(cell())
        writer.cell(cell(transport="loopback", verdict="fail", step=1, expected="b", observed="a", notes=("a note",)))
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
            writer.cell(cell(reason=text, steps=(step(did=text),)))
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
    "a newer format": (1, {"format": FORMAT + 1}, f"has format {FORMAT + 1}; this version reads up to {FORMAT}"),
    "a format of words": (1, {"format": "one"}, "has format one"),
    "no suite": (1, {"suite": "absent"}, "the header has no suite"),
    "hosts of the wrong type": (1, {"hosts": ["local"]}, "the header has hosts ['local'], not an object"),
    "facts of the wrong type": (1, {"hosts": {"local": 5}}, "has hosts.local 5, not an object"),
    "no verdict": (2, {"verdict": "absent"}, "the cell has no verdict"),
    "a verdict that there is not": (2, {"verdict": "fine"}, "has the verdict 'fine', not one of pass, fail"),
    "steps are a number": (2, {"steps": 5}, "has steps 5, not a list"),
    "a step is text": (2, {"steps": ["recv"]}, "has steps[0] 'recv', not an object"),
    "a step without observation": (2, {"steps": [step(observation=None)]}, "has observation None, not an object"),
    "a step without number": (2, {"steps": [{"line": 1}]}, "has no number at steps[0]"),
    "an observation of no kind": (2, {"steps": [step(observation={})]}, "the kind None at steps[0].observation"),
    "an error without class": (
        2, {"steps": [step(observation={"kind": "raised", "canonical": {"name": "EPIPE"}})]},
        "has no class at steps[0].observation.canonical",
    ),
    "an error that is text": (
        2, {"steps": [step(observation={"kind": "raised", "canonical": "EPIPE"})]}, "has canonical 'EPIPE', not",
    ),
    "a group that cannot be one": (2, {"steps": [step(group=[1])]}, "has group [1], not a number at steps[0]"),
    "seconds are text": (2, {"seconds": "1"}, "has seconds '1', not a number"),
    "a measure of words": (2, {"measures": {"speed": "high"}}, "has measures.speed 'high', not a number"),
    "a note that is a number": (2, {"notes": [1]}, "has notes[0] 1, not text"),
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
    assert platform_name({**FACTS, "emulator": "qemu-user"}) == "linux-x86_64-cpython3.11-qemu-user"
    assert platform_name({}) == "unknown"
