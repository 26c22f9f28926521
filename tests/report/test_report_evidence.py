"""Evidence in words: the state of a socket, shown only when it changed."""

from dataclasses import replace

import pytest

from conformance.model.socket_state import SocketState
from conformance.report.records import read
from conformance.report.sequence import diagram
from conformance.report.socket_states import changes
from conformance.report.timeline import timeline

CLIENT = {"socket": "client", "state": "ESTABLISHED", "local": "127.0.0.1:1", "peer": "127.0.0.1:2"}
SERVER = {"socket": "server", "state": "ESTABLISHED", "local": "127.0.0.1:2", "peer": "127.0.0.1:1"}
LISTENER = {"socket": "listener", "state": "LISTEN", "local": "127.0.0.1:2"}


@pytest.fixture
def told(recorded):
    """A cell whose steps have this evidence, one after the other."""
    cell = next(cell for cell in read(recorded.stdlib).cells if cell.id == "bad/wrong[socketpair]")

    def make(*evidence):
        steps = zip(cell.steps, evidence, strict=False)
        states = ((step, tuple(SocketState(**each) for each in found)) for step, found in steps)
        return replace(cell, steps=tuple(replace(step, evidence=found) for step, found in states))

    return make


def said(cell):
    """The words about each step, by name of socket."""
    return {number: [change[:2] for change in found] for number, found in changes(cell).items()}


def test_states_and_sizes_are_told_when_they_change(told):
    cell = told(
        [CLIENT, {**SERVER, "unread": 5}],
        [{**CLIENT, "state": "FIN-WAIT-1"}, {**SERVER, "state": "CLOSE-WAIT", "unread": 5}],
        [{**CLIENT, "state": "FIN-WAIT-1"}, {**SERVER, "state": "CLOSE-WAIT"}],
    )
    assert said(cell) == {
        1: [("client", "ESTABLISHED"), ("server", "ESTABLISHED, 5 bytes unread")],
        2: [("client", "ESTABLISHED → FIN-WAIT-1"), ("server", "ESTABLISHED → CLOSE-WAIT, 5 bytes unread")],
        3: [("server", "CLOSE-WAIT, nothing unread")],
    }


def test_a_socket_that_is_gone_is_closed(told):
    assert said(told([CLIENT, SERVER], [SERVER]))[2] == [("client", "ESTABLISHED → CLOSED")]


def test_unanswered_data_is_told_with_what_was_sent_again(told):
    waits = {**CLIENT, "unacknowledged": 9, "unsent": 4, "retransmits": 1, "timer": "retransmission"}
    assert said(told([CLIENT], [waits], [CLIENT])) == {
        1: [("client", "ESTABLISHED")],
        2: [("client", "ESTABLISHED, 9 bytes unacknowledged, 4 of them not sent, 1 segment sent again")],
        3: [("client", "ESTABLISHED, all acknowledged")],
    }


def test_a_connection_that_is_accepted_stays_the_same(told):
    queued = {**SERVER, "socket": None}
    assert said(told([CLIENT, {**LISTENER, "queued": 1}, queued], [CLIENT, LISTENER, SERVER])) == {
        1: [("client", "ESTABLISHED"), ("listener", "LISTEN, 1 to be accepted")],
        2: [("listener", "LISTEN, none to be accepted")],
    }


def test_a_socket_is_known_to_be_its_listeners(told):
    worker = {**SERVER, "socket": "worker", "unread": 1}
    (change,) = changes(told([LISTENER], [LISTENER, worker]))[2]
    assert change == ("worker", "ESTABLISHED, 1 byte unread", ("listener", "worker"))


def test_a_socket_without_a_name_is_called_after_its_peer(told):
    queued = {**SERVER, "socket": None}
    assert said(told([CLIENT, queued], [CLIENT, {**queued, "state": "CLOSE-WAIT"}]))[2] == [
        ("peer of client", "ESTABLISHED → CLOSE-WAIT")
    ]


def test_where_there_are_no_states_sizes_are_told(told):
    cell = told([{"socket": "server", "unread": 2}], [{"socket": "server"}], [])
    assert said(cell) == {1: [("server", "2 bytes unread")], 2: [("server", "nothing unread")], 3: []}


def test_drawings_show_them_beside_their_step(told):
    cell = told([], [CLIENT, {**SERVER, "unread": 1}])
    client, server = (line.text.strip() for line in diagram(cell, 100) if line.kind == "evidence")
    assert client == "│ ESTABLISHED".ljust(44) + "│"
    assert server == "│".ljust(44) + "│ ESTABLISHED, 1 byte unread"
    assert "state     server ESTABLISHED, 1 byte unread" in "\n".join(timeline(cell))
