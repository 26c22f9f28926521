"""Packets and packet rules: the kind of each packet, how it is cut, and which packets a rule strikes. No network."""

from __future__ import annotations

import socket
import struct

import pytest
from packet_making import CLIENT6, SERVER6, tcp, udp, valid

from conformance.tables.faults import PACKETS
from conformance.worker.faults.packet_rules import Rule, Rules
from conformance.worker.network import ip_packets
from conformance.worker.network.ip_packets import ACK, FIN, PSH, RST, SYN, URG, Packet

SIX = {"source": CLIENT6, "target": SERVER6}
ENDS = pytest.mark.parametrize("ends", [{}, SIX], ids=["IPv4", "IPv6"])


def read(raw: bytes) -> Packet:
    """A packet that can be read."""
    found = ip_packets.read(raw)
    assert found is not None
    return found


# kinds


@ENDS
@pytest.mark.parametrize(
    "raw, kinds",
    [
        ((SYN,), {"SYN"}),
        ((SYN | ACK,), {"SYN-ACK"}),
        ((ACK,), {"ACK"}),
        ((ACK | PSH, b"x"), {"data"}),
        ((FIN | ACK,), {"FIN"}),
        ((FIN | ACK, b"x"), {"FIN", "data"}),
        ((RST,), {"RST"}),
        ((ACK | URG, b"x"), {"urgent", "data"}),
    ],
)
def test_a_segment_is_of_the_kinds_that_its_flags_and_data_make_it(raw, kinds, ends):
    assert read(tcp(*raw, **ends)).kinds == kinds | {"any"} <= set(PACKETS)


@ENDS
def test_datagrams_and_fragments_are_different_kinds(ends):
    whole = read(udp(bytes(100), **ends))
    assert whole.kinds == {"any", "datagram"}
    assert [read(each).kinds for each in ip_packets.divided(whole, 64)] == [{"any", "fragment"}] * 2


def test_bytes_that_are_no_packet_are_not_read():
    assert [ip_packets.read(raw) for raw in (b"", b"\x45", b"\x60\0", b"\xff" * 60)] == [None, None, None, None]


def test_both_directions_of_a_connection_are_one_flow():
    there = read(tcp(SYN)).flow
    swapped = tcp(SYN | ACK)
    back = swapped[:12] + swapped[16:20] + swapped[12:16] + swapped[22:24] + swapped[20:22] + swapped[24:]
    assert there is not None
    assert read(back).flow == there
    assert read(udp(b"x")).flow is None


# damaging and cutting


@ENDS
def test_a_damaged_packet_has_other_data_and_a_wrong_checksum(ends):
    for whole in (read(tcp(ACK, b"hello", **ends)), read(udp(b"hello", **ends))):
        damaged = ip_packets.damaged(whole)
        assert (valid(whole.octets), valid(damaged.octets)) == (True, False)
        assert (damaged.octets[:-1], damaged.kinds) == (whole.octets[:-1], whole.kinds)


@ENDS
@pytest.mark.parametrize(
    "size, pieces", [(2, [b"he", b"ll", b"o"]), (4, [b"hell", b"o"]), (1, [b"h", b"e", b"l", b"l", b"o"])]
)
def test_a_segment_is_cut_into_valid_segments_that_follow_each_other(size, pieces, ends):
    cut = [read(raw) for raw in ip_packets.divided(read(tcp(ACK | PSH | FIN, b"hello", 0xFFFFFFFE, **ends)), size)]
    assert all(valid(each.octets) for each in cut)
    assert [each.octets[each.body :] for each in cut] == pieces
    sequence = [struct.unpack_from("!I", each.octets, each.start + 4)[0] for each in cut]
    assert sequence == [(0xFFFFFFFE + size * number) & 0xFFFFFFFF for number in range(len(pieces))]
    assert ["FIN" in each.kinds for each in cut] == [False] * (len(pieces) - 1) + [True]


def test_the_urgent_pointer_stays_on_its_byte():
    cut = [read(raw) for raw in ip_packets.divided(read(tcp(ACK | URG, b"hello", urgent=3)), 2)]
    assert [struct.unpack_from("!H", each.octets, each.start + 18)[0] for each in cut] == [3, 1, 0]
    assert ["urgent" in each.kinds for each in cut] == [True, True, False]


def test_a_small_packet_is_not_cut():
    segment, datagram = read(tcp(ACK, b"hello")), read(udp(b"hello"))
    assert [ip_packets.divisible(segment, size) for size in (4, 5)] == [True, False]
    assert [ip_packets.divisible(datagram, size) for size in (8, 15, 16)] == [True, True, False]
    assert not ip_packets.divisible(read(tcp(ACK)), 1)


