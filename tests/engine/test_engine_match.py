"""Whether a result is the expected one, for each kind of expectation."""

from __future__ import annotations

import pytest

from conformance.engine import data
from conformance.engine.match import Matcher, Seen
from conformance.model import scenario as s
from conformance.model import values as v


def matches(expected: s.Expected, canonical: object, raw: object = None, **saved: Seen) -> bool:
    """Whether a result matches, for the actor ``server``."""
    return Matcher(saved, "server").matches(expected, Seen(canonical, canonical if raw is None else raw))


def exactly(value: object) -> s.Exactly:
    """A literal."""
    return s.Exactly(v.Literal(value))


def recorded(content: bytes) -> dict:
    """Data as observations hold it."""
    return data.canonical(content)


ADDRESS = {"names": ["listener", "server"], "host": "loopback", "port": ["listener", "server"]}
RAW_ADDRESS = {"names": ["127.0.0.1", 4711], "host": "127.0.0.1", "port": 4711}


@pytest.mark.parametrize("canonical", [None, 0, "x", [], {}, {"text": ""}])
def test_anything_is_met_by_anything(canonical):
    assert matches(s.Anything(), canonical)


@pytest.mark.parametrize(
    "wanted, found, equal",
    [
        (1, 1, True),
        (1, 2, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        (False, False, True),
        (None, None, True),
        (None, 0, False),
        (0, None, False),
        ("a", "a", True),
        (1.5, 1.5, True),
    ],
)
def test_a_literal_is_met_by_the_same_value_and_true_is_not_one(wanted, found, equal):
    assert matches(exactly(wanted), found) is equal


def test_data_is_compared_by_its_bytes_however_it_is_written():
    assert matches(s.Exactly(v.Hex("616263")), recorded(b"abc"))
    assert matches(s.Exactly(v.Text("abc")), recorded(b"abc"))
    assert matches(s.Exactly(v.Slice(v.Text("xabcx"), 1, 4)), recorded(b"abc"))
    assert not matches(s.Exactly(v.Text("abd")), recorded(b"abc"))
    assert not matches(s.Exactly(v.Text("abc")), "abc")


def test_no_bytes_are_not_nothing():
    assert matches(s.Exactly(v.Text("")), recorded(b""))
    assert not matches(s.Exactly(v.Text("")), None)
    assert not matches(exactly(None), recorded(b""))


def test_long_data_is_compared_by_its_digest():
    content = data.pattern(9999) + b"\0"
    joined = v.Join((v.Pattern(v.Literal(9999)), v.Hex("00")))
    assert matches(s.Exactly(joined), recorded(content))
    assert not matches(s.Exactly(v.Pattern(v.Literal(10_000))), recorded(content))


@pytest.mark.parametrize("found, met", [(b"", False), (b"a", True), (b"abc", True), (b"abcd", False), (b"b", False)])
def test_a_prefix_is_not_empty_and_not_longer_than_the_whole(found, met):
    assert matches(s.PrefixOf(v.Text("abc")), recorded(found)) is met


def test_a_prefix_of_a_long_pattern_is_met_by_long_data():
    assert matches(s.PrefixOf(v.Pattern(v.Literal(100_000))), recorded(data.pattern(50_000)))
    assert not matches(s.PrefixOf(v.Pattern(v.Literal(100_000))), recorded(data.pattern(50_000, 1)))
    assert not matches(s.PrefixOf(v.Text("abc")), 3)


def test_a_size_may_be_a_number_or_a_range():
    assert matches(s.SizeIs(exactly(3)), recorded(b"abc"))
    assert matches(s.SizeIs(s.Range(v.Literal(2), v.Literal(4))), recorded(b"abc"))
    assert not matches(s.SizeIs(exactly(4)), recorded(b"abc"))
    assert not matches(s.SizeIs(exactly(3)), "abc")


@pytest.mark.parametrize(
    "low, high, found, met",
    [
        (1, 3, 1, True),
        (1, 3, 3, True),
        (1, 3, 4, False),
        (None, 3, -5, True),
        (2, None, 1.9, False),
        (0, 1, True, False),
        (0, 1, None, False),
        (0, None, "EAGAIN", False),
    ],
)
def test_a_range_includes_its_bounds_and_takes_numbers_only(low, high, found, met):
    bounds = [v.Literal(bound) if bound is not None else None for bound in (low, high)]
    assert matches(s.Range(*bounds), found) is met


def test_one_of_several_and_not():
    assert matches(s.OneOf((exactly(1), exactly(2))), 2)
    assert not matches(s.OneOf((exactly(1), exactly(2))), 3)
    assert matches(s.Not(exactly(1)), 2)
    assert not matches(s.Not(exactly(1)), 1)


def test_fields_that_are_not_listed_are_free_and_those_listed_must_be_there():
    wanted = s.Record((("count", exactly(2)),))
    assert matches(wanted, {"count": 2, "data": recorded(b"ab")})
    assert not matches(wanted, {"count": 3})
    assert not matches(wanted, {"data": recorded(b"ab")})
    assert not matches(wanted, 2)


def test_a_field_called_self_is_the_actor_of_the_step():
    wanted = s.Record((("self", s.Exactly(v.Items((v.Symbol("POLLIN"),)))),))
    assert matches(wanted, {"server": ["POLLIN"]})
    assert not matches(wanted, {"client": ["POLLIN"]})


def test_an_empty_mapping_is_met_by_an_empty_one_only():
    assert matches(s.Exactly(v.Fields(())), {})
    assert not matches(s.Exactly(v.Fields(())), {"server": ["POLLIN"]})


def test_a_mapping_as_a_value_is_exact():
    wanted = s.Exactly(v.Fields((("onoff", v.Literal(1)), ("linger", v.Literal(0)))))
    assert matches(wanted, {"onoff": 1, "linger": 0})
    assert not matches(wanted, {"onoff": 1, "linger": 0, "more": 0})
    assert not matches(wanted, {"onoff": 1})


def test_a_sequence_is_exact_in_length_and_order():
    wanted = s.Sequence((exactly(1), s.Anything()))
    assert matches(wanted, [1, 5])
    assert not matches(wanted, [5, 1])
    assert not matches(wanted, [1])
    assert not matches(wanted, {"0": 1})


def test_lists_of_words_and_symbols_are_compared_in_order():
    assert matches(s.Exactly(v.Items((v.Literal("read"), v.Literal("write")))), ["read", "write"])
    assert not matches(s.Exactly(v.Items((v.Literal("write"),))), ["read", "write"])
    assert matches(s.Exactly(v.Items(())), [])


def test_a_symbol_and_its_alias_are_one():
    assert matches(s.Exactly(v.Symbol("EWOULDBLOCK")), "EAGAIN")
    assert not matches(s.Exactly(v.Symbol("EINTR")), "EAGAIN")
    assert not matches(s.Exactly(v.Symbol("AF_INET")), 2)


def test_objects_are_compared_by_name_and_self_is_the_actor():
    assert matches(s.Exactly(v.Items((v.Object("client"), v.Object("self")))), ["client", "server"])
    assert not matches(s.Exactly(v.Items((v.Object("client"),))), ["server"])


def test_an_address_is_met_by_any_of_the_names_that_it_has():
    for name in ("listener", "server", "self"):
        assert matches(s.Exactly(v.AddressOf(name)), ADDRESS, RAW_ADDRESS)
    assert not matches(s.Exactly(v.AddressOf("client")), ADDRESS, RAW_ADDRESS)
    assert not matches(s.Exactly(v.Unnamed()), ADDRESS, RAW_ADDRESS)


def test_a_host_and_a_port_are_compared_by_symbol_and_by_name_or_number():
    def wanted(host: str, port: v.Value) -> s.Exactly:
        return s.Exactly(v.HostPort(host, port))

    assert matches(wanted("loopback", v.Object("listener")), ADDRESS, RAW_ADDRESS)
    assert matches(wanted("loopback", v.Literal(4711)), ADDRESS, RAW_ADDRESS)
    assert not matches(wanted("any", v.Object("listener")), ADDRESS, RAW_ADDRESS)
    assert not matches(wanted("loopback", v.Object("client")), ADDRESS, RAW_ADDRESS)
    assert not matches(wanted("loopback", v.Literal(80)), ADDRESS, RAW_ADDRESS)


def test_a_port_may_be_within_a_range():
    wanted = s.Record((("port", s.Range(v.Literal(1024), None)),))
    assert matches(wanted, ADDRESS, RAW_ADDRESS)
    assert not matches(s.Record((("port", s.Range(None, v.Literal(1023))),)), ADDRESS, RAW_ADDRESS)


def test_paths_abstract_names_and_no_name_are_told_apart():
    assert matches(s.Exactly(v.PathAddress("door")), {"names": [], "path": "door"})
    assert matches(s.Exactly(v.AbstractAddress("door")), {"names": [], "abstract": "door"})
    assert matches(s.Exactly(v.Unnamed()), {"names": [], "unnamed": True})
    assert not matches(s.Exactly(v.PathAddress("door")), {"names": [], "abstract": "door"})


def test_a_saved_value_is_compared_with_its_type():
    assert matches(s.Exactly(v.Saved("n")), 3, n=Seen(3, 3))
    assert not matches(s.Exactly(v.Saved("n")), 1, n=Seen(True, True))
    assert matches(s.Exactly(v.Saved("d")), recorded(b"abc"), d=Seen(recorded(b"abc"), b"abc"))


def test_a_field_of_a_saved_value_may_be_given():
    saved = Seen({"count": 3, "data": recorded(b"abc")}, {"count": 3, "data": b"abc"})
    assert matches(s.Exactly(v.Saved("r", "count")), 3, r=saved)
    assert matches(s.PrefixOf(v.Saved("r", "data")), recorded(b"ab"), r=saved)


def test_a_saved_port_is_the_number_whoever_has_it_now():
    saved = Seen(ADDRESS, RAW_ADDRESS)
    assert matches(s.Exactly(v.Saved("a", "port")), ["other"], 4711, a=saved)
    assert not matches(s.Exactly(v.Saved("a", "port")), ["listener", "server"], 4712, a=saved)


def test_a_saved_address_is_the_same_one_when_more_names_have_it():
    saved = Seen(ADDRESS, RAW_ADDRESS)
    more = {**ADDRESS, "names": ["copy", "listener", "server"]}
    assert matches(s.Exactly(v.Saved("a")), more, RAW_ADDRESS, a=saved)
    assert not matches(s.Exactly(v.Saved("a")), more, {**RAW_ADDRESS, "port": 4712}, a=saved)


def test_the_name_of_an_object_refers_to_its_address_and_its_port():
    assert matches(s.Exactly(v.Saved("listener")), ADDRESS, RAW_ADDRESS)
    assert matches(s.Exactly(v.Saved("listener", "port")), ["listener", "server"], 4711)
    assert not matches(s.Exactly(v.Saved("client")), ADDRESS, RAW_ADDRESS)


@pytest.mark.parametrize(
    "expected",
    [
        s.Exactly(v.Saved("n")),
        s.Exactly(v.Saved("n", "count")),
        s.Not(s.Exactly(v.Saved("n", "count"))),
        s.PrefixOf(v.Saved("n")),
        s.Exactly(v.Pattern(v.Saved("n"))),
        s.Range(v.Saved("n"), None),
        s.SizeIs(s.Exactly(v.Saved("n"))),
    ],
)
def test_what_refers_to_a_value_that_was_never_saved_is_not_met(expected):
    assert not matches(expected, recorded(b"abc"))


def test_sizes_and_patterns_may_be_as_long_as_a_saved_number():
    assert matches(s.Exactly(v.Pattern(v.Saved("n"))), recorded(data.pattern(5000)), n=Seen(5000, 5000))
    assert matches(s.Range(v.Saved("n"), v.Saved("n")), 7, n=Seen(7, 7))
