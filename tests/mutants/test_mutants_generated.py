"""Each mechanical mutant differs from the original as its name says; it is called without the harness."""

import contextlib
import fnmatch
import functools
import gc
import hashlib
import operator
import os
import re
import select
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli.sensitivity import command
from conformance.mutants import GENERATED, MUTANTS
from conformance.mutants.correct import PassThrough, WrappingModule
from conformance.mutants.equivalent import EQUIVALENT
from conformance.mutants.generated import MUTATIONS
from conformance.mutants.operators import AFTERWARDS
from conformance.mutants.surface import SURFACE
from conformance.runner.examining import examined
from conformance.runner.launch import OWN
from conformance.worker import adapters
from conformance.worker.adapters import adapter_for

REAL = socket.socket
PLAIN = WrappingModule("plain", PassThrough)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="calls that hang are ended by a signal")


class HungError(Exception):
    """A call did not come back."""


def attempt(function):
    """What a call returned or raised, in a form that can be compared."""

    def ring(number, frame):
        raise HungError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        return comparable(function())
    except HungError:
        return "hung"
    except Exception as error:
        return type(error).__name__, getattr(error, "errno", None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def quietly(function):
    with contextlib.suppress(OSError):
        return function()
    return "refused"


def comparable(value):
    """Sockets, files and addresses by what they are; everything else as it is."""
    if isinstance(value, REAL):
        return "socket", value.family, value.type, value.proto, state(value)
    if isinstance(value, tuple) and [type(each) for each in value] == [str, int]:
        label = PORTS.get(value[1], "another port" if value[1] > 1023 else value[1])
        return ("address", value[0], *([] if value[0] == "0.0.0.0" else [label]))
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [comparable(each) for each in value]
    if hasattr(value, "closed"):
        return "file", value.closed, type(value).__name__
    return type(value).__name__, value


def state(sock):
    """The state of a socket that a call may change."""
    number = REAL.fileno(sock)
    if number < 0:
        return {"open": False}
    with REAL(fileno=os.dup(number)) as same:  # it has no timeout, so that nothing here waits
        return {
            "open": True,
            "timeout": REAL.gettimeout(sock),
            "mode": os.get_blocking(number),
            "inheritable": os.get_inheritable(number),
            "address": comparable(same.getsockname()),
            "left": [quietly(lambda: same.recv(100, socket.MSG_DONTWAIT)) for _ in range(2)],
            "keepalive": same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            "backlog": quietly(lambda: queue_of(same)),
            "sends": quietly(lambda: same.send(b"!", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)),
        }


def queue_of(sock):
    """The length of a listener's queue (tcp_info.tcpi_sacked); None for other sockets."""
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)[28]
    return None


PORTS = {}
"""Ports of the sockets of a probe, by what each is."""


def pair(module, timeout=None):
    """Two connected TCP sockets: one of the mutant, and a raw one that has sent ten bytes and keeps the peer's view."""
    PORTS.clear()
    with REAL() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        peer = REAL()
        peer.connect(listener.getsockname())
        accepted, _ = listener.accept()
    kind = accepted.family, accepted.type, accepted.proto
    sock = module.socket(*kind, fileno=accepted.detach())
    REAL.settimeout(sock, timeout)
    os.set_inheritable(REAL.fileno(sock), timeout is not None)
    PORTS.update({REAL.getsockname(sock)[1]: "own", peer.getsockname()[1]: "peer"})
    return sock, peer


def seen_by_peer(sock, peer):
    """What arrives at the other end until the socket is closed, and whether that is the end."""
    REAL.close(sock)
    arrived, how = b"", "end"
    peer.settimeout(0.05)
    try:
        while part := peer.recv(1 << 20):
            arrived += part
    except OSError as error:
        how = type(error).__name__
    peer.close()
    return hashlib.sha256(arrived).hexdigest(), len(arrived), how


