"""Verdicts on observations written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.judge import FAIL, PASS, UNSUPPORTED, Verdict, judge
from conformance.engine.wrong_types import described
from conformance.language.checks import check
from conformance.language.scenario_syntax import parse
from conformance.model import observation as o
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.tables.selectors import Host

FACTS = {
    "family": "linux", "kernel": "6.1", "byteorder": "little", "word_bits": 64, "python_implementation": "CPython",
    "python_version": "3.12.1",
}  # fmt: skip

EPIPE = o.Observation(o.RAISED, {"name": "EPIPE", "class": "BrokenPipeError"})


def scenario(steps: str, header: str = "") -> s.Scenario:
    """A scenario of these steps between two connected sockets; every word after the actor is its action."""
    lines = "\n".join(f"  - {line.strip()}" for line in steps.strip().splitlines())
    text = f"summary: x\nsources: [x]\ntransports: [unix]\ngiven: connected\n{header}\nsteps:\n{lines}\n"
    found, mistakes = parse(text.encode(), Path("x.yaml"), "x")
    assert mistakes + check(found) == []
    return found


def verdict(written: s.Scenario, *observed: o.Observation) -> Verdict:
    """The verdict over the observations of steps 1, 2, …"""
    case, transport = written.cells()[0]
    return judge(Cell(written, case, transport), Host.of(FACTS), dict(enumerate(observed, 1)))


def returned(canonical: object = None, **more) -> o.Observation:
    """The observation of a call that returned."""
    return o.Observation(o.RETURNED, canonical, canonical, **more)


def blocked(cpu: float | None = None) -> o.Observation:
    """The observation of a call that waits."""
    return o.Observation(o.BLOCKED, wait=o.Wait("recv", "by hand", "certain", cpu))


def test_a_step_without_an_outcome_must_return():
    one = scenario("client: {send: {text: x}}")
    assert verdict(one, returned(1)) == Verdict(PASS)
    assert verdict(one, EPIPE) == Verdict(FAIL, "", 1, "returns", "raised EPIPE (BrokenPipeError)")


def test_the_first_deviation_gives_the_verdict():
    two = scenario("client: {send: {text: x}, returns: 2}\nserver: {recv: 1, returns: {text: y}}")
    found = verdict(two, returned(1), returned({"text": "x"}))
    assert (found.step, found.expected, found.observed) == (1, "returns 2", "returned 1")


@pytest.mark.parametrize(
    "raises, met",
    [
        ("EPIPE", True),
        ("ECONNRESET", False),
        ("[ECONNRESET, EPIPE]", True),
        ("BrokenPipeError", True),
        ("ConnectionError", True),
        ("OSError", True),
        ("ConnectionResetError", False),
        ("ValueError", False),
        ("{name: EPIPE, class: OSError}", True),
        ("{name: EPIPE, class: ConnectionResetError}", False),
        ("{name: ECONNRESET, class: OSError}", False),
    ],
)
def test_an_error_is_met_by_its_name_and_by_its_class_or_one_above(raises, met):
    one = scenario(f"client: {{send: {{text: x}}, raises: {raises}}}")
    assert verdict(one, EPIPE).kind == (PASS if met else FAIL)


def test_another_name_of_an_error_is_the_same_error():
    one = scenario("client: {send: {text: x}, raises: EWOULDBLOCK}")
    assert verdict(one, o.Observation(o.RAISED, {"name": "EAGAIN", "class": "BlockingIOError"})).kind == PASS


PYTHONS = o.Observation(o.RAISED, {"name": "TimeoutError", "class": "TimeoutError"})
THE_SYSTEMS = o.Observation(o.RAISED, {"name": "ETIMEDOUT", "class": "TimeoutError"})


@pytest.mark.parametrize(
    "raises, met",
    [
        ("ETIMEDOUT", {"the system's"}),
        ("TimeoutError", {"Python's"}),
        ("{name: ETIMEDOUT, class: TimeoutError}", {"the system's"}),
        ("[TimeoutError, ETIMEDOUT]", {"Python's", "the system's"}),
        ("OSError", {"Python's", "the system's"}),
    ],
)
def test_a_timeout_of_the_system_and_one_of_python_are_two(raises, met):
    one = scenario(f"client: {{recv: 1, raises: {raises}}}")
    seen = {"Python's": PYTHONS, "the system's": THE_SYSTEMS}
    assert {name for name, each in seen.items() if verdict(one, each).kind == PASS} == met


def test_any_of_several_outcomes_will_do():
    one = scenario("client: {send: {text: x}, any_of: [{raises: EPIPE}, {returns: 1}]}")
    assert verdict(one, EPIPE).kind == verdict(one, returned(1)).kind == PASS
    assert verdict(one, returned(2)).expected == "raises EPIPE or returns 1"


def test_waiting_where_a_result_is_expected_is_a_deviation():
    one = scenario("server: {recv: 1, returns: {text: x}}")
    hung = o.Observation(o.HUNG, wait=o.Wait("recvfrom", "by hand", "certain"))
    assert verdict(one, hung) == Verdict(FAIL, "hung in recvfrom", 1, "returns 'x'", "hung in recvfrom")


def test_a_wait_that_uses_the_processor_is_no_wait():
    one = scenario("server: {recv: 1, blocks: {for_at_least: 1, cpu_at_most: 0.1}}")
    assert verdict(one, blocked(0.05)).kind == PASS
    assert verdict(one, blocked(0.9)).kind == FAIL
    assert verdict(one, blocked(None)).kind == PASS


def test_a_process_dies_by_the_signal_that_was_expected():
    one = scenario("server: {recv: 1, dies: SIGPIPE}")
    assert verdict(one, o.Observation(o.CRASHED, {"signal": "SIGPIPE"})).kind == PASS
    assert verdict(one, o.Observation(o.CRASHED, {"signal": "SIGSEGV"})).kind == FAIL
    assert verdict(one, o.Observation(o.CRASHED, {"exit": 1})).kind == FAIL


def test_an_alternative_replaces_the_whole_outcome():
    one = scenario("server: {recv: 1, returns: empty, where: {linux: {raises: EPIPE}, windows: {blocks: true}}}")
    assert verdict(one, EPIPE).kind == PASS
    assert verdict(one, returned({"text": ""})).expected == "raises EPIPE"


def test_what_is_not_supported_is_told_unless_a_step_before_it_deviates():
    two = scenario("client: {send: {text: x}, returns: 1}\nserver: {recv: 1}")
    missing = o.Observation(o.UNSUPPORTED, reason="no such call")
    assert verdict(two, returned(1), missing) == Verdict(UNSUPPORTED, "no such call", 2)
    assert verdict(two, returned(2), missing).kind == FAIL


def test_a_step_that_is_not_applicable_takes_no_part():
    two = scenario("client: {send: {text: x}, returns: 1, only: windows}\nserver: {recv: 1}")
    assert verdict(two, o.Observation(o.NOT_APPLICABLE), returned({"text": "x"})).kind == PASS


PENDING = "server: {recv: 1, blocks: true}\nclient: {send: {text: x}}\nclient: {close: {}}\nserver: {pending: recv}"


def test_a_parked_call_that_comes_back_too_early_fails_and_the_releasing_step_is_named():
    one = scenario(PENDING)
    early = verdict(one, blocked(), returned(1), returned(), returned({"text": "x"}, released_by=2))
    assert early == Verdict(FAIL, "released by step 2 (line 8), before step 3", 4, "returns", "returned 'x'")
    assert verdict(one, blocked(), returned(1), returned(), returned({"text": "x"}, released_by=3)).kind == PASS


def test_the_steps_of_one_group_release_together():
    one = scenario(
        "server: {recv: 1, blocks: true}\n"
        "together: [{client: {send: {text: x}}}, {other: {send: {text: y}, using: client}}]\n"
        "server: {pending: recv}",
        "actors: {other: {beside: client}}",
    )
    observed = [blocked(), returned(1), returned(1)]
    assert verdict(one, *observed, returned({"text": "x"}, released_by=2)).kind == PASS
    assert verdict(one, *observed, returned({"text": "x"}, released_by=3)).kind == PASS


EITHER = (
    "left: {recv: 1, using: server, blocks: true}\nright: {recv: 1, using: server, blocks: true}\nclient: {close: {}}\n"
    "exactly_one: [{left: {pending: recv, returns: empty}}, {right: {pending: recv, returns: empty}}]"
)


def test_exactly_one_is_met_by_either_and_not_by_both_or_none():
    one = scenario(EITHER, "actors: {left: {beside: server}, right: {beside: server}}")
    over = returned({"text": ""}, released_by=3)
    before = [blocked(), blocked(), returned()]
    assert verdict(one, *before, over, blocked()).kind == PASS
    assert verdict(one, *before, blocked(), over).kind == PASS
    both = verdict(one, *before, over, over)
    assert (both.kind, both.step) == (FAIL, 5)
    assert both.reason == "not the only one: step 4 (line 10) is over, too"
    assert verdict(one, *before, o.Observation(o.HUNG), o.Observation(o.HUNG)).step == 4


def test_a_step_that_was_not_run_is_a_deviation_with_its_reason():
    one = scenario("server: {recv: 1, blocks: true}\nclient: {shutdown: SHUT_RD}\nserver: {send: {text: x}}")
    not_run = o.Observation(o.NOT_RUN, blame=1, reason="server is still in recv of step 1")
    found = verdict(one, blocked(), returned(), not_run)
    assert (found.step, found.reason) == (3, "not run: server is still in recv of step 1")


@pytest.mark.parametrize("seconds, met", [(0.5, True), (49, True), (51, False)])
def test_an_upper_bound_allows_for_a_slow_machine(seconds, met):
    one = scenario("server: {recv: 1, lasts: {at_most: 1}}")
    assert verdict(one, returned({"text": "x"}, seconds=seconds)).kind == (PASS if met else FAIL)


@pytest.mark.parametrize("seen", [EPIPE, returned({"text": "no"}), o.Observation(o.HUNG)], ids=lambda seen: seen.kind)
def test_a_measure_is_never_judged(seen):
    assert verdict(scenario("server: {recv: 1, returns: {text: x}}", "level: measure"), seen).kind == PASS
    assert verdict(scenario("server: {recv: 1, returns: {text: x}, level: measure}"), seen).kind == PASS
    assert verdict(scenario("server: {recv: 1, returns: {text: x}, level: must}", "level: measure"), seen).kind == FAIL


def test_a_measure_that_is_not_supported_is_unsupported():
    missing = o.Observation(o.UNSUPPORTED, reason="no such call")
    assert verdict(scenario("server: {recv: 1}", "level: measure"), missing) == Verdict(UNSUPPORTED, "no such call", 1)


@pytest.mark.parametrize("returns", ["", ", returns: anything", ", returns: {at_least: 0}", ", returns: {not: 5}"])
def test_a_value_of_a_wrong_type_is_never_what_was_expected(returns):
    one = scenario(f"client: {{send: {{text: x}}{returns}}}")
    found = verdict(one, returned(described(b"", "a count")))
    assert (found.kind, found.observed) == (FAIL, "returned b'' (bytes) instead of a count")


def test_a_field_of_a_wrong_type_is_a_deviation_though_fields_that_are_not_listed_are_free():
    one = scenario("server: {recv_into: 1, returns: {data: {text: x}}}")
    assert verdict(one, returned({"data": {"text": "x"}, "count": 1})).kind == PASS
    found = verdict(one, returned({"data": {"text": "x"}, "count": described([], "a count")}))
    assert found.observed == "returned data: 'x', count: [] (list) instead of a count"


READY = "server: {ready: {}, returns: [read, write]}"
LISTS = "server: {select: {read: [client, server]}, returns: {read: [client, server], write: []}}"
EVENTS = "server: {poll: {server: [POLLIN, POLLOUT]}, returns: {server: [POLLIN, POLLOUT]}}"


@pytest.mark.parametrize(
    "step, seen, met",
    [
        (READY, ["write", "read"], True),
        (READY, ["read", "read"], False),
        (READY, ["read", "write", "error"], False),
        (LISTS, {"read": ["server", "client"], "write": [], "error": []}, True),
        (LISTS, {"read": ["client", "client"], "write": [], "error": []}, False),
        (LISTS, {"read": ["client", "server"], "write": ["server"], "error": []}, False),
        (EVENTS, {"server": ["POLLOUT", "POLLIN"]}, True),
        (EVENTS, {"server": ["POLLIN"]}, False),
    ],
)
def test_readiness_and_events_are_sets(step, seen, met):
    assert (verdict(scenario(step), returned(seen)).kind == PASS) is met


def test_other_lists_have_an_order():
    one = scenario('client: {unpack: {format: "BB", data: {hex: "0102"}}, returns: [1, 2]}')
    assert verdict(one, returned([1, 2])).kind == PASS
    assert verdict(one, returned([2, 1])).kind == FAIL


def test_a_lower_bound_is_exact():
    one = scenario("server: {recv: 1, raises: TimeoutError, lasts: {at_least: 0.3}}")
    late = {"name": "TimeoutError", "class": "TimeoutError"}
    assert verdict(one, o.Observation(o.RAISED, late, seconds=0.31)).kind == PASS
    assert verdict(one, o.Observation(o.RAISED, late, seconds=0.2)).expected == (
        "raises TimeoutError, lasting at least 0.3 s"
    )


def test_a_value_that_a_step_saved_is_expected_of_a_later_one():
    two = scenario("client: {fill: {}, as: n}\nserver: {recv_exactly: $n, returns: {pattern: $n}}")
    filled = returned(5000, names={"n": {"canonical": 5000, "raw": 5000}})
    assert verdict(two, filled, returned({"pattern": 5000, "seed": 0})).kind == PASS
    assert verdict(two, filled, returned({"pattern": 4999, "seed": 0})).kind == FAIL


def test_a_value_that_was_never_saved_fails_the_step_that_needs_it_and_nothing_more():
    two = scenario("client: {drain: {}, as: n, only: windows}\nserver: {drain: {}, returns: $n}")
    found = verdict(two, o.Observation(o.NOT_APPLICABLE), returned(5))
    assert found == Verdict(FAIL, "", 2, "returns $n", "returned 5")
