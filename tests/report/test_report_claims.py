"""Claims by what steps did: what confirms and contradicts them, on one platform and on several."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.language import howto_claims
from conformance.language.howto_claims import CONFIRMS, CONTRADICTS, Claim, Difference, Faster, Quoted, Steps
from conformance.model import observation as o
from conformance.model.record import CellRecord, StepRecord
from conformance.report import claim_results as results
from conformance.report.records import read
from conformance.tables.selectors import Host

KEPT = Path(__file__).parents[2] / "reports" / "reference"
LINUX = {"family": "linux", "byteorder": "little", "word_bits": 64, "python_implementation": "cpython"}


def step(did, *, number=1, met=True, canonical=None, operation="recv"):
    """A step of a record with this kind of observation."""
    seen = o.Observation(did, {"name": "EPIPE", "class": "OSError"} if did == o.RAISED else canonical)
    return StepRecord(number, 1, "client", operation, f"{operation} 1", did, "returns", seen, met=met)


def cell(*steps, scenario="talk", transport="loopback", **more):
    """A cell with these steps."""
    return CellRecord(f"{scenario}[{transport}]", scenario, more.pop("case", ""), transport, "stdlib", "must", {},
                      more.pop("verdict", "pass"), steps, 0.1, **more)  # fmt: skip


def platform(*cells, **facts):
    """A platform on which these cells were run."""
    found = {**LINUX, **facts}
    return results.Platform(f"{found['family']}-{found['byteorder']}", Host.of(found), results.by_scenario(cells))


def link(bearing, scenario="talk", **more):
    """Evidence that step 1 of a scenario bears on a claim."""
    return Steps(scenario, bearing, (Quoted(1, "client recv"),), f"It {bearing}.", **more)


@pytest.fixture
def judge(monkeypatch):
    """Judges one claim with this evidence by these platforms."""

    def run(platforms, *evidence, holds="always", only=""):
        claim = Claim("using/a", "It is so.", holds=holds, only=only, evidence=evidence)
        monkeypatch.setattr(results, "claims", lambda: {claim.id: claim})
        (found,) = results.judged(platforms, ())
        return found

    return run


def test_a_step_that_does_as_expected_confirms_or_contradicts(judge):
    here = [platform(cell(step(o.RETURNED)))]
    assert judge(here, link(CONFIRMS)).status == results.CONFIRMED
    assert judge(here, link(CONTRADICTS)).status == results.CONTRADICTED


def test_a_false_sentence_whose_falsity_is_expected_is_contradicted_and_not_unexpected(judge):
    found = judge([platform(cell(step(o.RAISED)))], link(CONTRADICTS))
    assert (found.status, found.unexpected) == (results.CONTRADICTED, False)


def test_a_step_that_should_confirm_and_does_something_else_contradicts_and_says_so(judge):
    found = judge([platform(cell(step(o.RAISED, met=False), verdict="fail", step=1))], link(CONFIRMS))
    assert (found.status, found.unexpected) == (results.CONTRADICTED, True)
    assert found.on[0].findings[0].shows == "Instead, client recv 1 raised; expected: returns."


def test_a_step_that_should_contradict_and_does_something_else_shows_nothing(judge):
    found = judge([platform(cell(step(o.RAISED, met=False), verdict="fail", step=1))], link(CONTRADICTS))
    assert found.status == results.UNTESTED


@pytest.mark.parametrize("did", [o.NOT_RUN, o.UNSUPPORTED, o.CRASHED, o.NOT_APPLICABLE])
def test_a_step_that_was_not_done_shows_nothing(judge, did):
    found = judge([platform(cell(step(did, met=False), verdict="inconclusive"))], link(CONFIRMS))
    assert found.status == results.UNTESTED


@pytest.mark.parametrize(
    ("holds", "status"),
    [("always", results.CONTRADICTED), ("usually", results.WITH_CAVEAT), ("sometimes", results.CONFIRMED)],
)
def test_what_steps_for_and_against_make_of_a_sentence_depends_on_how_it_is_meant(judge, holds, status):
    here = [platform(cell(step(o.RETURNED)), cell(step(o.RETURNED), scenario="other"))]
    found = judge(here, link(CONFIRMS), link(CONTRADICTS, "other"), holds=holds)
    assert (found.status, found.on[0].steps(CONFIRMS), found.on[0].steps(CONTRADICTS)) == (status, 1, 1)


def test_a_link_may_count_by_the_kind_of_the_outcome(judge):
    links = link(CONFIRMS, when=o.RETURNED), link(CONTRADICTS, when=o.RAISED)
    assert judge([platform(cell(step(o.RETURNED, met=None)))], *links).status == results.CONFIRMED
    assert judge([platform(cell(step(o.RAISED, met=None)))], *links).status == results.CONTRADICTED


def test_a_link_may_be_for_some_platforms_transports_or_cases_only(judge):
    here = [platform(cell(step(o.RETURNED), case="short"))]
    for term, status in (("posix", "confirmed"), ("windows", "untested"), ("tcp", "confirmed"), ("unix", "untested"),
                         ("short", "confirmed"), ("long", "untested")):  # fmt: skip
        assert judge(here, link(CONFIRMS, only=frozenset([term]))).status == status, term


def test_a_claim_that_differs_by_platform_says_so(judge):
    there = platform(cell(step(o.RAISED, met=None)), family="windows")
    links = link(CONFIRMS, when=o.RETURNED), link(CONTRADICTS, when=o.RAISED)
    found = judge([platform(cell(step(o.RETURNED))), there], *links)
    assert found.status == results.VARIES
    assert [each.status for each in found.on] == [results.CONFIRMED, results.CONTRADICTED]


def test_a_claim_about_another_family_is_of_another_platform(judge):
    found = judge([platform(cell(step(o.RETURNED)))], link(CONFIRMS), only="windows")
    assert found.status == results.ELSEWHERE


def test_a_claim_about_two_systems_needs_records_of_both(judge):
    both = Difference("talk", Quoted(1, "client recv"), ("big-endian", "little-endian"), "They differ.")
    little, big = (cell(step(o.RETURNED, canonical=each)) for each in ("0100", "0001"))
    alone = judge([platform(little)], both)
    assert (alone.status, alone.lacks) == (results.UNTESTED, "needs records of both: big-endian and little-endian")
    assert judge([platform(little), platform(big, byteorder="big")], both).status == results.CONFIRMED
    assert judge([platform(little), platform(little, byteorder="big")], both).status == results.CONTRADICTED


@pytest.mark.parametrize(("unit", "figure", "status"), [
    ("s", 1.0, results.CONFIRMED), ("s", 3.0, results.CONTRADICTED),
    ("bytes/s", 1.0, results.CONTRADICTED), ("bytes/s", 3.0, results.CONFIRMED),
])  # fmt: skip
def test_a_claim_about_speed_compares_figures(judge, unit, figure, status):
    faster = Faster("talk", "trip", "loopback", "talk", "inet", "It was faster.")
    here = cell(measures={"trip": figure}, units={"trip": unit})
    there = cell(transport="inet", measures={"trip": 2.0}, units={"trip": unit})
    assert judge([platform(here, there)], faster).status == status
    assert judge([platform(here)], faster).status == results.UNTESTED


def test_an_old_record_without_met_goes_by_the_verdict_and_the_step_that_deviated(judge):
    old = [step(o.RETURNED, met=None), step(o.RETURNED, number=2, met=None), step(o.RETURNED, number=3, met=None)]
    links = [Steps("talk", CONFIRMS, (Quoted(number, "client"),), "So.") for number in (1, 2, 3)]
    assert judge([platform(cell(*old))], *links).on[0].steps(CONFIRMS) == 3
    failed = judge([platform(cell(*old, verdict="fail", step=2))], *links).on[0]
    assert [(each.step, each.bearing) for each in failed.findings] == [(1, CONFIRMS), (2, CONTRADICTS)]


def test_a_cell_of_another_version_of_its_scenario_does_not_count(monkeypatch):
    claim = Claim("using/a", "It is so.", evidence=(link(CONFIRMS),))
    monkeypatch.setattr(results, "claims", lambda: {claim.id: claim})

    class Scenario:
        id, digest = "talk", "new"

    for digest, status in (("new", "confirmed"), ("old", "untested"), ("", "confirmed")):
        (found,) = results.judged([platform(cell(step(o.RETURNED), digest=digest))], [Scenario])
        assert found.status == status


@pytest.fixture(scope="module")
def kept():
    """The claims by a kept record, whatever version of the scenarios it is of."""
    record = read(KEPT / "linux-x86_64-cpython3.13" / "stdlib.jsonl.gz")
    here = results.platform_of(record)
    digests = {each.scenario: each for each in record.cells}
    scenarios = [type("Scenario", (), {"id": name, "digest": each.digest}) for name, each in digests.items()]
    return {each.claim.id: each for each in results.judged([here], scenarios)}


def test_false_sentences_are_contradicted_by_a_kept_record(kept):
    for name in ("using/zero-from-send-means-broken", "disconnecting/send-success-means-peer-was-receiving",
                 "using/after-zero-no-more-data-ever"):  # fmt: skip
        assert kept[name].status == results.CONTRADICTED
        assert kept[name].on[0].steps(CONTRADICTS) > 0


def test_a_kept_record_decides_most_claims_and_surprises_in_none(kept):
    assert not any(each.unexpected for each in kept.values())
    decided = {name for name, each in kept.items() if each.status != results.UNTESTED}
    assert len(decided) >= 55
    assert decided <= set(howto_claims.claims())


def test_the_page_says_what_the_howto_says_and_what_this_machine_did(kept):
    page = results.markdown([kept["using/zero-from-send-means-broken"]], "this machine")
    assert "- **contradicted** `using/zero-from-send-means-broken`" in page
    assert "The HOWTO says: When send() returns after handling zero bytes" in page
    assert "send() on the broken connection raised an error; it did not return zero." in page
