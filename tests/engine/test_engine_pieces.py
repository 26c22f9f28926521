"""Which cases pass however much one call moves: decided from operations, arguments and expectations."""

from textwrap import dedent, indent

import pytest

from conformance.engine.pieces import why_not
from conformance.language.corpus import load_one

HEAD = """\
summary: A scenario.
sources: [POSIX send()]
transports: [stream]
given: connected
steps:
"""


@pytest.fixture
def reason(tmp_path):
    """Why a scenario with these steps does not hold under every tape."""

    def ask(steps: str, head: str = HEAD):
        path = tmp_path / "a.yaml"
        path.write_text(head + indent(dedent(steps), "  "), "utf-8")
        scenario = load_one(path, tmp_path)
        return why_not(scenario, scenario.cases[0])

    return ask


@pytest.mark.parametrize(
    "steps",
    [
        "- client: {sendall: {text: abc}}\n- server: {recv_exactly: 3, returns: {text: abc}}",
        "- client: {mysend: {text: abc}}\n- server: {myreceive: 3, returns: {text: abc}}",
        "- client: {send: {text: a}, returns: 1}\n- server: {recv: 1, returns: {text: a}}",
        "- client: {close: {}}\n- server: {recv: 9, returns: empty}",
        "- client: {setblocking: false}\n- client: {recv: 9, raises: EAGAIN}",
        "- client: {setblocking: false}\n- client: {mysend: {text: abc}}",
        "- client: {recv: {size: 9, flags: [MSG_DONTWAIT]}, raises: EAGAIN}",
        "- client: {sendall: {text: abc}}\n- server: {recv: {size: 3, flags: [MSG_WAITALL]}, returns: {text: abc}}",
        "- client: {sendall: {text: abc}}\n- server: {recv_delimited: {text: c}, returns: {message: {text: ab}}}",
        "- client: {sendall: {text: abc}}\n- server: {recv_delimited: {text: c}, returns: {residue: empty}}",
        "- server: {recv: 1, blocks: true}\n- client: {sendall: {text: a}}\n"
        "- server: {pending: recv, returns: {text: a}}",
    ],
)
def test_what_loops_or_moves_a_byte_or_fails_holds(reason, steps):
    assert reason(steps) is None


@pytest.mark.parametrize(
    "steps, why",
    [
        ("- client: {shutdown: SHUT_WR}", "moves no bytes"),
        ("- client: {send: {text: abc}}", "step 1 (send) may move fewer bytes"),
        ("- client: {sendmsg: {data: [{text: a}, {text: b}]}}", "step 1 (sendmsg) may move fewer bytes"),
        ("- client: {sendall: {text: abc}}\n- server: {recv: 3, returns: {prefix_of: {text: abc}}}",
         "step 2 (recv) may move fewer bytes"),
        ("- server: {recv: 9, blocks: true}\n- client: {sendall: {text: ab}}\n"
         "- server: {pending: recv, returns: {text: ab}}", "step 1 (recv) may move fewer bytes"),
        ("- client: {setblocking: false}\n- client: {send: {text: a}}", "step 2 (send) may find that it would block"),
        ("- client: {settimeout: 0}\n- client: {sendall: {text: a}}", "step 2 (sendall) may find that it would block"),
        ("- client: {sendall: {text: a}}\n- server: {recv: {size: 1, flags: [MSG_DONTWAIT]}, returns: {text: a}}",
         "step 2 (recv) may find that it would block"),
        ("- client: {sendall: {text: a}}\n- client: {fill: {}}",
         "step 2 (fill) takes a would-block as the sign of a full or empty buffer"),
        ("- client: {sendall: {text: abc}}\n- server: {setsockopt: {SO_RCVLOWAT: 3}}",
         "step 2 (setsockopt) sets how many bytes a recv waits for"),
        ("- client: {sendall: {text: abc}}\n- server: {recv_delimited: {text: b}, returns: {residue: {text: c}}}",
         "step 2 (recv_delimited) receives more bytes than it returns"),
        ("- client: {sendall: {text: abc}}\n- server: {recv_delimited: {text: b}}\n- server: {ready: {}}",
         "step 2 (recv_delimited) receives more bytes than it returns"),
        ("- client: {makefile: {mode: wb, buffering: 0}, as: f}\n- client: {write: {text: a}, using: f}",
         "step 1 (makefile) makes a file whose reads and writes are single calls"),
        ("- server: {makefile: {mode: rb}, as: f}\n- client: {sendall: {text: abc}}\n"
         "- server: {read: 1, using: f}\n- server: {recv: 1}", "step 3 (read) reads ahead all bytes that are there"),
    ],
)  # fmt: skip
def test_what_depends_on_one_call_does_not_and_says_which_step(reason, steps, why):
    assert reason(steps) == why


def test_a_measure_has_nothing_to_judge(reason):
    head = HEAD.replace("given:", "level: measure\ngiven:")
    assert reason("- client: {sendall: {text: a}}", head) == "measures only"
