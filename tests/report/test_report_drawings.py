"""Output for people about a cell and a run: the timeline, the sequence diagram, tables and the report."""

from dataclasses import replace

import pytest

from conformance.model.captures import CaptureRecord, NoCapture
from conformance.model.observation import Observation
from conformance.model.record import Differential
from conformance.report.markdown import report
from conformance.report.records import read
from conformance.report.sequence import diagram
from conformance.report.tables import by_transport, by_verdict
from conformance.report.timeline import timeline


@pytest.fixture
def cells(recorded):
    return {cell.id: cell for cell in read(recorded.stdlib).cells}


@pytest.fixture
def wrong(cells):
    return cells["bad/wrong[socketpair]"]


def test_a_timeline_has_two_columns_and_the_deviation_in_its_place(wrong):
    assert timeline(wrong) == [
        "bad/wrong  over socketpair, implementation stdlib",
        "",
        "    1  client    sendall 'no'  returned",
        "✗   2  server    recv 9        returned 'no'",
        "                     expected  returns 'yes' (nobody)",
        "                     observed  returned 'no'",
        f"                     at        {wrong.file}:8",
        "    3  server    close         returned",
    ]


def test_a_step_that_hung_is_not_said_to_have_hung_because_it_hung(wrong):
    hung = replace(wrong, observed="hung in recvfrom", reason="hung")
    assert not any("because" in line for line in timeline(hung))
    assert any("because   it was so" in line for line in timeline(replace(hung, reason="it was so")))


@pytest.mark.parametrize(
    "raw, says",
    [
        (
            {"class": "builtins.NameError", "text": "name 'oops'\nis not defined"},
            "raised X: name 'oops' is not defined",
        ),
        ({"class": "builtins.ValueError", "text": ""}, "raised X"),
        ({"class": "builtins.OSError", "errno": 22, "text": "Invalid argument"}, "raised X"),
        ({"class": "builtins.TimeoutError", "text": "timed out"}, "raised X"),
        ({"class": "socket.gaierror", "text": "Name or service not known"}, "raised X"),
    ],
    ids=lambda each: each["class"] if isinstance(each, dict) else "",
)
def test_what_an_exception_said_is_told_where_it_is_no_error_of_the_system(wrong, raw, says):
    canonical = {"name": "X", "class": raw["class"].rpartition(".")[2]}
    raised = replace(wrong.steps[1], did="raised X", observation=Observation("raised", canonical, raw))
    cell = replace(wrong, observed="raised X", steps=(wrong.steps[0], raised, wrong.steps[2]))
    (line,) = [line for line in timeline(cell) if "observed  " in line]
    assert line.endswith(f"observed  {says}")
    (shorter,) = [line for line in timeline(cell, texts=False) if "observed  " in line]
    assert shorter.endswith("observed  raised X")
    assert (says.partition(": ")[2] in " ".join(each.text for each in diagram(cell, 140))) or says == "raised X"


def test_the_source_of_an_expectation_and_how_it_is_known_stand_behind_it(wrong):
    known = replace(wrong.steps[1], source="xnu tcp_input.c", basis="source-code")
    cell = replace(wrong, steps=(wrong.steps[0], known, wrong.steps[2]))
    shown = "returns 'yes' (xnu tcp_input.c; read in source, never observed)"
    assert any(line.endswith(f"expected  {shown}") for line in timeline(cell))
    assert f"expected {known.expected} (xnu tcp_input.c;" in " ".join(line.text for line in diagram(cell, 140))


def test_the_report_lists_expectations_that_were_never_observed(recorded, wrong):
    known = replace(wrong.steps[1], source="xnu tcp_input.c", basis="source-code")
    seen = replace(wrong.steps[0], source="a run", basis="observed")
    record = replace(read(recorded.stdlib), cells=(replace(wrong, steps=(seen, known)),))
    text = report([record])
    assert "| read in source, never observed | xnu tcp_input.c | 1 | 0 | 1 |" in text
    assert "| a run |" not in text


def test_values_that_an_expectation_refers_to_are_shown_with_their_numbers(wrong):
    names = {"mine": {"canonical": {"port": []}, "raw": {"host": "127.0.0.1", "port": 4711}}}
    first = replace(wrong.steps[0], observation=Observation("returned", names=names))
    second = replace(wrong.steps[1], did="returned []", observation=Observation("returned", [], 4712))
    cell = replace(wrong, steps=(first, second), expected="returns $mine.port", observed="returned []")
    lines = "\n".join(timeline(cell))
    assert "expected  returns $mine.port, where $mine.port is 4711 (nobody)\n" in lines
    assert "observed  returned [], raw 4712\n" in lines
    assert "4711" not in "\n".join(timeline(cell, texts=False))


def test_what_was_observed_has_other_words_than_what_the_raw_socket_did(wrong):
    parting = Differential(2, "server recv", "other value", "returned 1 (int 1)", "returned 1 (str '1')")
    cell = replace(wrong, observed="returned 1", differential=parting)
    lines = "\n".join(timeline(cell))
    assert "observed  returned 1 (str '1')\n" in lines
    assert "raw       returned 1 (int 1) (other value)" in lines