def on_a_connection(module, probe):
    """The results of two calls, the state and the peer's view; without and with a timeout; then calls that fail."""
    for timeout in (None, 1.0):
        sock, peer = pair(module, timeout)
        peer.send(b"abcdefghij")
        select.select([REAL.fileno(sock)], [], [], 1)
        call = functools.partial(attempt, functools.partial(probe, sock))
        yield call()
        yield call()
        yield state(sock)
        yield seen_by_peer(sock, peer)
        yield call()
    for timeout in (0.0, 0.02):
        sock, peer = pair(module, timeout)
        yield attempt(lambda: [probe(sock) for _ in range(60)])  # noqa: B023 (called at once)
        REAL.close(sock)
        peer.close()


def into(call):
    """A probe that receives into a buffer."""

    def probe(sock):
        buffer = bytearray(b"." * 6)
        return call(sock, buffer), bytes(buffer)

    return probe


def sent_file(sock):
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.seek(0)
        return sock.sendfile(file, 2, 5)


def entered(sock):
    with sock as found:
        return found is sock


def detached(sock):
    before = REAL.fileno(sock)
    return sock.detach() == before, quietly(lambda: os.close(before))


def left_by_an_error(sock):
    with sock:
        raise LookupError


LARGE = bytes(range(250)) * 1000
OOB, PEEK = getattr(socket, "MSG_OOB", 0), getattr(socket, "MSG_PEEK", 0)
LEVEL, SEGMENTS = socket.SOL_SOCKET, (socket.IPPROTO_TCP, socket.TCP_MAXSEG)

ON_A_CONNECTION = {
    "__enter__": (entered,),
    "__exit__": (entered, left_by_an_error),
    "close": (lambda sock: sock.close(),),
    "detach": (detached,),
    "dup": (lambda sock: sock.dup(),),
    "family": (lambda sock: sock.family,),
    "fileno": (lambda sock: sock.fileno() == REAL.fileno(sock),),
    "get_inheritable": (lambda sock: sock.get_inheritable(),),
    "getblocking": (lambda sock: sock.getblocking(),),
    "getpeername": (lambda sock: sock.getpeername(),),
    "getsockname": (lambda sock: sock.getsockname(),),
    "getsockopt": (lambda sock: sock.getsockopt(LEVEL, socket.SO_TYPE), lambda sock: sock.getsockopt(*SEGMENTS, 4)),
    "gettimeout": (lambda sock: sock.gettimeout(),),
    "makefile": (lambda sock: sock.makefile("wb", 0),),
    "proto": (lambda sock: sock.proto,),
    "recv": (lambda sock: sock.recv(3), lambda sock: sock.recv(3, PEEK), lambda sock: sock.recv(30)),
    "recv_into": (into(lambda sock, buffer: sock.recv_into(buffer, 3)),
                  into(lambda sock, buffer: sock.recv_into(buffer, 3, PEEK))),
    "recvfrom": (lambda sock: sock.recvfrom(3), lambda sock: sock.recvfrom(3, PEEK)),
    "recvfrom_into": (into(lambda sock, buffer: sock.recvfrom_into(buffer, 3)),
                      into(lambda sock, buffer: sock.recvfrom_into(buffer, 3, PEEK))),
    "recvmsg": (lambda sock: sock.recvmsg(3, 64), lambda sock: sock.recvmsg(3, 64, PEEK)),
    "recvmsg_into": (into(lambda sock, buffer: sock.recvmsg_into([buffer[:3]], 64)),
                     into(lambda sock, buffer: sock.recvmsg_into([buffer], 64, PEEK))),
    "send": (lambda sock: sock.send(b"hello"), lambda sock: sock.send(b"hi", OOB), lambda sock: sock.send(LARGE)),
    "sendall": (lambda sock: sock.sendall(b"hello"), lambda sock: sock.sendall(b"hi", OOB),
                lambda sock: sock.sendall(LARGE)),
    "sendfile": (sent_file,),
    "sendmsg": (lambda sock: sock.sendmsg([b"hel", b"lo"], [], OOB), lambda sock: sock.sendmsg([LARGE])),
    "sendto": (lambda sock: sock.sendto(b"hello", ("127.0.0.1", 1)), lambda sock: sock.sendto(LARGE, ("127.0.0.1", 1))),
    "set_inheritable": (lambda sock: sock.set_inheritable(True), lambda sock: sock.set_inheritable(False)),
    "setblocking": (lambda sock: sock.setblocking(False), lambda sock: sock.setblocking(True)),
    "setsockopt": (lambda sock: sock.setsockopt(LEVEL, socket.SO_KEEPALIVE, 1),),
    "settimeout": (lambda sock: sock.settimeout(2.5), lambda sock: sock.settimeout(None)),
    "shutdown": (lambda sock: sock.shutdown(socket.SHUT_WR), lambda sock: sock.shutdown(socket.SHUT_RD)),
    "type": (lambda sock: sock.type,),
}  # fmt: skip


