"""The alternative that applies is the one that implies all others that hold."""

from __future__ import annotations

import pytest

from conformance.engine import choose
from conformance.model import scenario as s
from conformance.model.errors import Position
from conformance.tables.selectors import Host
from conformance.tables.transports import terms

HERE = Position("x.yaml", 1, 1)
DEFAULT = s.Outcome(s.Returns(s.Anything()), HERE)


def alternative(selector: str) -> s.Alternative:
    """An alternative that is recognised by its source."""
    outcome = s.Outcome(s.Blocks(), HERE, source=selector)
    return s.Alternative(frozenset(selector.split("+")), outcome, HERE)


def host(family: str = "linux", kernel: str = "6.1.2-x", python: str = "3.12.1", **more: object) -> dict:
    """The facts of a host."""
    facts = {"family": family, "kernel": kernel, "python_version": python, "byteorder": "little", "word_bits": 64}
    return {**facts, "python_implementation": "CPython", **more}


def chosen(given: str, facts: dict | None = None, transport: str = "unix", case: str = "") -> str | None:
    """The selector of the alternative that is chosen; None for the usual outcome."""
    facts = facts or host()
    step = s.Step(
        1, "client", "recv", 1, "single", False, (), None, None, DEFAULT,
        tuple(alternative(each) for each in given.split()), (), None, None, None, HERE,
    )  # fmt: skip
    here = Host.of(facts).also(terms(transport) | frozenset(case.split()))
    return choose.outcome_for(step, here).source


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("linux unix linux+unix", "linux+unix"),
        ("linux+unix unix linux", "linux+unix"),
        ("unix local stream", "unix"),
        ("stream local stream+local", "stream+local"),
        ("stream local unix", "unix"),
        ("posix linux", "linux"),
        ("any stream", "stream"),
        ("windows darwin", None),
        ("windows", None),
        ("linux windows", "linux"),
        ("datagram", None),
        ("linux+datagram linux", "linux"),
        ("64-bit linux linux+64-bit", "linux+64-bit"),
        ("cpython", "cpython"),
        ("pypy big-endian", None),
    ],
)
def test_the_most_special_alternative_wins_whatever_the_order(given, wanted):
    assert chosen(given) == wanted
    assert chosen(" ".join(reversed(given.split()))) == wanted


@pytest.mark.parametrize(
    "family, wanted",
    [("freebsd", "freebsd"), ("darwin", "bsd"), ("linux", "posix"), ("windows", None)],
)
def test_freebsd_beats_bsd_beats_posix(family, wanted):
    assert chosen("posix bsd freebsd", host(family)) == wanted


@pytest.mark.parametrize("transport, wanted", [("loopback", "tcp"), ("unix", "listening"), ("udp", None)])
def test_a_group_beats_the_groups_that_hold_it(transport, wanted):
    assert chosen("tcp listening", transport=transport) == wanted


@pytest.mark.parametrize(
    "given, kernel, wanted",
    [
        ("linux>=5.9", "5.8.18", None),
        ("linux>=5.9", "5.9", "linux>=5.9"),
        ("linux>=5.9", "5.10.0-amd64", "linux>=5.9"),
        ("linux<5.9", "5.8.18", "linux<5.9"),
        ("linux<5.9 linux>=5.9", "6.18", "linux>=5.9"),
        ("linux linux>=5.9", "6.18", "linux>=5.9"),
        ("posix linux<5.9", "4.4", "linux<5.9"),
        ("windows>=10", "6.18", None),
    ],
)
def test_versions_are_compared_number_by_number(given, kernel, wanted):
    assert chosen(given, host(kernel=kernel)) == wanted


def test_the_version_of_python_is_a_fact_of_its_own():
    assert chosen("python<3.10", host(python="3.9.18")) == "python<3.10"
    assert chosen("python<3.10", host(python="3.10.0")) is None


def test_a_case_may_serve_as_a_selector():
    assert chosen("linux small+linux", case="small") == "small+linux"
    assert chosen("small") is None


def test_where_two_hold_and_neither_implies_the_other_none_is_the_most_special():
    assert choose.most_specific([alternative("linux"), alternative("unix")]) is None
    assert choose.most_specific([alternative("linux"), alternative("posix"), alternative("unix")]) is None
    assert choose.most_specific([]) is None


@pytest.mark.parametrize(
    "guard, holds",
    [([], True), (["linux"], True), (["windows"], False), (["windows", "linux"], True), (["linux+udp"], False)],
)
def test_a_guard_holds_where_any_of_its_selectors_does(guard, holds):
    selected = tuple(frozenset(each.split("+")) for each in guard)
    assert choose.guard_holds(selected, Host.of(host()).also(terms("unix"))) is holds


def test_the_waiting_among_several_legal_outcomes_is_found():
    blocks = s.Outcome(s.Blocks(0.5), HERE)
    inner = s.Outcome(s.AnyOf((DEFAULT, blocks)), HERE)
    assert choose.blocking(s.Outcome(s.AnyOf((DEFAULT, inner)), HERE)) == s.Blocks(0.5)
    assert choose.blocking(DEFAULT) is None
