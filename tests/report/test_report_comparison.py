"""Comparisons: groups of the same behaviour, the first step where they part, and how deep that goes."""

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model.facts import HostFacts
from conformance.model.observation import Observation
from conformance.model.record import CellRecord, Footer, Header, StepRecord
from conformance.report.comparison import ANOTHER_VERSION, alike, compare, labels, left_out, parted
from conformance.report.markdown import comparison as markdown
from conformance.report.records import Record

RETURNED = {"kind": "returned", "canonical": {"text": "a"}}
OTHER_VALUE = {"kind": "returned", "canonical": {"text": "b"}}
RESET = {"kind": "raised", "canonical": {"name": "ECONNRESET", "class": "ConnectionResetError"}}
INVALID = {"kind": "raised", "canonical": {"name": "EINVAL", "class": "OSError"}}
NOT_CONNECTED = {"kind": "raised", "canonical": {"name": "ENOTCONN", "class": "OSError"}}
BLOCKED = {"kind": "blocked"}
LEFT_OUT = {"kind": "not-applicable"}


def step(number, observation, **changes):
    did = str(observation.get("canonical") or observation["kind"])
    return StepRecord(number, number + 6, "client", "recv", "recv 1", did, "", Observation(**observation), **changes)


def cell(*observations, transport="unix", level="must", **changes):
    steps = tuple(step(number, each) for number, each in enumerate(observations, 1))
    made = CellRecord(f"s/one[{transport}]", "s/one", "", transport, "x", level, {}, "pass", steps, 0.1)
    return replace(made, **changes)


def record(name, *cells):
    facts = HostFacts(name, "", "", "", "m", "little", 64, "", "p", "3.1.0")
    footer = Footer("", len(cells), {})
    return Record(Path(f"{name}.jsonl"), Header("stdlib", {"local": facts}, "", ""), cells, footer)


def compared(*observations):
    """Records a, b, … with one cell each that observed these, one after the other."""
    return compare([record(chr(97 + number), cell(*each)) for number, each in enumerate(observations)])


def test_records_that_did_the_same_are_one_group():
    result = compared([RETURNED], [RETURNED], [RETURNED])
    assert result.counts() == {"same": 1, "differ": 0, "in one record only": 0, ANOTHER_VERSION: 0}
    assert result.cells[0].groups == (("a-m-p3.1", "b-m-p3.1", "c-m-p3.1"),)
    assert result.cells[0].parting is None


def test_the_odd_one_out_of_three_is_a_group_of_its_own():
    (one,) = compared([RETURNED], [RESET], [RETURNED]).differing
    assert one.groups == (("a-m-p3.1", "c-m-p3.1"), ("b-m-p3.1",))


def test_the_first_step_where_they_part_is_named_with_what_each_group_did():
    (one,) = compared([RETURNED, RETURNED, RESET], [RETURNED, OTHER_VALUE, RETURNED]).differing
    assert (one.parting.step, one.parting.line, one.parting.says) == (2, 8, "client recv 1")
    assert one.parting.did == ("{'text': 'a'}", "{'text': 'b'}")


@pytest.mark.parametrize(
    "first, second, depth",
    [
        (RETURNED, OTHER_VALUE, "other value"),
        (INVALID, NOT_CONNECTED, "other errno with the same class"),
        (RESET, INVALID, "other class"),
        (RESET, RETURNED, "returns instead of raising"),
        (BLOCKED, RETURNED, "returns instead of blocking"),
    ],
)
def test_the_depth_of_a_difference_is_said(first, second, depth):
    (one,) = compared([first], [second]).differing
    assert one.parting.depth == depth


def test_a_step_that_one_record_left_out_by_a_guard_is_not_compared():
    assert not compared([RETURNED, LEFT_OUT], [RETURNED, RESET]).differing


def test_a_quantity_that_was_measured_is_not_compared():
    fast, slow = (cell({"kind": "returned", "canonical": number}, level="measure") for number in (1, 2))
    assert not compare([record("a", fast), record("b", slow)]).differing


def test_steps_of_which_exactly_one_succeeds_are_compared_as_a_set():
    def raced(first, second):
        members = (
            step(1, first, group=1, group_kind="exactly_one"),
            step(2, second, group=1, group_kind="exactly_one"),
        )
        return cell(steps=members)

    assert not compare([record("a", raced(RETURNED, RESET)), record("b", raced(RESET, RETURNED))]).differing


