"""Operations on real sockets, used in ways that no scenario of the corpus covers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.runner import cells
from conformance.runner.cells import CellResult, Runner

Passes = Callable[[str], None]
Run = Callable[[str], "dict[str, CellResult]"]


def test_a_lock_keeps_another_thread_waiting_until_it_is_released(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        actors: {other: {beside: server}}
        steps:
          - server: {lock: {}, as: guard}
          - server: {acquire: {}, using: guard}
          - server: {recv: 1, blocks: true}
          - other: {acquire: {}, using: guard, blocks: true}
          - client: {send: {text: x}}
          - server: {pending: recv, returns: {text: x}}
          - server: {release: {}, using: guard}
          - other: {pending: acquire}
    """)


def test_a_thread_left_waiting_for_a_lock_does_not_cost_the_worker(run: Run) -> None:
    outcomes = run("""
        transports: [none]
        steps:
          - client: {lock: {}, as: guard}
          - client: {acquire: {}, using: guard}
          - server: {acquire: {}, using: guard, blocks: true}
    """)
    assert outcomes["none"].verdict.kind == "pass"
    assert outcomes["none"].seconds < 0.4


def test_a_thread_left_waiting_for_closed_sockets_does_not_cost_the_worker(run: Run, runner: Runner) -> None:
    before = runner._ready().hello.pid
    outcomes = run("""
        transports: [socketpair]
        given: connected
        needs: [epoll]
        actors: {closer: {beside: server}}
        steps:
          - server: {epoll: {self: [EPOLLIN]}, as: watch}
          - server: {epoll_wait: {}, using: watch, blocks: true}
          - closer: {close: {}, using: server}
    """)
    if outcomes["socketpair"].verdict.kind == "unsupported":
        pytest.skip(outcomes["socketpair"].verdict.reason)
    assert outcomes["socketpair"].verdict.kind == "pass"
    assert runner._ready().hello.pid == before


def test_a_filled_stream_is_still_full_after_tcp_has_probed_its_closed_window(passes: Passes) -> None:
    passes("""
        transports: [loopback]
        given: {connected: {options: {SO_SNDBUF: 65536, SO_RCVBUF: 65536}}}
        steps:
          - client: {fill: {}}
          - server: {select: {read: [listener], timeout: 0.3}}
          - client: {send: {text: x}, blocks: true}
    """)


def test_names_are_resolved(passes: Passes) -> None:
    passes("""
        transports: [none]
        steps:
          - client:
              resolve: {host: 127.0.0.1, port: 80, type: SOCK_STREAM}
              returns: [{family: AF_INET, type: SOCK_STREAM, host: 127.0.0.1, port: 80}]
          - client: {resolve: {host: nowhere, flags: [AI_NUMERICHOST]}, raises: EAI_NONAME}
    """)


def test_a_spawned_program_has_only_inheritable_sockets(passes: Passes) -> None:
    passes("""
        transports: [loopback, socketpair]
        given: connected
        steps:
          - client: {spawn: {}, returns: false}
          - client: {set_inheritable: true}
          - client: {spawn: {}, returns: true}
    """)


def test_many_sockets_are_bound_until_one_cannot_be(passes: Passes) -> None:
    passes("""
        transports: [loopback]
        given: listening
        steps:
          - client: {bind_many: {address: free, at_most: 5}, returns: 5}
          - client: {bind_many: {address: server, at_most: 5}, returns: 0}
    """)


def test_files_are_sent_and_records_counted(passes: Passes) -> None:
    passes("""
        transports: [loopback, unix]
        given: connected
        steps:
          - client: {open: {content: {text: hello}}, as: file}
          - client: {sendfile: file, returns: 5}
          - server: {recvmsg_into: 5, returns: {count: 5, data: {text: hello}}}
          - client: {send_numbered: 3}
          - server: {collect_numbered: 3, returns: 3}
          - client: {with_block: {}}
          - server: {recv: 1, returns: empty}
    """)


def test_a_default_timeout_ends_with_its_cell(run: Run, passes: Passes) -> None:
    passes("""
        transports: [none]
        steps:
          - client: {setdefaulttimeout: 3}
          - client: {socket: {}}
          - client: {gettimeout: {}, returns: 3.0}
    """)
    passes("""
        transports: [none]
        steps: [{client: {call: socket.getdefaulttimeout, returns: nothing}}]
    """)


