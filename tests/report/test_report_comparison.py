"""Comparisons: groups of the same behaviour, the first step where they part, and how deep that goes."""

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model.facts import HostFacts
from conformance.model.observation import Observation
from conformance.model.record import CellRecord, Footer, Header, StepRecord
from conformance.report.compared import ANOTHER_VERSION
from conformance.report.comparison import compare
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
    facts = HostFacts(name, name, "", "", "m", "little", 64, "", "p", "3.1.0")
    footer = Footer("", len(cells), {})
    return Record(Path(f"{name}.jsonl"), Header("stdlib", {"local": facts}, "", ""), cells, footer)


def compared(*observations):
    """Records a, b, … with one cell each that observed these, one after the other."""
    return compare([record(chr(97 + number), cell(*each)) for number, each in enumerate(observations)])


def test_records_that_did_the_same_are_one_group():
    result = compared([RETURNED], [RETURNED], [RETURNED])
    assert result.counts() == {"same": 1, "differ": 0, "ran in fewer than two records": 0, ANOTHER_VERSION: 0}
    assert result.cells[0].groups[0].labels == ("a", "b", "c")
    assert result.cells[0].parting is None


def test_the_odd_one_out_of_three_is_a_group_of_its_own():
    (one,) = compared([RETURNED], [RESET], [RETURNED]).differing
    assert [group.labels for group in one.groups] == [("a", "c"), ("b",)]


def test_the_first_step_where_they_part_is_named_with_what_each_group_did():
    (one,) = compared([RETURNED, RETURNED, RESET], [RETURNED, OTHER_VALUE, RETURNED]).differing
    assert (one.parting.step, one.parting.line, one.parting.says) == (2, 8, "client recv 1")
    assert [side.did for side in one.parting.sides] == ["{'text': 'a'}", "{'text': 'b'}"]


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
    assert result.counts() == {"same": 0, "differ": 0, "ran in fewer than two records": 2, ANOTHER_VERSION: 0}
    assert [(gap.label, gap.verdict, gap.cells) for gap in result.coverage] == [
        ("a", "missing", (("s/one", "", "udp"),)),
        ("b", "missing", (("s/one", "", "unix"),)),
    ]


def test_a_cell_that_could_not_be_run_somewhere_is_coverage_and_no_difference():
    unsupported = cell(verdict="unsupported", reason="no such family")
    result = compare([record("a", cell(RETURNED)), record("b", unsupported)])
    assert result.differing == result.entries == ()
    assert [(gap.label, gap.verdict, gap.reason) for gap in result.coverage] == [("b", "unsupported", "no such family")]


def test_each_record_has_its_own_reason_for_what_it_did_not_run():
    first, second = (cell(verdict="unsupported", reason=why) for why in ("no module", "no family"))
    result = compare([record("a", first), record("b", second), record("c", cell(RETURNED))])
    assert [(gap.label, gap.reason) for gap in result.coverage] == [("a", "no module"), ("b", "no family")]


def test_transports_that_part_in_the_same_way_are_told_once():
    def both(seen):
        return cell(seen), cell(seen, transport="unix-abstract")

    (entry,) = compare([record("a", *both(RETURNED)), record("b", *both(RESET))]).entries
    assert [each.transport for each in entry.cells] == ["unix", "unix-abstract"]


def test_what_stands_in_a_markdown_table_cannot_break_it():
    odd = {"kind": "returned", "canonical": {"text": "a|b\nc"}}
    lines = markdown(compared([RETURNED], [odd])).splitlines()
    row = next(line for line in lines if "| s/one" in line)
    assert row.replace("\\|", "").count("|") == next(line for line in lines if line.startswith("| kind")).count("|")


def test_the_next_steps_in_which_they_differ_are_told_as_well():
    first, second = [RETURNED, RESET, RETURNED, *[RETURNED] * 4], [RETURNED, INVALID, RETURNED, *[OTHER_VALUE] * 4]
    (one,) = compared(first, second).differing
    assert [each.step for each in one.partings] == [2, 4, 5, 6, 7]


def test_a_cell_of_which_records_ran_other_versions_is_counted_and_not_compared():
    old, new = cell(RETURNED, digest="1"), cell(RESET, digest="2")
    result = compare([record("a", old), record("b", new), record("c", old)])
    assert result.counts() == {"same": 0, "differ": 0, "ran in fewer than two records": 0, ANOTHER_VERSION: 1}
    assert result.cells[0].versions == (("a", "c"), ("b",))
    assert f"Not compared, {ANOTHER_VERSION}: a = c | b\n\n- s/one\n" in markdown(result)


def test_figures_of_other_versions_do_not_stand_side_by_side():
    first, second = (cell(digest=each, measures={"seconds": 1.0}) for each in "12")
    assert compare([record("a", first), record("b", second)]).measures == ()


def test_a_record_without_digests_is_compared_with_any_version():
    assert compare([record("a", cell(RETURNED)), record("b", cell(RESET, digest="2"))]).differing
