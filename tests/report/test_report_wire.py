"""Packets as arrows, drawn between the lifelines under their steps."""

import socket
import struct
from dataclasses import replace

import pytest
from dpkt import ip, tcp, udp

from conformance.model.captures import CaptureRecord, NamedAddress, NoCapture, StepTimes
from conformance.report.pcapng import Packet
from conformance.report.records import read
from conformance.report.segments import End, wire
from conformance.report.wire_diagram import wire_diagram

CLIENT, SERVER = End("192.0.2.1", 40000), End("192.0.2.2", 50000)
HOSTS = {CLIENT.address: "client", SERVER.address: "server"}
MILLISECOND = 1_000_000

SYN, ACK, FIN, RST = tcp.TH_SYN, tcp.TH_ACK, tcp.TH_FIN, tcp.TH_RST


class Tape:
    """Packets as two hosts see them; each takes a tenth of a millisecond, and the next one leaves after a whole one."""

    def __init__(self):
        self.packets = []
        self.now = 0

    def seen(self, source, body, protocol, arrives=True, leaves=True, after=MILLISECOND // 10):
        """One packet on its way."""
        target = SERVER if source is CLIENT else CLIENT
        self.now += MILLISECOND
        ends = {"src": socket.inet_aton(source.address), "dst": socket.inet_aton(target.address)}
        content = bytes(ip.IP(**ends, p=protocol, data=body, id=self.now // MILLISECOND))
        if leaves:
            self.packets.append(Packet(HOSTS[source.address], "veth0", self.now, True, 0x0800, content))
        if arrives:
            self.packets.append(Packet(HOSTS[target.address], "veth0", self.now + after, False, 0x0800, content))
        return content

    def segment(self, source, flags, seq, ack=0, data=b"", win=1000, **way):
        """One segment; sequence numbers count from 0 for the client and from 2**32 - 1 for the server."""
        target = SERVER if source is CLIENT else CLIENT
        first, other = (0, 2**32 - 1) if source is CLIENT else (2**32 - 1, 0)
        numbers = {"seq": (first + seq) % 2**32, "ack": (other + ack) % 2**32 if flags & ACK else 0}
        segment = tcp.TCP(sport=source.port, dport=target.port, flags=flags, win=win, data=data, **numbers)
        self.seen(source, segment, 6, **way)

    def handshake(self):
        """A connection is made."""
        self.segment(CLIENT, SYN, 0)
        self.segment(SERVER, SYN | ACK, 0, 1)
        self.segment(CLIENT, ACK, 1, 1)

    def told(self, complete=True):
        """The arrows, each as its direction, label and marks."""
        arrows = wire(self.packets, HOSTS, complete).arrows
        return [("→ " if each.source == CLIENT else "← ") + "↻ " * each.again + each.label
                + " ✗" * (each.arrived is None) + " (late)" * (each.sent is None) for each in arrows]  # fmt: skip


@pytest.fixture
def tape():
    return Tape()


def test_a_conversation_is_told_with_numbers_from_the_first_of_each_side(tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"GET /")
    tape.segment(SERVER, ACK, 1, 6)
    tape.segment(CLIENT, FIN | ACK, 6, 1)
    tape.segment(SERVER, RST, 1)
    assert tape.told() == [
        "→ SYN seq=0", "← SYN-ACK seq=0 ack=1", "→ ACK ack=1", "→ data seq=1 len=5", "← ACK ack=6",
        "→ FIN seq=6 ack=1", "← RST seq=1",
    ]  # fmt: skip


def test_what_was_lost_and_what_was_sent_again_is_marked(tape):
    tape.segment(CLIENT, SYN, 0, arrives=False)
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"x", arrives=False)
    tape.segment(CLIENT, ACK, 1, 1, b"x")
    tape.segment(CLIENT, FIN | ACK, 2, 1, arrives=False)
    tape.segment(CLIENT, FIN | ACK, 2, 1)
    assert [each for each in tape.told() if "SYN-ACK" not in each] == [
        "→ SYN seq=0 ✗", "→ ↻ SYN seq=0", "→ ACK ack=1", "→ data seq=1 len=1 ✗", "→ ↻ data seq=1 len=1",
        "→ FIN seq=2 ack=1 ✗", "→ ↻ FIN seq=2 ack=1",
    ]  # fmt: skip


def test_nothing_counts_as_lost_where_the_capture_itself_lost_packets(tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"x", arrives=False)
    assert tape.told(complete=False)[-1] == "→ data seq=1 len=1"


def test_what_arrives_twice_is_told_twice(tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"x")
    tape.packets.append(replace(tape.packets[-1], nanoseconds=tape.now + MILLISECOND))
    assert tape.told()[-2:] == ["→ data seq=1 len=1", "→ data seq=1 len=1 (late)"]


def test_probes_and_windows_are_told(tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 0, 1)
    tape.segment(SERVER, ACK, 1, 1, win=0)
    tape.segment(CLIENT, ACK, 0, 1)
    tape.segment(SERVER, ACK, 1, 1)
    assert tape.told()[3:] == ["→ keepalive probe", "← ACK ack=1 win=0", "→ window probe", "← window update ack=1"]


def test_datagrams_and_what_icmp_reports_are_told(tape):
    content = tape.seen(CLIENT, udp.UDP(sport=CLIENT.port, dport=SERVER.port, ulen=13, data=b"hello"), 17)
    tape.seen(SERVER, struct.pack("!BBHI", 3, 3, 0, 0) + content[:28], 1)
    assert tape.told() == ["→ datagram len=5", "← ICMP port unreachable"]
    assert wire(tape.packets, HOSTS, True).arrows[1].target == CLIENT


def test_what_is_no_part_of_a_conversation_is_counted(tape):
    tape.packets.append(Packet("client", "veth0", 0, True, 0x0806, bytes(28)))
    found = wire(tape.packets, HOSTS, True)
    assert (found.arrows, found.undrawn) == ((), {"ARP": 1})


def test_what_goes_to_an_address_of_nobody_arrives_where_it_was_last_seen(tape):
    content = tape.seen(CLIENT, tcp.TCP(sport=1, dport=2, flags=SYN), 6, arrives=False)
    nowhere = content[:16] + socket.inet_aton("203.0.113.1") + content[20:]
    seen = [Packet("client", "veth0", 1, True, 0x0800, nowhere), Packet("router", "veth0", 2, False, 0x0800, nowhere)]
    (arrow,) = wire(seen, HOSTS, True).arrows
    assert (arrow.target.address, arrow.target_host, arrow.arrived) == ("203.0.113.1", "router", 2)


# drawn


def capture(*steps, **changes):
    """The capture of a record; steps are (number, begin, end) in milliseconds."""
    made = CaptureRecord(
        1, 0, True, tuple(StepTimes(number, *(int(time * MILLISECOND) for time in times)) for number, *times in steps),
        HOSTS, {"client": "client", "server": "server"},
        tuple(NamedAddress(end.address, end.port, name) for end, name in ((CLIENT, "client"), (SERVER, "server"))),
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def cell(recorded):
    """A cell of three steps: sendall 'no', recv 9 (which deviates), close."""
    found = next(cell for cell in read(recorded.stdlib).cells if cell.id == "bad/wrong[socketpair]")
    return replace(found, verdict="pass", step=None)


def test_segments_stand_under_the_steps_that_caused_them(cell, tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"no", arrives=False)
    tape.segment(CLIENT, ACK, 1, 1, b"no")
    tape.segment(SERVER, ACK, 1, 3)
    tape.segment(SERVER, FIN | ACK, 1, 3)
    cell = replace(cell, capture=capture((1, 3.5, 4.5), (2, 4.6, 6.5), (3, 6.6, 7.5)))
    assert [line.text.rstrip() for line in wire_diagram(cell, tape.packets, 80)] == [
        "        ms   [client]                          [server]",
        "               │                                 │",
        "     0.000     │─────────── SYN seq=0 ──────────▶│",
        "     1.000     │◀───── SYN-ACK seq=0 ack=1 ──────│",
        "     2.000     │─────────── ACK ack=1 ──────────▶│",
        "               │                                 │",
        "     2.500     ● 1 sendall 'no'                  │",
        "     3.000     │───── data seq=1 len=2 ─────✗    │",
        "               │                                 │",
        "     3.600     │                                 ● 2 recv 9",
        "     4.000     │────── ↻ data seq=1 len=2 ──────▶│",
        "     5.000     │◀────────── ACK ack=3 ───────────│",
        "               │                                 │ ⤷ returned 'no'",
        "               │                                 │",
        "     5.600     │                                 ● 3 close",
        "     6.000     │◀─────── FIN seq=1 ack=3 ────────│",
        "               │                                 │",
        "             [client]                          [server]",
        "",
        "               ↻ sent again",
        "               ✗ lost on the way",
    ]


def test_a_segment_that_is_overtaken_leaves_and_arrives_at_its_own_times(cell, tape):
    tape.handshake()
    tape.segment(CLIENT, ACK, 1, 1, b"no", after=2 * MILLISECOND)
    tape.segment(CLIENT, ACK, 3, 1, b"w")
    lines = [line.text for line in wire_diagram(replace(cell, capture=capture((1, 3.5, 9))), tape.packets, 80)]
    arrows = [line[15:51].strip("│ ") for line in lines if "data" in line]
    assert [(each[0], "seq=1 " in each, each[-1]) for each in arrows] == [
        ("─", True, "┄"), ("─", False, "▶"), ("┄", True, "▶"),
    ]  # fmt: skip


def test_a_long_run_of_data_is_shortened(cell, tape):
    tape.handshake()
    for number in range(100):
        tape.segment(CLIENT, ACK, 1 + 10 * number, 1, bytes(10))
        tape.segment(SERVER, ACK, 1, 11 + 10 * number)
    text = "\n".join(
        line.text for line in wire_diagram(replace(cell, capture=capture((1, 3.5, 900))), tape.packets, 80)
    )
    assert text.count("data") == 4
    assert "⋮ 96 more segments, 960 bytes; 96 more ACKs" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_keeps_within_the_width_whatever_the_number_of_actors(cell, tape, width):
    tape.handshake()
    steps = (*cell.steps, replace(cell.steps[0], number=4, actor="helper", says="send " + "x" * 200))
    made = capture((1, 3.5, 4), (4, 5, 6))
    for actors in (cell.steps, steps):
        lines = wire_diagram(replace(cell, steps=tuple(actors), capture=made), tape.packets, width)
        assert max(len(line.text) for line in lines) <= width


def test_a_fault_goes_across_all_lifelines(cell, tape):
    tape.handshake()
    step = replace(cell.steps[0], actor="network", says="cut server", did="returned")
    made = replace(cell, steps=(step, *cell.steps[1:]), capture=capture((1, 3.5, 4)))
    (fault,) = (line for line in wire_diagram(made, tape.packets, 80) if line.kind == "fault")
    assert "╌ 1 network: cut server ╌" in fault.text


def test_without_a_capture_the_plain_diagram_says_why(cell):
    lines = wire_diagram(replace(cell, capture=NoCapture("no packets go there")), [], 80)
    assert lines[-1].text == "no packets go there"
    assert any("sendall 'no'" in line.text for line in lines)
    assert wire_diagram(replace(cell, capture=None), [], 80)[-1].text.endswith("run with --capture to have the packets")


def test_a_capture_that_lost_packets_says_so(cell, tape):
    tape.handshake()
    made = capture((1, 3.5, 4), complete=False, lost=7)
    assert "7 packets are missing" in wire_diagram(replace(cell, capture=made), tape.packets, 80)[-1].text
