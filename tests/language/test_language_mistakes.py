"""Mistakes that must not become a pass: each is refused, with the remedy in the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.language.corpus import load_one
from conformance.model.errors import ScenarioError

HEADER = "summary: A scenario.\nsources: [POSIX]\ntransports: [unix]\ngiven: connected\n"
OWN = "actors: {server: {process: own}}\n"


def mistakes(folder: Path, text: str) -> list[str]:
    """The messages that a scenario with this text gets; none where it is right."""
    path = folder / "written.yaml"
    path.write_text(text, "utf-8")
    try:
        load_one(path, folder)
    except ScenarioError as error:
        return [mistake.message for mistake in error.mistakes]
    return []


def scenario(*steps: str, header: str = HEADER) -> str:
    """A scenario of these steps."""
    return header + "steps:\n" + "".join(f"  - {step}\n" for step in steps)


def cases(row: str, step: str) -> str:
    """A scenario of one step with one table of cases."""
    return scenario(step, header=f"{HEADER}cases: {row}\n")


WRONG_VALUES = [
    ("client: {setsockopt: {SO_LINGER: [1, 0]}}", "SO_LINGER is a mapping, not a list"),
    ("client: {setsockopt: {SO_LINGER: {onoff: 1}}}", "SO_LINGER is {onoff: 0 or 1, linger: SECONDS}"),
    ("client: {setsockopt: {option: SO_LINGER, value: 5}}", "SO_LINGER is a mapping, not the number 5"),
    ("client: {setsockopt: {SO_KEEPALIVE: 1}}", "SO_KEEPALIVE is true or false, not the number 1"),
    ("client: {setsockopt: {option: TCP_NODELAY, value: 1}}", "TCP_NODELAY is true or false, not the number 1"),
    ("client: {setsockopt: {SO_RCVBUF: 4 kB}}", "a size is a number of bytes"),
    ("client: {setsockopt: {SO_RCVBUF: true}}", "SO_RCVBUF is a whole number, not the boolean true"),
    ("client: {setsockopt: {SO_RCVTIMEO: soon}}", "SO_RCVTIMEO is a number"),
    ("client: {setsockopt: {SO_RCVTIMEO: -1}}", "SO_RCVTIMEO is 0 to 120 seconds"),
    ("client: {setsockopt: {TCP_CONGESTION: 5}}", "TCP_CONGESTION is text"),
    ('client: {pack: {format: "1", values: [1]}}', '"1" is no format of struct'),
    ("client: {pack: {format: Q$, values: [1]}}", '"Q$" is no format of struct'),
]


@pytest.mark.parametrize("step, message", WRONG_VALUES)
def test_a_value_that_the_harness_could_not_pass_on_is_refused(tmp_path, step, message):
    assert message in mistakes(tmp_path, scenario(step))[0]


def test_the_options_of_a_fixture_are_checked_too(tmp_path):
    text = scenario("client: {close: {}}", header=HEADER.replace(
        "given: connected", "given: {connected: {options: {SO_SNDBUF: big}}}"))  # fmt: skip
    assert "a size is a number of bytes" in mistakes(tmp_path, text)[0]


@pytest.mark.parametrize("step", [
    "client: {setsockopt: {SO_RCVBUF: 4 KiB}}",
    "client: {setsockopt: {SO_LINGER: {onoff: 1, linger: 0}}}",
    'client: {setsockopt: {SO_LINGER: {hex: "01"}}}',
    "client: {getsockopt: SO_LINGER, returns: {onoff: 0}}",
    "client: {getsockopt: SO_TYPE, returns: SOCK_STREAM}",
    "client: {getsockopt: SO_TYPE, returns: {any_of: [SOCK_STREAM, SOCK_DGRAM]}}",
    "client: {getsockopt: {option: SO_TYPE, bytes: 4}, returns: {size: 4}}",
    "client: {getsockopt: SO_SNDBUF, returns: {at_least: 4 KiB}}",
    "client: {getsockopt: SO_ERROR, returns: EPIPE}",
])  # fmt: skip
def test_options_can_be_set_and_expected_by_their_own_types(tmp_path, step):
    assert mistakes(tmp_path, scenario(step)) == []


NEVER_TRUE = [
    ("client: {getsockopt: SO_KEEPALIVE, returns: 1}", "true or false"),
    ("client: {getsockopt: SO_SNDBUF, returns: SOCK_STREAM}", "a size is a number of bytes"),
    ("client: {getsockopt: SO_SNDBUF, returns: true}", "a whole number"),
    ("client: {getsockopt: SO_TYPE, returns: 1}", "text, but YAML reads the number 1"),
    ("client: {getsockopt: SO_LINGER, returns: 0}", "has fields: onoff, linger"),
    ("client: {send: {text: a}, returns: {between: [5, 3]}}", "no number is at least 5 and at most 3"),
    ("client: {send: {text: a}, returns: MSG_OOB}", "a size is a number of bytes"),
    ("client: {send: {text: a}, returns: {at_lest: 1}}", 'did you mean "at_least"?'),
    ("client: {close: {}, returns: {text: a}}", 'way to state this result "text" is not known'),
    ("client: {getblocking: {}, returns: 1}", "true or false"),
]


@pytest.mark.parametrize("step, message", NEVER_TRUE)
def test_an_expectation_that_cannot_come_true_is_refused(tmp_path, step, message):
    assert message in mistakes(tmp_path, scenario(step))[0]


@pytest.mark.parametrize("text, message", [
    (scenario("client: {recv: 5, expect: {text: a}}"), 'an outcome has no "text"'),
    (cases("{one: {o: {retruns: 2}}}", "client: {recv: 5, expect: $o}"), 'no "retruns"; did you mean "returns"?'),
    (cases("{one: {o: {returns: empty, form: 1}}}", "client: {recv: 5, expect: $o}"), 'an outcome has no "form"'),
    (cases("{one: {o: EPIPE}}", "client: {recv: 5, expect: $o}"), "expect is a variable"),
    (scenario("client: {recv: 5, any_of: [{raises: EPIPE, why: x}]}"), 'an outcome has no "why"'),
    (scenario("client: {recv: 5, where: {linux: EPIPE}}"), "an outcome is a mapping, such as {raises: EPIPE}"),
    (scenario("client: {recv: 5, where: {linux: empty}}"), "an outcome is a mapping, such as {returns: empty}"),
])  # fmt: skip
def test_an_outcome_with_an_unknown_key_is_a_mistake_and_not_any_result(tmp_path, text, message):
    assert message in mistakes(tmp_path, text)[0]


FORKING = OWN + "only: posix\n"

NEVER_RUN = [
    (HEADER, ["system: {kill: server}"], "write actors: {server: {process: own}}"),
    (HEADER, ["system: {signal: {to: client, signal: SIGTERM}}"], "write actors: {client: {process: own}}"),
    (HEADER, ["system: {stop: client}"], "write actors: {client: {process: own}}"),
    (HEADER, ["client: {acquire: {}}"], 'acquire is used on a lock; "client" is a socket'),
    (HEADER, ["client: {epoll_wait: 0}"], 'epoll_wait is used on a poller; "client" is a socket'),
    (HEADER, ["client: {selector: {self: [EVENT_READ]}, as: x}", "client: {epoll_wait: 0, using: x}"],
     '"x" is a selector'),
    (HEADER, ["client: {makefile: r, as: f}", "client: {recv: 1, using: f}"],
     'recv is used on a socket; "f" is a file'),
    (HEADER, ["client: {readline: {}}"], 'readline is used on a file; "client" is a socket'),
    (HEADER, ["server: {recv: 1, blocks: true}", "client: {send: {text: a}}", "server: {pending: recv}",
              "server: {pending: recv}"], 'no earlier step left "server" waiting in recv'),
    (HEADER, ["server: {recv: 1, blocks: true}", "server: {close: {}}"],
     '"server" still waits in recv of line 6; no step in between could release that call'),
    (HEADER + OWN, ["server: {send: {text: a}, using: client}"], 'a process of its own, in which there is no "client"'),
    (HEADER + OWN, ["client: {recv: 1, using: server}"], 'there is no "server"'),
    (HEADER + OWN, ["server: {socket: {}, as: extra}", "client: {close: {}, using: extra}"], 'there is no "extra"'),
    (HEADER, ["client: {poll: {events: {clinet: [POLLIN]}}}"], 'an object "clinet"; did you mean "client"?'),
    (HEADER + FORKING, ["server: {poll: {events: {client: [POLLIN]}}}"], 'there is no "client"'),
]  # fmt: skip


@pytest.mark.parametrize("header, steps, message", NEVER_RUN)
def test_a_step_that_can_never_run_is_a_mistake(tmp_path, header, steps, message):
    found = mistakes(tmp_path, scenario(*steps, header=header))
    assert any(message in each for each in found), found


@pytest.mark.parametrize("header, steps", [
    (HEADER + FORKING, ["server: {fork: child}", "child: {send: {text: a}}", "child: {recv: 1, using: server}"]),
    (HEADER + OWN, ["client: {sendmsg: {data: {text: a}, rights: [self]}}",
                    "server: {recvmsg: {size: 1, rights: 1}, as: {rights: [given]}}",
                    "server: {send: {text: a}, using: given}"]),
    (HEADER, ["server: {recv: 1, blocks: true}", "client: {send: {text: a}}", "server: {send: {text: b}}"]),
])  # fmt: skip
def test_steps_that_can_run_are_no_mistakes(tmp_path, header, steps):
    assert mistakes(tmp_path, scenario(*steps, header=header)) == []


WORDS = [
    (scenario("client: {sleep: 1}"), "use await, blocks: true or pending"),
    (scenario("client: {recv: 1, where: {macos: {raises: EPIPE, source: x}}}"), 'did you mean "darwin"?'),
    (scenario("client: {recv: 1, where: {win32: {raises: EPIPE, source: x}}}"), 'did you mean "windows"?'),
    (scenario("client: {connect: {host: localhost, port: 5}}"), 'did you mean "loopback"?'),
    (scenario("client: {recv: 1, raises: eagain}"), 'did you mean "EAGAIN"?'),
    (scenario("client: {recv: 1, raises: 11}"), "written by its name, such as ECONNRESET, not as the number 11"),
    (scenario("client: {shutdown: 1}"), "by name, not as the number 1; known: SHUT_RD, SHUT_WR, SHUT_RDWR"),
    (scenario("client: {recv: 1, raises: timeout}"), 'did you mean "TimeoutError"?'),
    (scenario("system: {signal: {to: client, signal: SIGURS1}}"), 'did you mean "SIGUSR1"?'),
    (scenario("client: {recv: 1, dies: SIGPIEP}"), 'did you mean "SIGPIPE"?'),
    (cases("{one: {a: 1}, two: {b: 2}}", "client: {recv: $a, returns: {size: $b}}"), '"one" has no variable "b"'),
    (scenario('client: {"re\\ecv": 1}'), '"re\\x1bcv" is no operation'),
    (scenario('client: {"\\u202erecv": 1}'), '"\\u202erecv" is no operation'),
    (scenario("client: {close: {}}", header=HEADER + "hosts: {client: {sysctl: {kernel.panic: 1}}}\n"),
     "one of its network, such as net.ipv4.tcp_retries2"),
]  # fmt: skip


@pytest.mark.parametrize("text, message", WORDS)
def test_a_message_names_what_to_write_instead(tmp_path, text, message):
    found = mistakes(tmp_path, text)
    assert any(message in each for each in found), found


REPEATED = [
    ("server: {recv: 1, repeat: 2, as: data}", '"as" does not go with "repeat"'),
    ("server: {pending: recv, repeat: 2}", '"pending" does not go with "repeat"'),
    ("server: {recv: 1, repeat: 2, blocks: true}", "a repeated step returns how many of its calls succeeded"),
    ("server: {recv: 1, repeat: 2, raises: EAGAIN}", "a repeated step returns how many of its calls succeeded"),
    ("server: {recv: 1, repeat: 2, returns: {text: x}}", "to state this result"),
    ("server: {recv: 1, repeat: 0}", "repeat is the number of calls, from 1 to 10000"),
    ("system: {kill: client, repeat: 2}", "kill cannot be repeated"),
]


@pytest.mark.parametrize("step, message", REPEATED)
def test_a_repeated_step_can_only_return_a_count(tmp_path, step, message):
    assert message in mistakes(tmp_path, scenario(step))[0]


WIDE = [
    "client: {send: {data: {text: abc}, buffer: wide-view}}",
    "client: {sendall: {data: {join: [{hex: 00 01}, {pattern: 9}]}, buffer: wide-view}}",
    "client: {sendall: {data: {slice: [{pattern: 9}, 2, 8]}, buffer: wide-view}}",
    "server: {recv_into: {size: 10, buffer: wide-view}}",
]


@pytest.mark.parametrize("step", WIDE)
def test_a_wide_view_has_whole_items(tmp_path, step):
    assert "bytes are no multiple of that" in mistakes(tmp_path, scenario(step))[0]


def test_nothing_is_received_into_a_bytes_object(tmp_path):
    assert "bytearray" in mistakes(tmp_path, scenario("server: {recv_into: {size: 8, buffer: bytes}}"))[0]


HOSTS = [
    ("localhost", 'did you mean "loopback"? To have the name looked up, write {name: localhost}'),
    ("{name: a b}", '"a b" is no name of a host'),
    ("{nam: localhost}", "a host is a word, an actor, the empty string"),
]


@pytest.mark.parametrize("host, message", HOSTS)
def test_a_host_that_is_neither_a_word_nor_a_name_is_refused(tmp_path, host, message):
    assert message in mistakes(tmp_path, scenario(f"client: {{connect: {{host: {host}, port: 1}}}}"))[0]


@pytest.mark.parametrize("host", ['""', "{name: localhost}", "loopback"])
def test_a_host_may_be_empty_or_a_name(tmp_path, host):
    assert mistakes(tmp_path, scenario(f"client: {{connect: {{host: {host}, port: 1}}}}")) == []


RAW = HEADER + "actors: {server: {peer: raw}, other: {beside: server}}\n"
MIXED = [
    ("client: {recv: 1, using: server}",),
    ("other: {recv: 1, using: server}",),
    ("server: {select: {read: [server, client]}}",),
    ("server: {dup: {}, as: second}", "client: {recv: 1, using: second}"),
    ("server: {accept: {}, using: listener, as: other}", "other: {recv: 1}"),
]


@pytest.mark.parametrize("steps", MIXED)
def test_objects_of_a_raw_peer_and_of_the_implementation_are_not_mixed(tmp_path, steps):
    assert "both must say peer: raw under actors, or neither" in mistakes(tmp_path, scenario(*steps, header=RAW))[0]


def test_raw_peers_share_their_objects_and_anybody_uses_what_the_harness_makes(tmp_path):
    alike = RAW.replace("{beside: server}", "{beside: server, peer: raw}")
    steps = ("other: {recv: 1, using: server}", "server: {lock: {}, as: guard}", "client: {acquire: {}, using: guard}")
    assert mistakes(tmp_path, scenario(*steps, header=alike)) == []


def test_a_port_of_another_process_is_no_object_of_it(tmp_path):
    assert mistakes(tmp_path, scenario("client: {connect: {host: any, port: server}}", header=HEADER + OWN)) == []
