"""``conformance compare``: what counts against the exit status, baselines, filters, and damaged records."""

import gzip
import json

import pytest

OTHER = {"kind": "raised", "canonical": {"name": "EINVAL", "class": "OSError"}, "names": {}}


@pytest.fixture
def lines(recorded):
    """The lines of a record: header, cells, footer."""
    return [json.loads(line) for line in recorded.stdlib.read_text("utf-8").splitlines()]


@pytest.fixture
def write(tmp_path):
    """Writes lines as a record, compressed if its name says so."""

    def written(name, lines):
        path, text = tmp_path / name, "".join(json.dumps(line) + "\n" for line in lines).encode()
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return written


def cell_named(lines, name):
    return next(each for each in lines if each.get("id") == name)


def with_another_result(lines):
    """The lines, and of one cell a step that did something else."""
    made = json.loads(json.dumps(lines))
    step = cell_named(made, "talk/words[long-socketpair]")["steps"][1]
    step.update(observation=OTHER, did="raised EINVAL (OSError)", met=False)
    return made


def without_the_last_cell(lines):
    return [*lines[:-2], {**lines[-1], "cells": lines[-1]["cells"] - 1}]


def newly_unsupported(lines):
    made = json.loads(json.dumps(lines))
    cell_named(made, "talk/words[long-socketpair]").update(verdict="unsupported", reason="no such family", steps=[])
    return made


LOST = {
    "a cell is missing": (without_the_last_cell, "1 cell missing, not in the record"),
    "a cell is unsupported now": (newly_unsupported, "1 cell unsupported, no such family"),
    "the run was ended early": (lambda lines: lines[:-1], "its run was ended before the last cell"),
    "the footer counts more cells": (lambda lines: [*lines[:-2], lines[-1]], "it holds"),
}


def test_against_a_baseline_that_did_the_same_the_status_is_0(told, write, lines):
    ended = told("compare", write("now.jsonl", lines), "--against", write("before.jsonl.gz", lines))
    assert ended.status == 0
    assert "No new difference.\nNo coverage was lost.\n" in ended.out


def test_against_a_baseline_exactly_the_new_difference_is_printed_with_status_1(told, write, lines, recorded):
    before = write("before.jsonl", lines)
    ended = told("compare", write("now.jsonl", with_another_result(lines)), "--against", before)
    assert ended.status == 1
    assert [line for line in ended.out.splitlines() if line.startswith(("unexplained", "declared", "documented"))] == [
        "unexplained, other class: talk/words[long-socketpair]"
        if "other class" in ended.out
        else "unexplained, returns instead of raising: talk/words[long-socketpair]"
    ]
    assert "raised EINVAL (OSError); expected: returns 'abc' (Linux man-pages unix(7))" in " ".join(ended.out.split())


def test_what_any_of_several_baselines_did_is_not_new(told, write, lines):
    before, other = write("before.jsonl", lines), write("other.jsonl", with_another_result(lines))
    now = write("now.jsonl", with_another_result(lines))
    assert told("compare", now, "--against", before).status == 1
    assert told("compare", now, "--against", before, "--against", other).status == 0


@pytest.mark.parametrize("what", LOST)
def test_lost_coverage_is_named_and_ends_with_1(told, write, lines, what):
    change, says = LOST[what]
    now, before = write("now.jsonl", change(lines)), write("before.jsonl", lines)
    ended = told("compare", now, "--against", before)
    assert ended.status == 1
    assert says in " ".join(ended.out.split())
    assert told("compare", now, "--against", before, "--fail-on", "none").status == 0


@pytest.mark.parametrize("what", [each for each in LOST if each != "a cell is unsupported now"])
def test_without_a_baseline_too_a_record_that_lacks_cells_ends_with_1(told, write, lines, what):
    change, says = LOST[what]
    ended = told("compare", write("one.jsonl", change(lines)), write("two.jsonl", lines))
    assert ended.status == 1
    assert says in " ".join(ended.out.split())


def test_a_cell_that_is_not_supported_somewhere_is_no_difference(told, write, lines):
    ended = told("compare", write("one.jsonl", newly_unsupported(lines)), write("two.jsonl", lines))
    assert (ended.status, "No difference." in ended.out) == (0, True)


def test_more_coverage_than_the_baseline_had_is_no_loss(told, write, lines):
    now, before = write("now.jsonl", lines), write("before.jsonl", without_the_last_cell(lines))
    assert told("compare", now, "--against", before).status == 0