@pytest.mark.parametrize(
    ("limit", "done_after"), [(0.2, 1), (1.1, 0.8)], ids=["others-go-on", "not-prolonged-by-one-that-is-done"]
)
def test_in_a_group_each_step_has_its_own_limit(run: Run, limit: float, done_after: float) -> None:
    found = run(f"""
        transports: [socketpair]
        given: connected
        steps:
          - server: {{settimeout: {done_after}}}
          - client: {{settimeout: 1.5}}
          - together:
              - client: {{recv: 1, raises: TimeoutError, limit: {limit}}}
              - server: {{recv: 1, raises: TimeoutError, limit: 20}}
    """)["socketpair"]
    assert [found.observations[number].kind for number in (3, 4)] == ["hung", "raised"]


def test_a_step_with_a_long_limit_may_outlast_others_of_its_group(run: Run, monkeypatch) -> None:
    monkeypatch.setattr(cells, "GRACE", 0.2)
    found = run("""
        transports: [socketpair]
        given: connected
        steps:
          - server: {settimeout: 2.5}
          - together:
              - server: {recv: 1, raises: TimeoutError, limit: 20}
              - client: {getblocking: {}, returns: true, limit: 0.5}
    """)["socketpair"]
    assert found.verdict.kind == "pass", found.verdict


def test_receiving_into_a_buffer_takes_at_most_nbytes_of_what_is_there(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        steps:
          - client: {send: {text: abcdefgh}, returns: 8}
          - server: {recv_into: {size: 9, nbytes: 3}, returns: {count: 3, data: {text: abc}}}
          - server: {recvfrom_into: {size: 9, nbytes: 2}, returns: {count: 2, data: {text: de}}}
          - server: {recv_into: {size: 2, nbytes: 3}, raises: ValueError}
          - server: {recv_into: {size: 9, nbytes: 1, flags: [MSG_PEEK]}, returns: {count: 1, data: {text: f}}}
          - server: {recv_into: 9, returns: {count: 3, data: {text: fgh}}}
    """)


def test_a_closed_descriptor_among_rights_is_the_systems_error_and_not_the_adapters(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        needs: [SCM_RIGHTS]
        steps:
          - client: {socket: {type: SOCK_STREAM}, as: spare}
          - client: {close: {}, using: spare}
          - client: {sendmsg: {data: {text: x}, rights: [spare]}, raises: EBADF}
    """)


def test_awaited_bytes_are_counted_and_none_is_received(passes: Passes) -> None:
    passes("""
        transports: [socketpair, loopback]
        given: connected
        only: posix
        steps:
          - server: {await_bytes: 0, returns: 0}
          - server: {await_bytes: 4, blocks: true}
          - client: {send: {text: ab}}
          - server: {pending: await_bytes, blocks: true}
          - client: {send: {text: cde}}
          - server: {pending: await_bytes, returns: 5}
          - server: {await_bytes: 5, returns: 5}
          - server: {recv: 9, returns: {text: abcde}}
    """)


def test_awaited_bytes_that_cannot_come_any_more_are_not_awaited(run: Run, runner: Runner) -> None:
    before = runner._ready().hello.pid
    outcomes = run("""
        transports: [socketpair, loopback]
        given: connected
        only: posix
        actors: {other: {beside: client}}
        steps:
          - server: {await_bytes: 4, blocks: true}
          - client: {send: {text: ab}}
          - client: {shutdown: SHUT_WR}
          - server: {pending: await_bytes, returns: 2}
          - client: {await_bytes: 4, blocks: true}
    """)
    assert {each.verdict.kind for each in outcomes.values()} <= {"pass", "unsupported"}
    assert runner._ready().hello.pid == before


def test_a_repeated_call_counts_until_its_first_error(run: Run) -> None:
    found = run("""
        transports: [socketpair]
        given: connected
        steps:
          - client: {send: {text: x}, repeat: 3, returns: 3, measures: sent}
          - server: {setblocking: false}
          - server: {recv: 1, repeat: 9, returns: 3}
          - server: {recv: 1, repeat: 9, returns: 0}
          - client: {socketpair: {}, repeat: 2, returns: 2}
    """)["socketpair"]
    assert found.verdict.kind == "pass", found.verdict
    assert found.observations[3].raw["count"] == 3
    assert found.observations[3].raw["ended by"]["class"] == "builtins.BlockingIOError"


def test_a_renamed_path_is_found_under_its_new_name_only(passes: Passes) -> None:
    passes("""
        transports: [none]
        steps:
          - client: {open: {content: {text: x}, path: old}, as: file}
          - client: {rename: {path: old, to: new}}
          - client: {stat: new, returns: {type: file}}
          - client: {stat: old, raises: ENOENT}
    """)