def test_ipv4_fragments_join_to_the_original_packet():
    raw = udp(bytes(range(100)))
    joined = {}
    for each in ip_packets.divided(read(raw), 43):
        total, identification, where = struct.unpack_from("!HHH", each, 2)
        assert total == len(each)
        joined[(where & 0x1FFF) * 8] = (each[20:], bool(where & 0x2000), identification)
    assert b"".join(content for _, (content, _, _) in sorted(joined.items())) == raw[20:]
    assert [more for _, (_, more, _) in sorted(joined.items())] == [True, True, False]
    assert len({identification for _, _, identification in joined.values()}) == 1


def test_ipv6_fragments_join_to_the_original_packet():
    raw = udp(bytes(range(100)), **SIX)
    cut = ip_packets.divided(read(raw), 40)
    heads = [struct.unpack_from("!BxHI", each, 40) for each in cut]
    assert [each[6] for each in cut] == [44] * 3
    assert [(protocol, where & 0xFFF8, where & 1) for protocol, where, _ in heads] == [
        (socket.IPPROTO_UDP, 0, 1), (socket.IPPROTO_UDP, 40, 1), (socket.IPPROTO_UDP, 80, 0),
    ]  # fmt: skip
    assert b"".join(each[48:] for each in cut) == raw[40:]


# rules


def ruled(*rules: Rule, packets: str = "abcdef") -> str:
    """The letters that arrive, of data segments with one letter each."""
    found = Rules()
    found.stated += rules
    found.treat("client", read(tcp(SYN)))
    arrived = []
    for letter in packets:
        arrived += found.treat("client", read(tcp(ACK, letter.encode())))
    return "".join(chr(each.octets[-1]) for each in sorted(arrived, key=lambda departure: departure.late))


def rule(action: str, **more: object) -> Rule:
    """A rule for data of the client."""
    return Rule(action, "data", "client", **more)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "rules, arrives",
    [
        ([rule("drop")], "bcdef"),
        ([rule("drop", nth=3)], "abdef"),
        ([rule("drop", nth=2, times=2)], "adef"),
        ([rule("drop", every=3, times=None)], "bcef"),
        ([rule("drop", nth=2, every=2, times=2)], "acef"),
        ([rule("drop", times=None)], ""),
        ([rule("duplicate", nth=2)], "abbcdef"),
        ([rule("reorder", nth=2)], "acbdef"),
        ([rule("reorder", times=2)], "badcef"),
        ([rule("reorder", every=2, times=None)], "badcfe"),
        ([rule("hold", nth=2)], "acdef"),
        ([rule("delay", by=1.0, times=1)], "bcdefa"),
        ([rule("duplicate"), rule("drop", nth=2)], "abcdef"),
        ([rule("drop"), rule("drop")], "cdef"),
        ([Rule("drop", "FIN", "client"), Rule("drop", "data", "server")], "abcdef"),
    ],
)
def test_a_rule_strikes_the_packets_it_names(rules, arrives):
    assert ruled(*rules) == arrives


def test_pieces_of_a_cut_packet_are_packets_for_the_rules_after_it():
    found = Rules()
    found.stated += [rule("split", into=2), rule("drop", nth=2)]
    found.treat("client", read(tcp(SYN)))
    arrived = [read(each.octets) for each in found.treat("client", read(tcp(ACK, b"hello")))]
    assert [each.octets[each.body :] for each in arrived] == [b"he", b"o"]


def test_a_held_packet_meets_the_later_rules_once_it_is_delivered():
    found = Rules()
    found.stated += [rule("hold", times=3), rule("drop", nth=2)]
    found.treat("client", read(tcp(SYN)))
    assert not found.holds("client")
    assert [found.treat("client", read(tcp(ACK, letter))) for letter in (b"a", b"b", b"c")] == [[], [], []]
    assert (found.holds("client"), found.holds("server")) == (True, False)
    assert [each.octets[-1:] for each in found.deliver("client")] == [b"a", b"c"]
    assert found.deliver("client") == []


def test_a_rule_has_happened_once_it_has_struck_as_often_as_it_should():
    found = Rules()
    found.stated += [rule("reorder", nth=2), rule("delay", by=1.0, times=None)]
    found.treat("client", read(tcp(SYN)))
    happened = []
    for letter in (b"a", b"b", b"c"):
        found.treat("client", read(tcp(ACK, letter)))
        happened.append((found.happened("reorder"), found.happened("delay")))
    assert happened == [(False, True), (False, True), (True, True)]


def test_rules_ignore_a_connection_that_began_before_them():
    found = Rules()
    found.stated.append(rule("drop", times=None))
    assert len(found.treat("client", read(tcp(ACK, b"of an earlier cell")))) == 1


def test_while_the_link_is_cut_all_is_lost_and_no_packet_counts():
    found = Rules()
    found.stated.append(rule("drop"))
    found.cut = True
    assert found.treat("client", read(tcp(SYN))) == found.treat("client", read(tcp(ACK, b"x"))) == []
    found.cut = False
    assert not found.happened("drop")