def test_a_record_without_a_baseline_of_its_platform_is_refused(told, write, lines):
    other = [{**lines[0], "implementation": "mine"}, *lines[1:]]
    now, before = write("now.jsonl", lines), write("before.jsonl", other)
    ended = told("compare", now, now, "--against", before)
    assert (ended.status, "no baseline is about " in ended.err) == (2, True)


def test_new_differences_need_a_baseline(told, recorded):
    ended = told("compare", recorded.stdlib, recorded.one_byte, "--fail-on", "new")
    assert (ended.status, "--fail-on new needs --against" in ended.err) == (2, True)


def test_folders_and_globs_stand_for_the_records_in_them(told, write, lines, tmp_path):
    write("a/one.jsonl", lines)
    write("a/two.jsonl.gz", [{**lines[0], "implementation": "mine"}, *lines[1:]])
    assert "7 cells in 2 records" in told("compare", tmp_path / "a").out
    assert "7 cells in 2 records" in told("compare", tmp_path / "a" / "*").out
    assert "no such file, folder or glob" in told("compare", tmp_path / "b" / "*").err


def test_only_shows_differences_of_one_kind_and_judges_by_them(told, recorded):
    both = (recorded.stdlib, recorded.one_byte)
    assert told("compare", *both, "--only", "unexplained").status == 1
    ended = told("compare", *both, "--only", "documented")
    assert (ended.status, "unexplained, " in ended.out) == (0, False)


@pytest.mark.parametrize(
    "filters, cells",
    [(("--scenario", "words"), 2), (("--section", "bad", "--transport", "socketpair"), 1), (("--section", "bad"), 1)],
)
def test_filters_leave_only_what_passes_all_of_them(told, recorded, filters, cells):
    out = told("compare", recorded.stdlib, recorded.one_byte, *filters).out
    assert f"{cells} cell{'s' if cells > 1 else ''} in 2 records" in out


def test_filters_that_leave_nothing_are_wrong_usage(told, recorded):
    ended = told("compare", recorded.stdlib, recorded.one_byte, "--section", "nowhere")
    assert (ended.status, "no cell of these records is left" in ended.err) == (2, True)


def test_the_format_of_a_file_follows_from_its_suffix(told, recorded, tmp_path):
    path = tmp_path / "out.json"
    ended = told("compare", recorded.stdlib, recorded.one_byte, "-o", path)
    assert (ended.status, ended.out) == (1, "")
    assert json.loads(path.read_text("utf-8"))["records"] == ["stdlib", "wrappers.py:OneByte"]


def test_what_a_terminal_would_obey_is_shown_as_an_escape(told, write, lines):
    made = with_another_result(lines)
    cell_named(made, "talk/words[long-socketpair]")["steps"][1]["did"] = "\x1b[2J\0\u202e<script>"
    out = told("compare", write("one.jsonl", made), write("two.jsonl", lines)).out
    assert "\\x1b[2J\\x00\\u202e<script>" in out
    assert not {"\x1b", "\0", "\u202e"} & set(out)