def of_fresh_sockets(module, call):
    """The results of making, binding, listening, connecting and accepting, and the states afterwards."""
    for timeout in (None, 1.0, 0.0):
        PORTS.clear()
        made = []
        kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        yield attempt(lambda: made.extend(module.socket(*kind) for _ in range(2)))  # noqa: B023 (called at once)
        yield comparable(made)
        if len(made) < 2:
            return
        for each in made:
            REAL.settimeout(each, timeout)
            os.set_inheritable(REAL.fileno(each), timeout is not None)
        yield from of_a_listener(made[0], timeout)
        yield from of_a_client(made[1], call, made[0])
        number = REAL.fileno(made[1])
        address = REAL.getsockname(made[0])
        REAL.close(made[0])
        yield reachable(address)
        made.clear()
        gc.collect()
        yield number < 0 or quietly(lambda: os.fstat(number)) == "refused"  # noqa: B023 (called at once)
    yield attempt(lambda: module.socket(fileno=os.dup(2)))
    yield attempt(lambda: module.socket(socket.AF_UNIX, socket.SOCK_DGRAM))


def reachable(address):
    with REAL() as other:
        return quietly(lambda: other.connect(address))


def of_a_listener(server, timeout):
    yield attempt(lambda: server.bind(("127.0.0.1", free_port())))
    yield attempt(lambda: server.listen(3))
    yield state(server)
    yield attempt(lambda: server.listen())
    yield state(server)
    yield attempt(server.accept) if timeout is not None else None
    others = [REAL() for _ in range(2)]
    for each in others:
        quietly(functools.partial(each.connect, REAL.getsockname(server)))
        PORTS[each.getsockname()[1]] = "client"
    yield attempt(server.accept)
    yield attempt(server.accept)
    yield [state(each) for each in others]
    yield state(server)
    yield attempt(lambda: server.bind(("127.0.0.1", 0)))
    for each in others:
        each.close()


