"""Actors in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from conformance.runner.cells import CellResult

Passes = Callable[[str], None]
Run = Callable[[str], "dict[str, CellResult]"]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="os.fork does not exist")


def test_the_socket_of_an_actor_moves_to_its_process_and_is_closed_elsewhere(passes: Passes) -> None:
    passes("""
        transports: [loopback, unix, socketpair]
        given: connected
        actors: {client: {process: own}}
        steps:
          - client: {send: {text: x}}
          - server: {recv: 1, returns: {text: x}}
          - client: {close: {}}
          - server: {recv: 1, returns: empty}
    """)


def test_values_and_addresses_travel_both_ways(passes: Passes) -> None:
    passes("""
        transports: [loopback, inet, unix, unix-abstract]
        given: nothing
        actors: {server: {process: own}}
        steps:
          - server: {socket: {}}
          - server: {bind: free}
          - server: {listen: 5}
          - client: {socket: {}}
          - client: {connect: server}
          - server: {accept: {}, as: worker}
          - client: {send: {text: hello}, as: sent}
          - server: {recv_exactly: $sent, using: worker, returns: {text: hello}, as: heard}
          - server: {sendall: $heard, using: worker}
          - client: {recv_exactly: $sent, returns: $heard}
    """)


def test_a_companion_lives_in_the_same_process(passes: Passes) -> None:
    passes("""
        transports: [unix]
        given: listening
        actors: {server: {process: own}, mate: {beside: server}}
        steps:
          - client: {connect: server}
          - server: {accept: {}, as: worker}
          - server: {recv: 1, using: worker, blocks: true}
          - mate: {recv: 1, using: worker, blocks: true}
          - client: {send: {text: ab}}
          - server: {pending: recv}
          - mate: {pending: recv}
    """)


def test_signals_are_ignored_handled_and_deadly(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        actors: {server: {process: own}}
        steps:
          - server: {on_signal: {signal: SIGTERM, action: ignore}}
          - server: {recv: 1, blocks: true}
          - system: {signal: {to: server, signal: SIGTERM}}
          - server: {pending: recv, blocks: true}
          - client: {send: {text: x}}
          - server: {pending: recv, returns: {text: x}}
          - server: {on_signal: {signal: SIGTERM, action: default}}
          - server: {recv: 1, blocks: true}
          - system: {signal: {to: server, signal: SIGTERM}}
          - server: {pending: recv, dies: SIGTERM}
          - client: {recv: 1, returns: empty}
    """)


def test_a_forked_child_inherits_the_actions_of_signals(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        limit: 4
        actors: {server: {process: own}}
        steps:
          - server: {on_signal: {signal: SIGUSR1, action: count}}
          - server: {fork: child}
          - child: {recv: 1, using: child, blocks: true}
          - system: {signal: {to: child, signal: SIGUSR1}}
          - child: {pending: recv, blocks: true}
          - client: {send: {text: x}}
          - child: {pending: recv, returns: {text: x}}
    """)


def test_a_handler_that_does_not_run_is_waited_for_until_the_limit(run: Run) -> None:
    found = run("""
        transports: [socketpair]
        given: connected
        actors: {server: {process: own}}
        steps:
          - server: {on_signal: {signal: SIGUSR1, action: count}}
          - system: {stop: server}
          - system: {signal: {to: server, signal: SIGUSR1}, limit: 0.3}
          - system: {resume: server}
    """)["socketpair"]
    assert (found.verdict.kind, found.verdict.step, found.observations[3].kind) == ("fail", 3, "hung")


def test_a_stopped_process_goes_on_when_it_is_continued(passes: Passes) -> None:
    passes("""
        transports: [socketpair]
        given: connected
        actors: {server: {process: own}}
        steps:
          - server: {recv: 1, blocks: true}
          - system: {signal: {to: server, signal: SIGSTOP}}
          - client: {send: {text: x}}
          - client: {recv: 1, blocks: true}
          - system: {signal: {to: server, signal: SIGCONT}}
          - server: {pending: recv, returns: {text: x}}
    """)


def test_a_child_outlives_its_parent_and_has_copies_of_all(passes: Passes) -> None:
    passes("""
        transports: [loopback, unix]
        given: connected
        actors: {client: {process: own}}
        steps:
          - client: {fork: child}
          - child: {fork: grandchild}
          - system: {kill: client}
          - child: {exit: 3}
          - grandchild: {send: {text: x}, using: client}
          - server: {recv: 1, returns: {text: x}}
          - server: {recv: 1, blocks: true}
          - system: {kill: grandchild}
          - server: {pending: recv, returns: empty}
    """)


def test_steps_of_a_dead_process_are_not_run(run: Run) -> None:
    verdict = run("""
        transports: [socketpair]
        given: connected
        actors: {client: {process: own}}
        steps:
          - system: {kill: client}
          - client: {send: {text: x}}
    """)["socketpair"].verdict
    assert (verdict.kind, verdict.step) == ("fail", 2)
    assert verdict.reason == "not run: the process of client is gone"


def test_an_unprivileged_actor_has_no_rights(passes: Passes) -> None:
    passes("""
        transports: [loopback]
        given: nothing
        needs: [unprivileged-user]
        actors: {client: {process: own, user: unprivileged}}
        steps:
          - client: {socket: {family: AF_INET, type: SOCK_RAW, protocol: 1}, raises: EPERM}
    """)


def test_descriptors_run_out_where_they_were_limited(passes: Passes) -> None:
    passes("""
        transports: [none]
        actors: {client: {process: own}}
        needs: [rlimit]
        steps:
          - client: {limit_descriptors: {spare: 2}}
          - client: {socketpair: {}, as: [left, right]}
          - client: {socket: {}, raises: EMFILE}
          - client: {close: {}, using: left}
          - client: {socket: {}}
    """)


def test_relative_paths_belong_to_the_process(passes: Passes) -> None:
    passes("""
        transports: [unix]
        given: nothing
        actors: {server: {process: own}}
        steps:
          - server: {chdir: one}
          - server: {socket: {}}
          - server: {bind: {path: door}}
          - server: {listen: 1}
          - server: {getsockname: {}, returns: {path: door}}
          - server: {chdir: two}
          - server: {socket: {}, as: late}
          - server: {connect: {path: door}, using: late, raises: ENOENT}
    """)


def test_the_mask_of_a_process_is_its_own(passes: Passes) -> None:
    passes("""
        transports: [unix]
        given: nothing
        actors: {server: {process: own}}
        steps:
          - server: {umask: "0077"}
          - server: {socket: {}}
          - server: {bind: {path: door}}
          - client: {stat: door, returns: {mode: "0700"}}
          - client: {socket: {}}
          - client: {bind: {path: gate}}
          - client: {stat: gate, returns: {mode: "0755"}}
    """)
