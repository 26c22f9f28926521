"""Known deviations are listed by reason, each once, with the outcome of the raw socket if known."""

from dataclasses import replace

import pytest

from conformance.model.observation import Observation
from conformance.model.record import CellRecord, Differential, StepRecord
from conformance.report.explained import by_reason

STEP = StepRecord(2, 8, "client", "send", "send 'a'", "returned 0", "returns 1", Observation("returned", 0))
RAW = Differential(2, "client send", "other value", raw="returned 1", here="returned 0")


@pytest.fixture
def known():
    return CellRecord("id", "using/send", "", "unix", "mine", "must", {"client": "local"}, "known-deviation", (STEP,),
                      0.1, reason="so be it", step=2, expected="returns 1", observed="returned 0",
                      differential=RAW)  # fmt: skip


def test_cells_that_differ_in_transport_and_numbers_only_are_one(known):
    others = [
        replace(known, transport=name, observed=f"returned {number}") for number, name in enumerate(("udp", "inet"))
    ]
    (found,) = by_reason([known, *others])["so be it"]
    assert found.name == "using/send"
    assert found.transports == ("unix", "udp", "inet")
    assert (found.step, found.wanted, found.observed) == (
        "step 2: client send 'a'",
        "returned 1",
        "returned 0 or returned 1",
    )


def test_more_than_three_different_words_are_cut(known):
    cells = [replace(known, observed=f"returned {number}") for number in range(9)]
    assert by_reason(cells)["so be it"][0].observed == "returned 0 or returned 1 or returned 2 or …"


def test_another_kind_of_outcome_is_told_by_itself(known):
    found = by_reason([known, replace(known, transport="udp", observed="hung in poll")])["so be it"]
    assert [(each.transports, each.observed) for each in found] == [
        (("unix",), "returned 0"),
        (("udp",), "hung in poll"),
    ]


def test_reasons_and_cases_stand_by_themselves(known):
    found = by_reason([known, replace(known, case="big"), replace(known, reason="another")])
    assert {reason: [each.name for each in same] for reason, same in found.items()} == {
        "so be it": ["using/send", "using/send (big)"],
        "another": ["using/send"],
    }


@pytest.mark.parametrize("differential", [None, replace(RAW, step=1)], ids=["no raw socket", "they part before"])
def test_without_what_the_raw_socket_did_there_the_expectation_is_told(known, differential):
    (found,) = by_reason([replace(known, differential=differential)])["so be it"]
    assert (found.wanted, found.by_raw) == ("returns 1", False)


def test_other_verdicts_are_not_told(known):
    assert by_reason([replace(known, verdict="fail"), replace(known, verdict="pass")]) == {}