def of_a_client(client, call, server):
    yield attempt(lambda: getattr(client, call)(REAL.getsockname(server)))
    yield state(client)
    with REAL() as taken, type(client)() as other, type(client)(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        taken.bind(("127.0.0.1", 0))
        yield attempt(lambda: getattr(other, call)(taken.getsockname()))
        yield attempt(lambda: getattr(other, call)(taken))
        yield attempt(lambda: datagrams.listen())


def free_port():
    with REAL() as sock:
        sock.bind(("127.0.0.1", 0))
        PORTS[sock.getsockname()[1]] = "own"
        return sock.getsockname()[1]


def of_the_module(module):
    """The results of the functions of a module, and the state of what they make."""
    yield attempt_pair(module)
    with REAL(socket.AF_INET, socket.SOCK_DGRAM) as idle:
        lists = [idle, idle.dup()], [idle, idle.dup()], [idle]
        functions = [
            lambda: module.getaddrinfo("127.0.0.1", 80, socket.AF_INET, socket.SOCK_STREAM, 6, socket.AI_NUMERICHOST),
            lambda: module.getaddrinfo("localhost", 80, 0, 0, 0, socket.AI_NUMERICHOST),
            lambda: module.getaddrinfo("127.0.0.1", 80),
            lambda: module.getaddrinfo("127.0.0.1", 80, socket.AF_INET6),
            lambda: module.getaddrinfo("127.0.0.1", 80, 0, socket.SOCK_DGRAM),
            lambda: [[len(each) for each in module.select(*lists, timeout)] for timeout in (0, 0.01, 1.5)],
            lambda: [len(each) for each in module.select(lists[0], [], [], 0.01)],
            lambda: module.select([-5], [], [], 0),
            lambda: (module.setdefaulttimeout(2.5), socket.getdefaulttimeout()),
            lambda: (module.setdefaulttimeout(None), socket.getdefaulttimeout()),
            lambda: module.socketpair(type=77),
        ]
        yield from map(attempt, functions)


def attempt_pair(module):
    """Two joined datagram sockets, their names and options, and the data that arrives."""

    def make():
        first, second = module.socketpair(family=socket.AF_UNIX, type=socket.SOCK_DGRAM, proto=0)
        states = [comparable(first), comparable(second)]
        REAL.close(first)
        return states, quietly(lambda: REAL.send(second, b"x", socket.MSG_DONTWAIT))

    return attempt(make)


def observed(name, module):
    """What the probe of a call sees under an implementation, bit by bit."""
    if name in ON_A_CONNECTION:
        for probe in ON_A_CONNECTION[name]:
            yield from on_a_connection(module, probe)
    elif name in ("socketpair", "getaddrinfo", "select", "setdefaulttimeout"):
        yield from of_the_module(module)
    else:
        yield from of_fresh_sockets(module, "connect_ex" if name == "connect_ex" else "connect")


def module_of(name):
    made = adapter_for(GENERATED[name].reference)
    return made.module if made.module is not socket else WrappingModule(name, made.factory)


UNSEEN = {
    "__init__:[el]*": "a new socket has no timeout, no data and is not inheritable; the harness changes the default",
    "accept:ends-sending": "needs poll() on an AF_UNIX listener",
    "listen:ends-sending": "the same",
    "bind:eats-a-byte": "needs a connection over AF_UNIX, whose end is bound later",
    "accept:timeout-as-*": "needs to wait longer than the probe does",
    "connect*:timeout-as-*": "needs a connect that times out",
    "connect*:made-once": "needs a second connect that succeeds or fails in another way",
    "connect*:leaks": "needs the view of the peer",
    "connect*:eats-a-byte": "needs a listener that sends at once",
    "get*:made-once": "nothing changes between the two calls of the probe",
    "getsockopt:made-twice": "needs SO_ERROR, which reading clears",
    "recv*:always-*": "needs a blocking call that finds less than it wants",
    "recv*:address-*": "needs datagrams: over TCP no address comes with the data",
    "recvmsg*:anc*": "needs ancillary data",
    "recvmsg*:msgflags-zero": "needs datagrams that are cut",
    "select:*list-*": "needs several ready sockets",
    "select:timeout-*": "the probe measures no time",
    "select:*errno": "needs a closed descriptor, whose number nobody else takes",
    "select:swallows-errors": "the same",
    "select:wrong-class": "the same",
    "send*:always-dontwait": "needs a full buffer",
    "send*:always-more": "needs to see the segments",
    "sendfile:*error*": "needs a peer that has closed, or a full buffer",
    "sendfile:*errno": "the same",
    "sendfile:*time*": "the same",
    "sendfile:wrong-class": "the same",
    "sendfile:never-waits": "the same",
    "sendmsg:a*": "needs descriptors, or datagrams",
    "sendto:*": "needs datagrams: over TCP the address is ignored",
    "setsockopt:[lv]*": "needs an option of another level, or one that is a number",
    "shutdown:made-twice": "a second shutdown of one direction changes nothing here",
    "socketpair:family-dropped": "AF_UNIX is the default",
}
"""Patterns of mutants that the probe cannot tell from the original, and why; scenarios can."""


def unseen(name):
    return name in EQUIVALENT or any(fnmatch.fnmatch(name, pattern) for pattern in UNSEEN)


@pytest.fixture(autouse=True)
def no_default_timeout():
    yield
    socket.setdefaulttimeout(None)


@pytest.mark.parametrize("call", SURFACE, ids=lambda call: call.name)
def test_each_mutant_differs_from_the_original(call):
    plain = list(observed(call.name, PLAIN))
    assert list(observed(call.name, PLAIN)) == plain, "the probe itself is not steady"
    names = [name for name, mutation in MUTATIONS.items() if mutation.call is call and not unseen(name)]
    same = [name for name in names if all(map(operator.eq, observed(call.name, module_of(name)), plain))]
    assert same == []


@pytest.mark.parametrize("name", [f"recv:{label}" for label in AFTERWARDS])
def test_a_mutant_that_leaves_something_behind_returns_what_it_should(name):
    sock, peer = pair(module_of(name))
    peer.send(b"abcdefghij")
    select.select([REAL.fileno(sock)], [], [], 1)
    assert sock.recv(3) == b"abc"
    REAL.close(sock)
    peer.close()


def test_there_are_several_hundred_and_their_names_and_references_are_their_own():
    assert len(GENERATED) > 900
    assert not set(GENERATED) & set(MUTANTS)
    assert len({each.reference for each in GENERATED.values()}) == len(GENERATED)
    assert len({each.bug for each in GENERATED.values()}) == len(GENERATED)


def test_what_is_equivalent_is_a_mutant_and_has_a_reason():
    assert set(EQUIVALENT) <= set(GENERATED)
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())
    assert len(EQUIVALENT) <= len(GENERATED) * 0.03