def test_a_long_step_is_wrapped_in_its_own_column(wrong):
    first, *others = wrong.steps
    long = replace(wrong, steps=(replace(first, says="setsockopt " + " ".join(["SO_SOMETHING"] * 9)), *others))
    lines = timeline(long)
    assert lines[2][58:] == "returned"
    assert all(len(line) <= 58 for line in lines[3:5])


def test_a_name_of_many_letters_does_not_touch_what_it_does(wrong):
    step = replace(wrong.steps[0], actor="a-very-long-name")
    assert "a-very-long-name sendall" in timeline(replace(wrong, steps=(step,)))[2]


def test_a_cell_that_never_began_shows_its_reason_and_notes(wrong):
    cell = replace(wrong, verdict="inconclusive", steps=(), step=None, reason="the worker died", notes=("why",))
    assert timeline(cell)[1:] == ["", "the worker died", "      why"]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_diagram_has_a_lifeline_per_actor_arrows_and_results(cells, width):
    lines = diagram(cells["talk/half-close[loopback]"], width)
    heads = lines[0].text
    assert heads.split() == ["[client]", "[server]"]
    assert lines[-1].text == heads
    assert max(len(line.text) for line in lines) <= width
    arrows = [line.text for line in lines if line.kind == "arrow"]
    assert "'GET /'" in arrows[0]
    assert arrows[0].rstrip("│").endswith("▶")
    assert "◀" in arrows[2]
    assert any(line.kind == "result" and "⤷ returned 'GET /'" in line.text for line in lines)


def test_a_diagram_of_many_actors_and_long_words_keeps_within_the_width(cells):
    cell = cells["talk/half-close[loopback]"]
    long = {"says": "setsockopt " + "SO_SOMETHING " * 20, "did": "returned " + "x" * 300}
    steps = tuple(replace(cell.steps[0], actor=f"actor{number}", **long) for number in range(5))
    lines = diagram(replace(cell, steps=steps), 80)
    assert max(len(line.text) for line in lines) <= 80
    assert sum(line.text.count("x") for line in lines) == 5 * 300


def test_all_lifelines_stand_in_their_columns(cells):
    lines = diagram(cells["talk/half-close[loopback]"], 80)[1:-1]
    columns = [number for number, mark in enumerate(lines[0].text) if mark == "│"]
    for line in lines:
        assert all(line.text[column] in "│●◆○" for column in columns), line


def test_a_diagram_shows_a_deviation_in_its_place(wrong):
    lines = diagram(wrong, 100)
    (deviation,) = [number for number, line in enumerate(lines) if line.kind == "deviation"]
    assert "✗ returned 'no'; expected returns 'yes'" in lines[deviation].text
    assert "2 recv 9" in lines[deviation - 1].text


def test_a_diagram_of_nothing_says_why(wrong):
    assert diagram(replace(wrong, steps=(), reason="no such family"))[0].text == "no such family"


def test_the_table_counts_verdicts_by_transport_and_section(cells):
    heads, rows = by_transport(list(cells.values()))
    assert heads == ["bad", "talk", "all"]
    assert dict(rows)["socketpair"] == ["1✗", "4✓ 1–", "4✓ 1✗ 1–"]
    assert dict(rows)["all"] == ["1✗", "5✓ 1–", "5✓ 1✗ 1–"]


def test_the_narrow_table_counts_transports_and_sections_by_verdict(cells):
    heads, rows = by_verdict(list(cells.values()))
    assert heads == ["pass", "fail", "unsupported"]
    assert dict(rows) == {
        "loopback": ["1✓", "", ""],
        "socketpair": ["4✓", "1✗", "1–"],
        "bad/": ["", "1✗", ""],
        "talk/": ["5✓", "", "1–"],
        "all": ["5✓", "1✗", "1–"],
    }


def test_the_report_has_counts_failures_and_what_was_not_run(recorded):
    text = report([read(recorded.stdlib)])
    assert "5 pass, 1 fail, 1 unsupported" in text
    assert "### fail: bad/wrong[socketpair]" in text
    assert "expected  returns 'yes'" in text
    assert "## Unsupported here" in text
    assert recorded.stdlib.with_suffix(".md").read_text("utf-8") == text


def test_the_report_says_when_the_run_was_ended_early(recorded):
    assert "**This record is incomplete" in report([replace(read(recorded.stdlib), footer=None)])


def test_the_report_leads_to_the_capture_of_what_was_unexpected(recorded, wrong):
    record = read(recorded.stdlib)
    capture = CaptureRecord(9, 0, True, (), {}, {}, (), "captures/stdlib/wrong.pcapng")
    captured = replace(wrong, capture=capture)
    assert "Capture: [9 packets](captures/stdlib/wrong.pcapng)\n" in report([replace(record, cells=(captured,))])
    lacking = replace(wrong, capture=NoCapture("no packets go there"))
    assert "No capture: no packets go there\n" in report([replace(record, cells=(lacking,))])
