"""Raw peers use the plain socket module, whatever is under test, and buffers of all kinds hold the same bytes."""

import pytest

from conformance.model.errors import Missing
from conformance.runner.cells import Runner
from conformance.worker.adapters.buffers import holding, room
from conformance.worker.adapters.returned import filled

BROKEN = '''
import socket


class Broken(socket.socket):
    """Sends nothing and receives other bytes, names itself otherwise, and closes nothing by itself."""

    def send(self, data, flags=0):
        return len(data)

    def recv(self, size, flags=0):
        super().recv(size, flags)
        return b"?" * size

    def accept(self):
        raise RuntimeError("never called")
'''

TEXT = """
summary: Only the client is broken.
sources: [none]
transports: [TRANSPORT]
given: connected
actors: {server: {peer: raw, PROCESS}, other: {beside: server, peer: raw}}
steps:
  - server: {send: {text: ab}, returns: 2}
  - client: {recv: 2, returns: {text: "??"}}
  - server: {dup: {}, as: second}
  - other: {sendall: {text: c}, using: second}
  - client: {recv: 1, returns: {text: "?"}}
  - client: {send: {text: lost}, returns: 4}
  - server: {recv: 1, blocks: true}
"""


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(BROKEN, "utf-8")
    return f"{path}:Broken"


@pytest.mark.parametrize("transport", ["socketpair", "loopback"])
@pytest.mark.parametrize("process", ["", "process: own"])
def test_a_raw_peer_has_none_of_the_bugs_of_the_implementation(
    runner: Runner, cell, broken: str, transport: str, process: str
) -> None:
    text = TEXT.replace("TRANSPORT", transport).replace(", PROCESS", process and f", {process}")
    outcome = runner.run(cell(text, broken))
    if outcome.verdict.kind == "unsupported":
        pytest.skip(outcome.verdict.reason)
    assert outcome.verdict.kind == "pass", outcome.verdict


def test_a_forked_child_of_a_raw_peer_is_one_too(runner: Runner, cell, broken: str) -> None:
    outcome = runner.run(cell("""
summary: The child sends with a plain socket.
sources: [none]
transports: [socketpair]
given: connected
actors: {server: {peer: raw, process: own}}
steps:
  - server: {fork: child}
  - child: {send: {text: ab}, returns: 2}
  - client: {recv: 2, returns: {text: "??"}}
""", broken))  # fmt: skip
    assert outcome.verdict.kind in ("pass", "unsupported"), outcome.verdict


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "array", "wide-view"])
def test_buffers_of_all_kinds_hold_the_same_bytes(kind: str) -> None:
    assert filled(3, holding(b"abcdefgh", kind)) == {"count": 3, "data": b"abc"}
    assert memoryview(room(8, kind)).nbytes == 8
    assert memoryview(holding(b"", kind)).nbytes == 0


def test_a_wide_view_of_half_an_item_cannot_be_made() -> None:
    with pytest.raises(Missing, match="5 bytes"):
        holding(b"abcde", "wide-view")