def test_the_surface_is_what_the_harness_calls():
    folder = Path(adapters.__file__).parents[1]
    files = ("adapters/shaped.py", "adapters/returned.py", "calls/harness_operations.py")
    text = "".join((folder / name).read_text("utf-8") for name in files)
    called = set(re.findall(r"\b(?:sock|thing)\.(\w+)|_method\(sock, \"(\w+)\"\)|self\.module\.(\w+)", text))
    names = {name for found in called for name in found if name} - {"fromshare"}
    special = {call.name for call in SURFACE if call.name.startswith("__")}
    assert names <= {call.name for call in SURFACE}
    assert {call.name for call in SURFACE} - names - special <= {
        "close",
        "fileno",
        "select",
    }  # called under other names


SAMPLE = ("recv:data-cut", "send:count-one-more", "settimeout:value-dropped", "socketpair:pair-first-closed")
ECHO = """
summary: What is sent arrives, and the timeout stays.
sources: [POSIX send()]
transports: [socketpair]
given: connected
steps:
  - client: {settimeout: 3}
  - client: {send: {text: hello}, returns: 5}
  - server: {recv: 9, returns: {text: hello}}
  - client: {inspect: [timeout, inheritable], returns: {timeout: 3.0, inheritable: false}}
"""


def test_a_sample_is_killed_by_a_real_run_and_what_nothing_checks_survives(tmp_path):
    path = tmp_path / "echo.yaml"
    path.write_text(ECHO, encoding="utf-8")
    chosen = [word for name in (*SAMPLE, "recv:leaks") for word in ("-w", name)]
    result = CliRunner().invoke(command, [str(path), "--generated", *chosen, "-n", "2"], standalone_mode=False)
    assert "5 mutants, 4 killed, 1 survived" in result.output.splitlines(), result.output
    assert "survived: recv:leaks" in result.output.splitlines()
    assert result.return_value == 1


def test_old_names_of_mutants_still_run():
    assert adapter_for("conformance.wrong.sending:HoldsFirstWriteBack").factory.__name__ == "HoldsFirstWriteBack"
    name = "conformance.wrong.sending:HoldsFirstWriteBack"
    assert not examined(OWN, [name])[name].reason
