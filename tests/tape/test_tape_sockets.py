"""The taped socket: the calls that a tape changes, those that it leaves alone, and wrappers above it."""

import errno
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.tape import Tape, TapedSocket, TapeError, TapePlayer, playing, taped

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="what Windows has not")


@pytest.fixture
def pair():
    """A taped socket, and the plain one at its other end."""
    made = []

    def make(tape, kind=socket.SOCK_STREAM, **more):
        one, other = socket.socketpair(type=kind) if kind != socket.SOCK_STREAM else socket.socketpair()
        made.extend([taped(one, tape, **more), other])
        return made[-2:]

    yield make
    for each in made:
        each.close()


def test_a_send_takes_as_many_bytes_as_the_tape_says_and_the_next_one_is_free(pair):
    one, other = pair("send=3,*,1")
    assert [one.send(b"hello"), one.send(b"lo"), one.send(b"xyz"), one.send(b"yz")] == [3, 2, 1, 2]
    assert other.recv(99) == b"helloxyz"


def test_a_number_that_is_larger_than_the_message_changes_nothing(pair):
    one, other = pair("send=9 recv=9")
    other.sendall(b"abc")
    assert (one.send(b"hello"), one.recv(5)) == (5, b"abc")


@pytest.mark.parametrize(
    "receive",
    [
        lambda sock: sock.recv(9),
        lambda sock: sock.recvfrom(9)[0],
        lambda sock: _into(sock, "recv_into"),
        lambda sock: _into(sock, "recvfrom_into"),
        pytest.param(lambda sock: sock.recvmsg(9)[0], marks=posix),
        pytest.param(lambda sock: _recvmsg_into(sock), marks=posix),
    ],
    ids=["recv", "recvfrom", "recv_into", "recvfrom_into", "recvmsg", "recvmsg_into"],
)
def test_a_receive_brings_as_many_bytes_as_the_tape_says_and_the_rest_stays(pair, receive):
    one, other = pair("recv=2,1")
    other.sendall(b"hello")
    assert [receive(one) for _ in range(3)] == [b"he", b"l", b"lo"]


def _into(sock, name):
    buffer = bytearray(9)
    found = getattr(sock, name)(buffer)
    return bytes(buffer[: found[0] if isinstance(found, tuple) else found])


def _recvmsg_into(sock):
    buffers = [bytearray(1), bytearray(8)]
    count = sock.recvmsg_into(buffers)[0]
    return b"".join(buffers)[:count]


def test_what_was_left_is_readable(pair):
    one, other = pair("recv=1")
    other.sendall(b"ab")
    assert one.recv(2) == b"a"
    assert select.select([one], [], [], 0)[0] == [one]


@posix
def test_a_message_of_parts_is_cut_across_them(pair):
    one, other = pair("send=4")
    assert one.sendmsg([b"abc", b"def"]) == 4
    assert other.recv(9) == b"abcd"


@pytest.mark.parametrize("flag", ["MSG_PEEK", "MSG_WAITALL"])
def test_flags_that_say_something_about_the_count_are_left_alone(pair, flag):
    one, other = pair("recv=1")
    other.sendall(b"hello")
    assert one.recv(5, getattr(socket, flag)) == b"hello"


@posix
@posix
def test_a_receive_that_waits_for_more_is_left_alone(pair):
    one, other = pair("recv=1,1")
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 4)
    other.sendall(b"abcd")
    assert one.recv(9) == b"abcd"
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    other.sendall(b"ef")
    assert one.recv(9) == b"e"


def test_datagrams_are_never_cut(pair):
    one, other = pair("send=1 recv=1", socket.SOCK_DGRAM)
    other.send(b"hello")
    assert (one.send(b"hello"), one.recv(9)) == (5, b"hello")


def test_would_block_is_for_non_blocking_sockets_only_and_moves_nothing(pair):
    one, other = pair("send=block,block recv=block,block sendall=block")
    other.sendall(b"hello")
    assert (one.send(b"a"), one.recv(9)) == (1, b"hello")
    one.setblocking(False)
    other.sendall(b"again")
    for call in (lambda: one.send(b"b"), lambda: one.recv(9), lambda: one.sendall(b"c")):
        with pytest.raises(BlockingIOError) as caught:
            call()
        assert caught.value.errno == errno.EWOULDBLOCK
    assert (one.recv(9), other.recv(9)) == (b"again", b"a")


def test_a_socket_with_a_timeout_never_would_block(pair):
    one, other = pair("recv=block,block")
    one.settimeout(5)
    other.sendall(b"hello")
    assert one.recv(9) == b"hello"


def test_what_a_wrapper_says_of_itself_does_not_count_but_what_is_below_it(pair):
    class KeepsItsOwnTimeout(TapedSocket):
        def gettimeout(self):
            return None

        def fileno(self):
            raise RuntimeError("not told")

    one, other = socket.socketpair()
    with KeepsItsOwnTimeout(fileno=one.detach()) as own, other:
        own.setblocking(False)
        player = TapePlayer(Tape.parse("send=block"))
        with playing(player), pytest.raises(BlockingIOError):
            own.send(b"a")
        player = TapePlayer(Tape.parse("send=1"))
        player.numbers = frozenset([socket.socket.fileno(own)])
        with playing(player):
            assert own.send(b"abc") == 1


