"""Captures: every packet of a cell from both ends, in order, and no other packet."""

import errno
import socket

import pytest

from conformance.model.captures import NoCapture
from conformance.report.pcapng import packets
from conformance.report.segments import wire
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record, pcapng_of
from conformance.tables.transports import TRANSPORTS
from conformance.worker.observing import capture as capture_module
from conformance.worker.observing.capture import Capture


@pytest.fixture(scope="module")
def capturing():
    """A worker that captures."""
    runner = Runner(OWN, WorkerOptions(hosts=True, capture=True))
    yield runner
    runner.close()


@pytest.fixture
def captured(capturing, passed):
    """Runs a scenario on one transport. Returns its capture, and the segments on the wire."""

    def run(body, transport):
        outcome = passed(capturing, body, transport)
        cell = cell_record(outcome)
        if isinstance(cell.capture, NoCapture):
            pytest.skip(cell.capture.lacking)
        content = pcapng_of(cell, outcome.packets)
        return cell.capture, wire(packets(content), cell.capture.hosts, cell.capture.complete).arrows

    return run


HALF_CLOSE = """
given: connected
steps:
  - client: {sendall: {text: abcd}}
  - client: {shutdown: SHUT_WR}
  - server: {recv_until_eof: {}}
  - server: {close: {}}
"""


@pytest.mark.parametrize("transport", ["loopback", "loopback6", "inet", "inet6"])
def test_a_conversation_is_captured_from_the_handshake_to_the_last_acknowledgement(captured, transport):
    for _ in range(3):
        capture, arrows = captured(HALF_CLOSE, transport)
        assert capture.complete
        assert [arrow.label for arrow in arrows if not arrow.label.startswith("ACK")] == [
            "SYN seq=0", "SYN-ACK seq=0 ack=1", "data seq=1 len=4", "FIN seq=5 ack=1", "FIN seq=1 ack=6",
        ]  # fmt: skip
        assert arrows[-1].label == "ACK ack=2"
        assert not any(arrow.arrived is None or arrow.again for arrow in arrows)


def test_each_segment_lies_within_the_step_that_caused_it(captured):
    capture, arrows = captured(HALF_CLOSE, "inet")
    begins = {each.step: each.began for each in capture.steps}
    data, fin, answer = (next(arrow for arrow in arrows if arrow.label.startswith(label))
                         for label in ("data", "FIN seq=5", "FIN seq=1"))  # fmt: skip
    assert begins[1] < data.sent < begins[2] < fin.sent < begins[3] < begins[4] < answer.sent
    assert arrows[0].sent < begins[1], "the fixture comes before the first step"


def test_a_packet_that_a_cut_link_loses_leaves_but_does_not_arrive(captured):
    body = "given: connected\nsteps:\n  - network: {cut: server}\n  - client: {send: {text: abc}}\n"
    _, arrows = captured(body, "inet")
    assert next(arrow for arrow in arrows if arrow.label.startswith("data")).arrived is None
    assert not any(arrow.arrived is None for arrow in arrows if "SYN" in arrow.label)


def test_datagrams_and_port_unreachable_messages_are_captured(captured):
    body = "given: connected\nsteps:\n  - server: {close: {}}\n  - client: {send: {text: abc}}\n"
    _, arrows = captured(body, "udp")
    assert [arrow.label for arrow in arrows] == ["datagram len=3", "ICMP port unreachable"]


def test_packets_of_other_programs_are_left_out(captured):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        body = "given: connected\nsteps:\n  - client: {send: {text: abc}}\n"
        with socket.create_connection(listener.getsockname()):
            _, arrows = captured(body, "loopback")
        port = listener.getsockname()[1]
    assert arrows
    assert not any(port in (arrow.source.port, arrow.target.port) for arrow in arrows)


def test_packets_of_earlier_cells_are_left_out(captured):
    closing = "given: connected\nsteps:\n  - network: {link: down, of: server}\n  - client: {send: {text: a}}\n"
    captured(f"{closing}  - client: {{close: {{}}}}\n", "inet")  # its FIN is sent again long after
    _, arrows = captured(HALF_CLOSE, "inet")
    assert arrows[0].label == "SYN seq=0"
    assert len({arrow.source for arrow in arrows}) == 2


def test_a_transport_without_packets_says_so():
    assert Capture(TRANSPORTS["unix"], {}, {}, {}, set).lacking == "no packets go between sockets on unix"


@pytest.mark.skipif(not hasattr(socket, "AF_PACKET"), reason="packet sockets exist on Linux only")
def test_without_the_right_to_capture_the_message_names_who_has_it(monkeypatch):
    def refused(*arguments):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(capture_module, "_tap", refused)
    assert "by root only" in Capture(TRANSPORTS["loopback"], {}, {}, {}, set).lacking


def test_a_capture_leaves_the_link_to_its_faults(captured):
    captured(
        """
given: connected
steps:
  - network: {cut: server}
  - network: {repair: server}
  - network: {link: down, of: client}
  - client: {send: {text: patience}, returns: 8}
  - server: {recv: 8, blocks: true}
""",
        "inet",
    )
