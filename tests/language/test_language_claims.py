"""The links from the claims of the HOWTO to the steps that act them out: each is held against its scenario."""

from __future__ import annotations

import pytest

from conformance.engine.wording import step_words
from conformance.language.corpus import bundled, load_all
from conformance.language.howto_claims import (
    CONFIRMS,
    CONTRADICTS,
    SENSES,
    Difference,
    Faster,
    Steps,
    claims,
    former_ids,
)
from conformance.model import observation as o
from conformance.tables.selectors import known_term
from conformance.tables.transports import TRANSPORTS, terms


@pytest.fixture(scope="module")
def corpus():
    loaded = load_all((bundled(),))
    assert loaded.mistakes == ()
    return {scenario.id: scenario for scenario in loaded.scenarios}


LINKS = [(claim, each) for claim in claims().values() for each in claim.evidence]
QUOTES = [
    pytest.param(link, quoted, id=f"{claim.id}-{link.scenario}-{quoted.number}")
    for claim, link in LINKS
    if not isinstance(link, Faster)
    for quoted in (link.steps if isinstance(link, Steps) else [link.step])
]


def fits(link, scenario, case, transport):
    """Whether a cell may be one to which a link applies: whatever the platform, its case and transport fit."""
    of_files = {each.name for each in scenario.cases} | set(TRANSPORTS) | set().union(*map(terms, TRANSPORTS))
    return (link.only & of_files) <= {case.name, *case.terms, *terms(transport)}


@pytest.mark.parametrize(("link", "quoted"), QUOTES)
def test_a_quoted_step_is_in_every_case_to_which_its_link_applies(corpus, link, quoted):
    scenario = corpus[link.scenario]
    fitting = [case for case, transport in scenario.cells() if fits(link, scenario, case, transport)]
    assert fitting
    for case in fitting:
        (step,) = [each for each in case.steps if each.number == quoted.number]
        assert f"{step.actor} {step_words(step)}".startswith(quoted.words)


@pytest.mark.parametrize("claim", claims().values(), ids=lambda claim: claim.id)
def test_every_claim_is_acted_out_and_says_how_it_is_meant(claim):
    assert claim.evidence
    assert claim.holds in SENSES
    assert all(each.shows.strip().endswith((".", '".')) for each in claim.evidence)


def test_a_claim_about_two_systems_is_decided_by_differences_alone():
    for claim in claims().values():
        kinds = {isinstance(each, Difference) for each in claim.evidence}
        assert len(kinds) == 1, claim.id
        assert all(map(known_term, claim.systems)), claim.id


def test_links_say_what_a_step_shows_and_when_in_known_words(corpus):
    for claim, link in LINKS:
        if isinstance(link, Steps):
            assert link.bearing in (CONFIRMS, CONTRADICTS), claim.id
            assert link.when in ("", o.RETURNED, o.RAISED, o.BLOCKED), claim.id
        if not isinstance(link, Faster):
            words = {each for case in corpus[link.scenario].cases for each in (case.name, *case.terms)}
            words |= set().union(*map(terms, corpus[link.scenario].transports))
            assert all(term in words or known_term(term) for term in link.only), (claim.id, link.only)


def test_compared_figures_are_measured_over_both_transports_and_in_the_same_cases(corpus):
    compared = [link for _, link in LINKS if isinstance(link, Faster)]
    assert compared
    for link in compared:
        one, other = corpus[link.scenario], corpus[link.than_scenario]
        for scenario, transport in ((one, link.over), (other, link.than)):
            assert transport in scenario.transports
            assert all(any(step.measures == link.measure for step in case.steps) for case in scenario.cases)
        assert {case.name for case in one.cases} & {case.name for case in other.cases}


def test_claims_and_scenarios_name_the_sections_alike(corpus):
    folders = {name.partition("/")[0] for name in corpus}
    assert {claim.section for claim in claims().values()} <= folders


def test_an_earlier_id_of_a_claim_is_read_as_its_present_one(corpus):
    assert former_ids()["create/client-connects"] == "creating/client-connects"
    assert set(former_ids()).isdisjoint(claims())
    assert all(name in claims() for scenario in corpus.values() for name in scenario.claims)


FALSE = (
    "using/zero-from-send-means-broken",
    "disconnecting/send-success-means-peer-was-receiving",
    "creating/bind-hostname-is-visible-outside",
    "using/after-zero-no-more-data-ever",
)


@pytest.mark.parametrize("name", FALSE)
def test_a_false_sentence_has_a_step_that_contradicts_it_when_all_goes_as_expected(name):
    claim = claims()[name]
    assert claim.holds == "always"
    assert any(isinstance(each, Steps) and each.bearing == CONTRADICTS for each in claim.evidence)