@posix
def test_the_flag_for_one_call_counts_as_non_blocking(pair):
    one, other = pair("recv=block")
    other.sendall(b"hello")
    with pytest.raises(BlockingIOError):
        one.recv(9, socket.MSG_DONTWAIT)


def test_a_non_blocking_accept_may_find_nobody_though_select_said_so():
    plain = socket.create_server(("127.0.0.1", 0))
    with taped(plain, "accept=block") as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(False)
        select.select([listener], [], [])
        with pytest.raises(BlockingIOError):
            listener.accept()
        made, _ = listener.accept()
        made.close()
        assert isinstance(made, TapedSocket)


@pytest.mark.parametrize("call", ["send", "recv", "sendall"])
def test_after_a_reset_the_connection_is_over_for_both(pair, call):
    one, other = pair(f"{call}=reset")
    with pytest.raises(ConnectionResetError) as caught:
        one.recv(9) if call == "recv" else getattr(one, call)(b"x")
    assert caught.value.errno == errno.ECONNRESET
    assert (one.recv(9), other.recv(9)) == (b"", b"")
    with pytest.raises((BrokenPipeError, ConnectionError)):
        one.send(b"x")


def test_there_is_no_reset_where_there_is_no_connection():
    with taped(socket.socket(), "send=reset") as one, pytest.raises(OSError) as caught:  # noqa: PT011 (by errno)
        one.send(b"x")
    assert caught.value.errno in (errno.ENOTCONN, errno.EPIPE)


@posix
def test_an_interruption_runs_the_handler_and_the_call_goes_on(pair):
    ran = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: ran.append(number))
    try:
        one, other = pair("recv=interrupt", interrupted_by=signal.SIGUSR1)
        other.sendall(b"hello")
        assert one.recv(9) == b"hello"
        assert ran == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)


@posix
def test_what_the_handler_raises_leaves_the_call_and_nothing_is_lost(pair):
    def handler(number, frame):
        raise KeyError("handler")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        one, other = pair("recv=interrupt", interrupted_by=signal.SIGUSR1)
        other.sendall(b"hello")
        with pytest.raises(KeyError):
            one.recv(9)
        assert one.recv(9) == b"hello"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_there_is_no_interrupted_send_or_recv_in_python(pair):
    one, other = pair("send=interrupt recv=interrupt")
    other.sendall(b"hello")
    assert (one.send(b"abc"), one.recv(9)) == (3, b"hello")


def test_a_non_blocking_connect_may_be_interrupted_and_goes_on():
    with socket.create_server(("127.0.0.1", 0)) as listener, taped(socket.socket(), "connect=interrupt") as one:
        one.setblocking(False)
        found = one.connect_ex(listener.getsockname())
        assert found in (errno.EINTR, 0)  # 0 where the connection is made at once
        select.select([], [one], [])
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_a_duplicate_takes_from_the_same_tape(pair):
    one, other = pair("recv=1,2")
    other.sendall(b"hello")
    with one.dup() as copy:
        assert [copy.recv(9), one.recv(9), copy.recv(9)] == [b"h", b"el", b"lo"]


def test_a_thread_may_have_a_deck_for_sockets_that_have_none(pair):
    one, other = socket.socketpair()
    with TapedSocket(fileno=one.detach()) as own, other:
        player = TapePlayer(Tape.parse("send=1"))
        with playing(player):
            assert own.send(b"abc") == 1
        assert own.send(b"abc") == 3
        assert (player.calls, player.played) == (1, [("send", 1)])


@pytest.mark.parametrize("call", [lambda s: s.send("text"), lambda s: s.recv("9"), lambda s: s.recv(-1)])
def test_wrong_arguments_are_the_originals_to_refuse(pair, call):
    with pytest.raises((TypeError, ValueError)) as raw, socket.socket() as plain:
        call(plain)
    one, _ = pair("send=1 recv=1")
    with pytest.raises(raw.type):
        call(one)


def test_a_text_that_is_no_tape_is_refused_before_the_socket_is_touched():
    with socket.socket() as plain:
        with pytest.raises(TapeError):
            taped(plain, "send=nought")
        assert plain.fileno() >= 0


WRAPPERS = """
import socket
from socket import socket as by_name, socketpair

class Inherits(socket.socket):
    def send(self, data, *flags):
        return super().send(data, *flags)

class Names(by_name):
    pass

class Composes:
    def __init__(self, *arguments, **keywords):
        self.real = socket.socket(*arguments, **keywords)
    def __getattr__(self, name):
        return getattr(self.real, name)
"""


def test_installed_before_a_module_is_imported_it_stands_below_all_that_is_made_there(tmp_path):
    (tmp_path / "wrappers.py").write_text(WRAPPERS, "utf-8")
    program = (
        "from conformance.tape import TapePlayer, Tape, install, playing\n"
        "install()\n"
        "import socket, wrappers\n"
        "for cls in (wrappers.Inherits, wrappers.Names, wrappers.Composes, socket.socket):\n"
        "    one, other = wrappers.socketpair()\n"
        "    own = cls(one.family, one.type, one.proto, fileno=one.detach())\n"
        "    with playing(TapePlayer(Tape.parse('send=2'))):\n"
        "        print(cls.__name__, own.send(b'hello'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stderr == ""
    assert done.stdout.split("\n")[:4] == ["Inherits 2", "Names 2", "Composes 2", "TapedSocket 2"]
