"""The contract of every registered adapter, and how implementations are named and found."""

import os
import textwrap

import pytest

from conformance.engine import judge
from conformance.model import observation as o
from conformance.tables.operations import OPERATIONS
from conformance.worker.adapters import ADAPTERS, NoSuchImplementation, ShapedAdapter, adapter_for
from conformance.worker.waiting.system_calls import SYSTEM_CALLS
from conformance.worker.waiting.wine_stack import CALLS as WINDOWS_CALLS

CONVERSATION = """
summary: Request and reply over a connection that ends in good order.
sources: [POSIX]
transports: [loopback]
given: listening
steps:
  - server: {accept: {}, as: worker, blocks: true}
  - client: {connect: server}
  - server: {pending: accept}
  - worker: {recv: 100, blocks: true}
  - client: {sendall: {text: request}, returns: nothing}
  - worker: {pending: recv, returns: {text: request}}
  - worker: {sendall: {pattern: 4 MiB}, blocks: true}
  - client: {recv_exactly: 4 MiB, returns: {pattern: 4 MiB}}
  - worker: {pending: sendall, returns: nothing}
  - client: {shutdown: SHUT_WR}
  - worker: {recv: 1, returns: empty}
  - client: {recv: 1, blocks: true}
  - worker: {close: {}}
  - client: {pending: recv, returns: empty}
"""

DATAGRAMS = """
summary: Datagrams keep their boundaries, and say who sent them.
sources: [POSIX]
transports: [udp]
given: bound
steps:
  - client: {sendto: {data: {text: one}, to: server}, returns: 3}
  - server: {recvfrom: 100, returns: {data: {text: one}, from: client}}
  - server: {recvfrom: 100, blocks: true}
  - client: {sendto: {data: empty, to: server}, returns: 0}
  - server: {pending: recvfrom, returns: {data: empty, from: client}}
"""

HAND_OVER = """
summary: A socket made in one thread is used in another.
sources: [POSIX]
transports: [socketpair]
given: connected
actors: {other: {beside: server}}
steps:
  - other: {recv: 9, using: server, blocks: true}
  - client: {sendall: {text: hello}}
  - other: {pending: recv, returns: {text: hello}}
  - server: {sendall: {text: reply}}
  - client: {recv: 9, returns: {text: reply}}
  - other: {close: {}, using: server}
  - client: {recv: 9, returns: empty}
"""

LIBRARY = """
import socket
from conformance.worker.adapters import ShapedAdapter

class Socket(socket.socket):
    pass

class Outer:
    Inner = Socket

def factory(family=-1, type=-1, proto=-1, fileno=None):
    return socket.socket(family, type, proto, fileno)

class Adapter(ShapedAdapter):
    def __init__(self):
        super().__init__(Socket, "of its own")
"""


def during_the_call(found: set):
    """An asynchronous function that finds the descriptors that are open while it runs."""

    async def look(*arguments):
        found.update(os.listdir("/dev/fd"))

    return look


@pytest.fixture(params=sorted(ADAPTERS))
def name(request):
    try:
        adapter_for(request.param)
    except NoSuchImplementation as error:
        pytest.skip(str(error))
    return request.param


@pytest.mark.parametrize("text", [CONVERSATION, DATAGRAMS, HAND_OVER], ids=["stream", "datagrams", "hand-over"])
def test_every_adapter_holds_a_conversation(runner, cell, name, text):
    found = runner.run(cell(text, name))
    assert found.verdict.kind == judge.PASS, found.verdict


def test_every_adapter_declares_waits_that_the_probe_knows(name):
    known = {call for calls in SYSTEM_CALLS.values() for call in calls.values()} | {*WINDOWS_CALLS, "a call"}
    waits = adapter_for(name).waits
    assert waits
    assert waits <= known
    assert "futex" not in waits


def test_waits_are_proved_in_a_declared_call(runner, cell, name):
    found = runner.run(cell(CONVERSATION, name))
    blocked = [each for each in found.observations.values() if each.kind == o.BLOCKED]
    assert {each.wait.call for each in blocked} <= adapter_for(name).waits


def test_an_adapter_is_called_by_its_name(name):
    assert adapter_for(name).name == name


def test_every_verb_has_a_method():
    verbs = [operation.name for operation in OPERATIONS.values() if operation.kind == "verb"]
    assert [verb for verb in verbs if not hasattr(ShapedAdapter, verb)] == []


def test_what_a_library_lacks_is_unsupported_and_says_why(runner, cell):
    pytest.importorskip("trio")
    found = runner.run(cell(CONVERSATION.replace("client: {shutdown: SHUT_WR}", "client: {settimeout: 1}"), "trio"))
    assert found.verdict.kind == judge.UNSUPPORTED
    assert "settimeout: trio bounds waits by cancel scopes" in found.verdict.reason


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="descriptors are counted in /dev/fd")
def test_a_call_in_trio_holds_no_more_descriptors_than_there_are_between_calls():
    """A limit of descriptors then means the same as in a program whose loop always runs."""
    pytest.importorskip("trio")
    sock, end = adapter_for("trio").socketpair(None, None).objects
    before, during = set(os.listdir("/dev/fd")), set()
    sock._real.send = during_the_call(during)
    sock.send(b"x")
    assert len(during) == len(before) == len(os.listdir("/dev/fd"))
    for each in (sock, end):
        each.close()


def test_gevent_says_that_it_cannot_close_under_another_thread(runner, cell):
    pytest.importorskip("gevent")
    found = runner.run(cell(HAND_OVER.replace("client: {sendall: {text: hello}}", "server: {close: {}}"), "gevent"))
    assert found.observations[2].kind == o.UNSUPPORTED
    assert "another thread waits" in found.observations[2].reason


# how implementations are named


@pytest.fixture
def library(tmp_path, monkeypatch):
    (tmp_path / "a_library.py").write_text(LIBRARY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("part", ["Socket", "Outer.Inner", "factory", "Adapter"])
@pytest.mark.parametrize("form", ["a_library:{}", "{}/a_library.py:{}"], ids=["module", "file"])
def test_an_implementation_is_a_class_factory_or_adapter_in_a_module_or_file(library, form, part):
    reference = form.format(*([part] if form.count("{}") == 1 else [library, part]))
    adapter = adapter_for(reference)
    made = adapter.socketpair(None, None).objects
    made[0].sendall(b"x")
    assert made[1].recv(1) == b"x"
    for each in made:
        each.close()


def test_an_implementation_may_be_a_whole_module():
    adapter = adapter_for("socket")
    assert adapter.name == "socket"
    assert adapter.select([], [], [], 0) == {"read": [], "write": [], "error": []}


def test_an_implementation_that_cannot_be_imported_costs_its_cells_only(runner, cell):
    found = runner.run(cell(CONVERSATION, "no_such_library:Socket"))
    assert found.verdict.kind == judge.UNSUPPORTED
    assert "there is no module no_such_library" in found.verdict.reason
    assert runner.run(cell(CONVERSATION)).verdict.kind == judge.PASS


def test_an_implementation_that_exits_when_it_is_imported_costs_its_cells_only(runner, cell, tmp_path):
    path = tmp_path / "exiting.py"
    path.write_text(textwrap.dedent("import os\nos._exit(5)\n"), encoding="utf-8")
    found = runner.run(cell(CONVERSATION, f"{path}:Socket"))
    assert found.verdict.kind == judge.INCONCLUSIVE
    assert "exited with status 5" in found.verdict.reason
    assert runner.run(cell(CONVERSATION)).verdict.kind == judge.PASS
