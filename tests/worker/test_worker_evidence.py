"""Evidence: the state of each socket after each step, also of other processes' sockets and of closed ones."""

import socket
import sys

import pytest

from conformance.language.corpus import bundled, load_one
from conformance.model.cell import Cell
from conformance.model.socket_state import SocketState
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record
from conformance.worker.observing.sock_diag import SockDiag, descriptor_state


@pytest.fixture(scope="module")
def watching():
    """A worker that records evidence."""
    runner = Runner(OWN, WorkerOptions(hosts=True, evidence=True))
    yield runner
    runner.close()


@pytest.fixture
def evidence(watching, passed):
    """Runs a scenario on one transport. Returns its evidence by step and socket."""

    def run(body, transport):
        outcome = passed(watching, body, transport)
        return {number: {each.socket: each for each in found} for number, found in outcome.evidence.items()}

    return run


@pytest.fixture
def sock_diag():
    """The kernel's answer; the test is skipped if there is none."""
    try:
        with SockDiag() as conversation:
            list(conversation.tcp(socket.AF_INET))
    except OSError as error:
        pytest.skip(f"no sock_diag: {error}")


HALF_CLOSE = """
given: connected
steps:
  - client: {sendall: {text: abcd}}
  - client: {shutdown: SHUT_WR}
  - server: {recv_until_eof: {}}
  - server: {close: {}}
"""


@pytest.mark.usefixtures("sock_diag")
@pytest.mark.parametrize("transport", ["loopback", "loopback6", "inet", "inet6"])
def test_a_half_close_shows_in_the_states_of_both_ends(evidence, transport):
    found = evidence(HALF_CLOSE, transport)
    assert found[1]["client"].state == found[1]["server"].state == "ESTABLISHED"
    assert found[1]["listener"].state == "LISTEN"
    assert found[2]["client"].state in ("FIN-WAIT-1", "FIN-WAIT-2")
    assert found[2]["client"].unacknowledged == 0, "a FIN is no data"
    assert (found[2]["server"].state, found[2]["server"].unread) == ("CLOSE-WAIT", 4)
    assert found[3]["server"].unread == 0
    assert found[4]["client"].state == "TIME-WAIT"
    assert "server" not in found[4]


@pytest.mark.usefixtures("sock_diag")
def test_unread_bytes_are_counted_in_time_wait_too(evidence):
    found = evidence(
        """
given: connected
steps:
  - client: {shutdown: SHUT_WR}
  - server: {sendall: {text: abc}}
  - server: {close: {}}
""",
        "loopback",
    )
    assert (found[3]["client"].state, found[3]["client"].unread) == ("TIME-WAIT", 3)


@pytest.mark.usefixtures("sock_diag")
def test_a_socket_that_was_closed_is_still_seen(evidence):
    found = evidence("given: connected\nsteps:\n  - client: {close: {}}\n", "loopback")
    assert found[1]["client"].state in ("FIN-WAIT-1", "FIN-WAIT-2")


@pytest.mark.usefixtures("sock_diag")
def test_a_connection_that_is_not_accepted_is_counted_and_has_no_name(evidence):
    found = evidence("given: queued\nsteps:\n  - client: {getsockname: {}}\n", "loopback")
    assert found[1]["server"].queued == 1
    assert found[1][None].state == "ESTABLISHED"
    assert found[1][None].peer == found[1]["client"].local


@pytest.mark.usefixtures("sock_diag")
def test_sockets_of_other_processes_are_seen(evidence):
    found = evidence(f"actors: {{server: {{process: own}}}}\n{HALF_CLOSE}", "loopback")
    assert (found[2]["server"].state, found[2]["server"].unread) == ("CLOSE-WAIT", 4)


@pytest.mark.usefixtures("sock_diag")
def test_bytes_that_a_cut_link_loses_are_unacknowledged(evidence):
    found = evidence("given: connected\nsteps:\n  - network: {cut: server}\n  - client: {send: {text: abc}}\n", "inet")
    assert found[2]["client"].unacknowledged == 3
    assert found[2]["client"].timer == "retransmission"
    assert found[2]["server"].unread == 0


@pytest.mark.skipif(sys.platform == "win32", reason="FIONREAD is asked for with fcntl")
def test_unread_bytes_of_unix_streams_are_counted(evidence):
    found = evidence(HALF_CLOSE, "unix")
    assert found[2]["server"] == SocketState("server", unread=4)
    assert found[3]["server"] == SocketState("server")


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the socket module has no TCP_INFO")
def test_without_sock_diag_the_descriptors_are_asked():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        assert (descriptor_state(listener.fileno()), descriptor_state(client.fileno())) == ("LISTEN", "ESTABLISHED")
        accepted, _ = listener.accept()
        accepted.close()
        assert client.recv(1) == b""
        assert descriptor_state(client.fileno()) == "CLOSE-WAIT"
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            assert descriptor_state(other.fileno()) is None


def test_records_have_no_evidence_unless_it_is_asked_for(runner):
    scenario = load_one(bundled() / "disconnecting/half-close-request-reply.yaml", bundled())
    record = cell_record(runner.run(Cell(scenario, scenario.cases[0], "loopback", "stdlib")))
    assert {step.evidence for step in record.steps} == {None}
