"""The forwarder between two sockets of the test: which packets it carries, when it is idle, how it ends."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator

import pytest
from packet_making import CLIENT, SERVER, tcp, udp

from conformance.worker.faults import forwarder
from conformance.worker.faults.packet_rules import Rule
from conformance.worker.network.ip_packets import SYN, packed

LIMIT = 10.0
"""Seconds to wait for an event that must come."""


class Wire:
    """A forwarder between two socket pairs instead of devices; the test has their outer ends."""

    def __init__(self) -> None:
        self.client, inner_client = socket.socketpair(type=socket.SOCK_DGRAM)
        self.server, inner_server = socket.socketpair(type=socket.SOCK_DGRAM)
        for sock in (inner_client, inner_server):
            sock.setblocking(False)
        for sock in (self.client, self.server):
            sock.settimeout(LIMIT)
        ends = {
            "client": (inner_client.detach(), {packed(CLIENT)}),
            "server": (inner_server.detach(), {packed(SERVER)}),
        }
        self.forwarder = forwarder.between({name: (number, frozenset(own)) for name, (number, own) in ends.items()})

    def arrived(self) -> bytes:
        """The data of the next datagram at the server."""
        return self.server.recv(65536)[28:]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire that is cleaned up."""
    made = Wire()
    yield made
    made.forwarder.stop()
    made.client.close()
    made.server.close()


def test_every_packet_is_carried_in_its_order(wire):
    for number in range(200):
        wire.client.send(udp(str(number).encode()))
        if number % 10 == 9:
            assert [wire.arrived() for _ in range(10)] == [str(each).encode() for each in range(number - 9, number + 1)]
    assert wire.forwarder.idle() == 200


def test_packets_with_a_foreign_source_are_not_carried(wire):
    wire.client.send(udp(b"of another", source="198.51.100.1"))
    wire.client.send(b"no packet")
    wire.client.send(udp(b"own"))
    assert wire.arrived() == b"own"
    assert wire.forwarder.idle() == 1


def test_a_delayed_packet_is_under_way_and_a_held_one_is_not(wire):
    wire.forwarder.state(Rule("delay", "datagram", "client", by=0.2))
    wire.client.send(udp(b"late"))
    wire.forwarder.wait_for("delay")
    assert wire.forwarder.idle() is None
    assert wire.arrived() == b"late"
    wire.forwarder.state(Rule("hold", "datagram", "client"))
    wire.client.send(udp(b"held"))
    wire.forwarder.wait_for("hold")
    assert wire.forwarder.idle() == 2
    assert not select.select([wire.server], [], [], 0)[0]
    assert wire.forwarder.deliver("client")
    assert wire.arrived() == b"held"
    assert not wire.forwarder.deliver("client")


def test_a_held_packet_may_be_late_afterwards(wire):
    wire.forwarder.state(Rule("hold", "datagram", "client"))
    wire.forwarder.state(Rule("delay", "datagram", "client", by=0.05))
    wire.client.send(udp(b"held"))
    wire.forwarder.wait_for("hold")
    assert wire.forwarder.deliver("client")
    assert wire.arrived() == b"held"


def test_stopping_the_forwarder_releases_threads_that_wait_for_a_rule():
    wire = Wire()
    wire.forwarder.state(Rule("drop", "RST", "server"))
    waiting = threading.Thread(target=wire.forwarder.wait_for, args=("drop",))
    waiting.start()
    wire.forwarder.stop()
    waiting.join(LIMIT)
    assert not waiting.is_alive()


def test_a_forwarder_that_breaks_says_so(wire):
    wire.server.close()
    wire.client.send(tcp(SYN))
    wire.forwarder._thread.join(LIMIT)
    assert "can no longer be carried" in wire.forwarder.failure


def test_a_stopped_forwarder_leaves_no_descriptor_open():
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    wire = Wire()
    wire.forwarder.stop()
    wire.client.close()
    wire.server.close()
    assert (set(os.listdir("/proc/self/fd")) if before else set()) <= before
