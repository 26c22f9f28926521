"""The HOWTO's programs with a short send and a short receive in every place: every way to cut a message of eight bytes.

A program that passes all of these does not depend on any cut.
"""

import socket

import pytest

from conformance.tape import Tape, TapedSocket, TapePlayer, playing, splits
from conformance.worker.adapters.shaped import ShapedAdapter
from conformance.worker.calls.programs import Programs

CUTS = list(splits(8))


@pytest.fixture
def ends():
    """Two taped sockets that take from the player of the thread."""
    pair = [TapedSocket(each.family, each.type, each.proto, each.detach()) for each in socket.socketpair()]
    for each in pair:
        each.settimeout(10)  # a program that asks for too much must not hang the test
    yield pair
    for each in pair:
        each.close()


@pytest.fixture
def programs():
    return Programs(ShapedAdapter(socket, "taped"), None)


def under(send, recv):
    """The player of one cut of what is sent, and one of what is received."""
    return TapePlayer(Tape((("send", tuple(send)), ("recv", tuple(recv)))))


@pytest.mark.parametrize("sent", CUTS, ids=lambda cut: "-".join(map(str, cut)))
def test_mysend_and_myreceive(ends, programs, sent):
    client, server = ends
    for received in CUTS:
        player = under(sent, received)
        with playing(player):
            programs.mysend(client, b"ABCDEFGH")
            assert programs.myreceive(server, 8) == b"ABCDEFGH"
        assert player.calls == len(sent) + len(received)  # each cut was really made


def test_mysend_and_myreceive_that_would_block_before_each_piece(ends, programs):
    client, server = ends
    client.setblocking(False)
    server.setblocking(False)
    for cut in CUTS:
        events = [event for size in cut for event in ("block", size)]
        player = under(events, events)
        with playing(player):
            programs.mysend(client, b"ABCDEFGH")
            assert programs.myreceive(server, 8) == b"ABCDEFGH"
        assert player.calls == 4 * len(cut)


def test_a_length_prefix_and_its_message(ends, programs):
    client, server = ends
    for cut in CUTS:
        client.sendall(b"00003abc")
        with playing(under((), cut)):
            assert programs.recv_message(server, 5, None) == b"abc"
    client.close()
    assert server.recv(1) == b""


def test_messages_with_a_delimiter_whose_rest_is_kept(ends, programs):
    client, server = ends
    delimiter = b"\r\n"
    for cut in CUTS:
        client.sendall(b"ab\r\n\r\nc\r\n"[:8])
        with playing(under((), cut)):
            assert programs.recv_delimited(server, delimiter)["message"] == b"ab"
            assert programs.recv_delimited(server, delimiter)["message"] == b""
        client.sendall(b"\n")
        assert programs.recv_delimited(server, delimiter) == {"message": b"c", "residue": b""}


def test_recv_exactly_and_recv_until_eof(programs):
    for cut in CUTS:
        client, server = (TapedSocket(e.family, e.type, e.proto, e.detach()) for e in socket.socketpair())
        with client, server:
            client.sendall(b"ABCDEFGH")
            client.close()
            with playing(under((), cut)):
                assert programs.recv_exactly(server, 3) + programs.recv_until_eof(server) == b"ABCDEFGH"


def test_an_end_in_every_place_is_told(ends, programs):
    for size in range(8):
        client, server = (TapedSocket(e.family, e.type, e.proto, e.detach()) for e in socket.socketpair())
        with client, server:
            client.sendall(b"ABCDEFGH"[:size])
            client.close()
            with pytest.raises(RuntimeError, match="broken"):
                programs.myreceive(server, 8)


@pytest.mark.parametrize("call", ["send", "recv"])
def test_a_reset_in_every_place_leaves_the_program(programs, call):
    for place in range(8):
        client, server = (TapedSocket(e.family, e.type, e.proto, e.detach()) for e in socket.socketpair())
        events = (*[1] * place, "reset")
        player = under(events if call == "send" else (), events if call == "recv" else ())
        with client, server, playing(player), pytest.raises(ConnectionResetError):
            _conversation(programs, client, server)


def _conversation(programs, client, server):
    programs.mysend(client, b"ABCDEFGH")
    programs.myreceive(server, 8)