def test_a_cell_that_only_one_record_has_is_neither_same_nor_different():
    result = compare([record("a", cell(RETURNED)), record("b", cell(RETURNED, transport="udp"))])
    assert result.counts() == {"same": 0, "differ": 0, "in one record only": 2, ANOTHER_VERSION: 0}
    assert [each.absent for each in result.cells] == [("b-m-p3.1",), ("a-m-p3.1",)]


def test_a_cell_that_could_not_be_run_somewhere_differs_as_a_whole():
    unsupported = cell(verdict="unsupported", reason="no such family")
    (one,) = compare([record("a", cell(RETURNED)), record("b", unsupported)]).differing
    assert one.parting.did == ("ran", "unsupported: no such family")


def test_transports_that_part_in_the_same_way_are_told_once():
    def both(seen):
        return cell(seen), cell(seen, transport="unix-abstract")

    result = compare([record("a", *both(RETURNED)), record("b", *both(RESET))])
    assert [[each.transport for each in cells] for cells in alike(result.differing)] == [["unix", "unix-abstract"]]
    assert "| unix, unix-abstract | step 1: client recv 1 |" in markdown(result)


def test_labels_are_the_shortest_names_that_tell_records_apart():
    one, two = record("a"), record("b")
    assert labels([one, two]) == ("a-m-p3.1", "b-m-p3.1")
    wrapper = replace(one, header=replace(one.header, implementation="mine"))
    assert labels([one, wrapper]) == ("stdlib", "mine")
    assert labels([one, two, wrapper]) == ("a-m-p3.1/stdlib", "b-m-p3.1/stdlib", "a-m-p3.1/mine")
    assert labels([one, replace(one, path=Path("again.jsonl"))]) == ("a.jsonl", "again.jsonl")


def test_what_stands_in_a_markdown_table_cannot_break_it():
    odd = {"kind": "returned", "canonical": {"text": "a|b\nc"}}
    lines = markdown(compared([RETURNED], [odd])).splitlines()
    row = next(line for line in lines if line.startswith("| s/one"))
    assert row.replace("\\|", "").count("|") == lines[4].count("|")


def test_the_next_steps_in_which_they_differ_are_told_as_well():
    first, second = [RETURNED, RESET, RETURNED, *[RETURNED] * 4], [RETURNED, INVALID, RETURNED, *[OTHER_VALUE] * 4]
    (one,) = compared(first, second).differing
    assert one.parting.step == 2
    assert [each.step for each in one.parting.then] == [4, 5, 6]
    assert "step 4: client recv 1" in markdown(compared(first, second))


def test_after_a_step_that_one_record_could_not_do_nothing_is_compared():
    left_out = {"kind": "not-run", "blame": 1}
    (one,) = compared([RETURNED, RETURNED], [{"kind": "unsupported"}, left_out]).differing
    assert (one.parting.step, one.parting.then) == (1, ())


def test_cells_that_a_record_could_not_run_are_counted_by_reason_not_listed():
    missing = replace(cell(), verdict="unsupported", reason="no sockets")
    result = compare([record("a", cell(RETURNED)), record("b", missing)])
    assert left_out(result.differing) == [("b-m-p3.1", "unsupported: no sockets", 1)]
    assert parted(result.differing) == []
    assert "| b-m-p3.1 | 1 | unsupported: no sockets |" in markdown(result)


def test_a_cell_of_which_records_ran_other_versions_is_counted_and_not_compared():
    old, new = cell(RETURNED, digest="1"), cell(RESET, digest="2")
    result = compare([record("a", old), record("b", new), record("c", old)])
    assert result.counts() == {"same": 0, "differ": 0, "in one record only": 0, ANOTHER_VERSION: 1}
    assert result.cells[0].versions == (("a-m-p3.1", "c-m-p3.1"), ("b-m-p3.1",))
    assert f"Not compared, {ANOTHER_VERSION}: a-m-p3.1 = c-m-p3.1 | b-m-p3.1\n\n- s/one\n" in markdown(result)


def test_figures_of_other_versions_do_not_stand_side_by_side():
    first, second = (cell(digest=each, measures={"seconds": 1.0}) for each in "12")
    assert compare([record("a", first), record("b", second)]).measures == ()


def test_a_record_without_digests_is_compared_with_any_version():
    assert compare([record("a", cell(RETURNED)), record("b", cell(RESET, digest="2"))]).differing