def raw(lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def cell_line(change):
    """Damages the first cell, which is in line 2."""

    def damaged(lines):
        return raw([lines[0], change(json.loads(json.dumps(lines[1]))), *lines[2:]])

    return damaged


def step_line(change):
    return cell_line(lambda cell: {**cell, "steps": [change(dict(cell["steps"][0])), *cell["steps"][1:]]})


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


DAMAGED = {
    "empty": (lambda lines: b"", ""),
    "blank": (lambda lines: b"\n\n\n", ""),
    "binary": (lambda lines: bytes(range(256)), ":1"),
    "no record": (lambda lines: b'{"a": 1}\n', ":1"),
    "a list": (lambda lines: b"[1, 2]\n", ":1"),
    "no header": (lambda lines: raw(lines[1:]), ":1"),
    "a newer format": (lambda lines: raw([{**lines[0], "format": 99}, *lines[1:]]), ":1"),
    "a format in words": (lambda lines: raw([{**lines[0], "format": "1"}, *lines[1:]]), ":1"),
    "hosts of another type": (lambda lines: raw([{**lines[0], "hosts": 5}, *lines[1:]]), ":1"),
    "an unknown family": (
        lambda lines: raw([{**lines[0], "hosts": {"local": {**lines[0]["hosts"]["local"], "family": "vms"}}}]), ":1"),
    "two headers": (lambda lines: raw([lines[0], *lines]), ":2"),
    "no line": (lambda lines: raw(lines[:1]) + b"\n" + raw(lines[1:]), ":2"),
    "a line of another type": (cell_line(lambda cell: {**cell, "type": "sell"}), ":2"),
    "half a line inside": (lambda lines: raw(lines[:1]) + raw(lines[1:2])[:40] + b"\n" + raw(lines[2:]), ":2"),
    "not UTF-8": (lambda lines: raw(lines[:1]) + b'{"type": "\xff"}\n' + raw(lines[2:]), ":2"),
    "a NUL in a line": (lambda lines: raw(lines[:1]) + b"\0" + raw(lines[1:]), ":2"),
    "no scenario": (cell_line(lambda cell: {name: v for name, v in cell.items() if name != "scenario"}), ":2"),
    "an unknown verdict": (cell_line(lambda cell: {**cell, "verdict": "won"}), ":2"),
    "an unknown transport": (cell_line(lambda cell: {**cell, "transport": "pigeon"}), ":2"),
    "a long name": (cell_line(lambda cell: {**cell, "case": "x" * 20_000}), ":2"),
    "half of a surrogate pair": (cell_line(lambda cell: {**cell, "case": "\ud800"}), ":2"),
    "seconds that are no number": (cell_line(lambda cell: {**cell, "seconds": float("nan")}), ":2"),
    "seconds without end": (cell_line(lambda cell: {**cell, "seconds": float("inf")}), ":2"),
    "a step that is a text": (cell_line(lambda cell: {**cell, "steps": ["recv"]}), ":2"),
    "a negative step": (step_line(lambda step: {**step, "number": -1}), ":2"),
    "a huge step": (step_line(lambda step: {**step, "number": 1 << 70}), ":2"),
    "an unknown kind": (step_line(lambda step: {**step, "observation": {"kind": "won"}}), ":2"),
    "an error without a name": (step_line(lambda step: {**step, "observation": {"kind": "raised"}}), ":2"),
    "an unknown side": (step_line(lambda step: {**step, "sides": {"result": "beside"}}), ":2"),
    "deep nesting": (
        step_line(lambda step: {**step, "observation": {"kind": "returned", "canonical": nested(90)}}), ":2"),
    "the same cell twice": (lambda lines: raw([*lines[:2], lines[1], *lines[2:]]), ":3"),
    "a line after the footer": (lambda lines: raw([*lines, lines[1]]), ":"),
    "two footers": (lambda lines: raw([*lines, lines[-1]]), ":"),
}  # fmt: skip


def test_damaged_records_are_located_and_the_sound_ones_compared_on_request(told, write, lines, tmp_path):
    assert len(DAMAGED) >= 30
    paths = {}
    for number, (name, (damage, where)) in enumerate(DAMAGED.items()):
        path = tmp_path / f"damaged-{number}.jsonl"
        path.write_bytes(damage(lines))
        paths[name] = f"{path}{where}"
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(write("whole.jsonl.gz", lines).read_bytes()[:-20])
    sound = (write("one.jsonl", lines), write("two.jsonl", with_another_result(lines)))
    damaged = [*sorted(tmp_path.glob("damaged-*")), cut]

    ended = told("compare", *sound, *damaged)
    assert (ended.status, ended.out) == (2, "")
    for name, located in {**paths, "a cut file": str(cut)}.items():
        assert located in ended.err, name
    assert len(ended.err.splitlines()) == len(damaged)

    going = told("compare", *sound, *damaged, "--keep-going")
    assert (going.status, going.err) == (2, ended.err)
    assert "talk/words[long-socketpair]" in going.out


def test_too_few_sound_records_are_not_compared(told, write, lines, tmp_path):
    (tmp_path / "bad.jsonl").write_bytes(b"{")
    ended = told("compare", write("one.jsonl", lines), tmp_path / "bad.jsonl", "--keep-going")
    assert (ended.status, "a comparison needs at least two records" in ended.err) == (2, True)


def test_records_that_are_read_together_are_as_strict_about_durations(told, write, lines, recorded):
    text = recorded.stdlib.read_text("utf-8")
    odd = write("odd.jsonl", [])
    odd.write_text(text.replace('"seconds":0.', '"seconds":00.', 1), "utf-8")
    ended = told("compare", recorded.stdlib, odd)
    assert (ended.status, f"{odd}:" in ended.err) == (2, True)
