"""Faults of the network between two hosts: their effect, and that it ends with the cell."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.model.plan import Given, Plan, PlanStep
from conformance.model.protocol import ANSWERS, REQUESTS, RunRequest
from conformance.runner.cells import CellResult
from conformance.worker.actors.threads import Callers
from conformance.worker.context import WorkerContext
from conformance.worker.network.networks import Host, SharedHosts
from conformance.worker.serve import Worker
from conformance.worker.waiting.probes import best_probe

Passes = Callable[[str], None]
Run = Callable[[str], "dict[str, CellResult]"]

LEFT_BROKEN = [
    "{cut: server}",
    "{link: down, of: server}",
    "{link: down, of: client}",
    "{address: removed, of: server}",
    "{rate: 1000, of: client}",
    "{mtu: 600, of: server}",
    "{mss: 500, of: server}",
    "{offloads: off, of: client}",
    "{firewall: drop, on: server}",
    "{reboot: server}",
    "{drop: any, from: server, times: all}",
    "{hold: any, from: client, times: all}",
]


def test_a_cut_is_silent_and_its_repair_delivers(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - network: {cut: server}
          - client: {send: {text: patience}, returns: 8}
          - server: {recv: 8, blocks: true}
          - network: {repair: client}
          - server: {pending: recv, returns: {prefix_of: {text: patience}}}
    """)


def test_a_host_without_its_address_reaches_nobody(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - network: {address: removed, of: client}
          - client: {socket: {}, as: second}
          - client: {connect: nobody, using: second, raises: [ENETUNREACH, EADDRNOTAVAIL]}
          - network: {address: restored, of: client}
          - client: {socket: {}, as: third}
          - client: {connect: nobody, using: third, raises: ECONNREFUSED}
    """)


def test_a_slow_link_takes_its_time(passes: Passes) -> None:
    passes("""
        transports: [inet]
        given: connected
        steps:
          - network: {rate: 200000, of: client}
          - client: {sendall: {pattern: 100000}}
          - server: {recv_exactly: 100000, returns: {pattern: 100000}, lasts: {at_least: 0.2}}
    """)


@pytest.mark.parametrize("sequence, outcome", [("next", "raises: ECONNRESET"), ("in-window", "blocks: true")])
def test_a_forged_reset_needs_the_exact_sequence_number(passes: Passes, sequence: str, outcome: str) -> None:
    passes(f"""
        transports: [inet, inet6]
        given: connected
        steps:
          - client: {{recv: 1, blocks: true}}
          - network: {{inject: RST, from: server, to: client, sequence: {sequence}}}
          - client: {{pending: recv, {outcome}}}
    """)


@pytest.mark.parametrize("fault", LEFT_BROKEN)
def test_the_next_cell_finds_a_working_link(run: Run, passes: Passes, fault: str) -> None:
    broken = run(f"""
        transports: [inet, inet6]
        given: connected
        steps: [{{network: {fault}}}]
    """)
    assert {each.verdict.kind for each in broken.values()} <= {"pass", "unsupported"}
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - client: {sendall: {pattern: 20000}}
          - server: {recv_exactly: 20000, returns: {pattern: 20000}, lasts: {at_most: 1}}
    """)


def test_settings_of_a_host_end_with_their_cell(passes: Passes) -> None:
    keepalive = """
        transports: [inet]
        hosts: {{client: {{sysctl: {{net.ipv4.tcp_keepalive_time: {value}}}}}}}
        given: fresh
        steps: [{{client: {{getsockopt: TCP_KEEPIDLE, returns: {value}}}}}]
    """
    passes(keepalive.format(value=77))
    passes("""
        transports: [inet]
        given: fresh
        steps: [{client: {getsockopt: TCP_KEEPIDLE, returns: 7200}}]
    """)


def test_there_is_no_network_to_disturb_on_one_host(run: Run) -> None:
    verdict = run("""
        transports: [loopback]
        given: connected
        steps: [{network: {cut: client}}]
    """)["loopback"].verdict
    assert (verdict.kind, verdict.reason) == ("unsupported", "there is no network between actors on loopback")


def test_a_cell_whose_fault_cannot_be_done_here_is_not_begun(tmp_path: Path) -> None:
    unlike = {"inet": Host(None, "127.0.0.1", "::1")}
    plan = Plan(
        "cut",
        "inet",
        "stdlib",
        Given("connected"),
        (PlanStep(1, "client", "close", 1), PlanStep(2, "network", "cut", 2)),
    )
    answers = io.BytesIO()
    probe, traffic = best_probe()
    context = WorkerContext(Callers(probe), traffic, 1.0, str(tmp_path), SharedHosts(unlike, "hosts of somebody else"))
    Worker(io.BytesIO(REQUESTS.to_line(RunRequest(1, plan))), answers, context).serve()
    _hello, end = map(ANSWERS.of_line, answers.getvalue().splitlines())
    assert end.unsupported == "needs black-hole: hosts of somebody else"


def test_a_host_can_have_a_fault_from_the_start(passes: Passes) -> None:
    passes("""
        transports: [inet]
        needs: [rate-limit]
        hosts: {client: {rate: 200000}}
        given: connected
        steps:
          - client: {sendall: {pattern: 100000}}
          - server: {recv_exactly: 100000, returns: {pattern: 100000}, lasts: {at_least: 0.2}}
    """)


def test_a_fault_from_the_start_is_there_before_the_fixture(run: Run) -> None:
    verdict = run("""
        transports: [inet]
        hosts: {client: {address: removed}}
        given: connected
        steps: [{client: {close: {}}}]
    """)["inet"].verdict
    assert verdict.kind == "inconclusive"
    assert "OSError" in verdict.reason


# single packets


@pytest.mark.parametrize(
    "rule, arrives",
    [
        ("drop: datagram, from: client, nth: 2", "acd"),
        ("duplicate: datagram, from: client", "aabcd"),
        ("reorder: datagram, from: client, nth: 2", "acbd"),
        ("hold: datagram, from: client, nth: 2", "acd"),
        ("delay: datagram, from: client, by: 0.05, times: 1", "bcda"),
        ("split: datagram, from: client, into: 8, times: all", "abcd"),
        ("damage: datagram, from: client, nth: 3", "abd"),
        ("drop: any, from: server, times: all", "abcd"),
    ],
)
def test_a_packet_rule_does_what_it_says(passes: Passes, rule: str, arrives: str) -> None:
    sent = [f"  - client: {{send: {{pattern: 64, seed: {ord(letter)}}}}}" for letter in "abcd"]
    seen = [f"  - server: {{recv: 99, returns: {{pattern: 64, seed: {ord(letter)}}}}}" for letter in arrives]
    steps = "\n".join([f"  - network: {{{rule}}}", *sent, *seen, "  - server: {recv: 99, blocks: true}"])
    passes(f"transports: [inet-udp, inet6-udp]\ngiven: connected\nsteps:\n{steps}\n")


def test_held_packets_arrive_in_their_order_once_they_are_delivered(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - network: {hold: data, from: client, times: 2}
          - client: {send: {text: a}}
          - client: {send: {text: b}}
          - network: {happened: hold}
          - server: {recv: 1, blocks: true}
          - network: {deliver: client}
          - server: {pending: recv, returns: {text: a}}
          - server: {recv: 1, returns: {text: b}}
    """)


def test_no_wait_is_proved_while_a_packet_is_delayed(run: Run) -> None:
    outcome = run("""
        transports: [inet]
        given: connected
        steps:
          - network: {delay: data, from: client, by: 0.5}
          - client: {send: {text: x}}
          - server: {recv: 1, blocks: true}
    """)["inet"]
    assert outcome.verdict.kind in ("fail", "unsupported")
    if outcome.verdict.kind == "fail":
        assert outcome.observations[3].kind == "returned"


def test_waiting_for_a_rule_that_never_strikes_hangs(run: Run) -> None:
    outcome = run("""
        transports: [inet]
        given: connected
        limit: 0.2
        steps:
          - network: {drop: FIN, from: client}
          - network: {happened: drop}
    """)["inet"]
    assert outcome.verdict.kind in ("fail", "unsupported")
    if outcome.verdict.kind == "fail":
        assert outcome.observations[2].kind == "hung"


@pytest.mark.parametrize("step", ["{deliver: client}", "{happened: drop}"])
def test_there_must_be_something_to_deliver_and_to_wait_for(run: Run, step: str) -> None:
    outcome = run(f"""
        transports: [inet]
        given: connected
        steps:
          - network: {{hold: data, from: client}}
          - network: {step}
    """)["inet"]
    assert outcome.verdict.kind == "unsupported" or outcome.observations[2].kind == "not-run"


def test_segments_over_the_forwarder_are_no_larger_than_the_link_takes(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - network: {split: data, from: client, into: 1460, times: all}
          - network: {hold: data, from: client, nth: 3}
          - client: {sendall: {pattern: 40000}}
          - network: {happened: hold}
          - server: {recv_exactly: 40000, returns: {pattern: 40000}}
    """)


def test_a_cut_beside_packet_rules_is_silent_too(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        steps:
          - network: {duplicate: data, from: client}
          - network: {cut: server}
          - client: {send: {text: patience}, returns: 8}
          - server: {recv: 8, blocks: true}
          - network: {repair: client}
          - server: {pending: recv, returns: {prefix_of: {text: patience}}}
    """)


def test_there_are_no_packets_to_tell_apart_on_one_host(run: Run) -> None:
    verdict = run("""
        transports: [loopback]
        given: connected
        steps: [{network: {drop: data, from: client}}]
    """)["loopback"].verdict
    assert verdict.kind == "unsupported"


def test_an_actor_with_a_process_lives_on_its_host_behind_a_router(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6, inet-udp]
        topology: routed
        given: connected
        actors: {server: {process: own}}
        steps:
          - client: {send: {text: far}, returns: 3}
          - server: {recv: 9, returns: {text: far}}
    """)


def test_an_actor_on_a_host_of_its_own_may_have_a_process_too(passes: Passes) -> None:
    passes("""
        transports: [inet]
        given: listening
        actors: {other: {host: own, process: own}}
        steps:
          - other: {socket: {}}
          - other: {connect: server}
          - other: {getsockname: {}, returns: {host: other}}
          - server: {accept: {}, as: worker, returns: {from: other}}
    """)


def test_a_router_is_at_several_links(run: Run) -> None:
    verdict = run("""
        transports: [inet]
        topology: routed
        steps: [{network: {cut: router}}]
    """)["inet"].verdict
    assert verdict.kind == "unsupported"
    assert verdict.reason == "router is at several links; name the host at the other end of one"


def test_one_answer_of_a_firewall_takes_the_place_of_another(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: listening
        steps:
          - network: {firewall: drop, on: server}
          - network: {firewall: reset, on: server}
          - client: {connect: server, raises: ECONNREFUSED}
          - network: {firewall: open, on: server}
          - client: {socket: {}, as: second}
          - client: {connect: server, using: second}
    """)


def test_a_firewall_may_be_for_one_port_alone(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: listening
        steps:
          - network: {firewall: drop, on: server, port: $server.port}
          - client: {connect: nobody, raises: ECONNREFUSED}
    """)


def test_a_reboot_ends_the_processes_on_the_host(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: connected
        actors: {server: {process: own}}
        steps:
          - client: {recv: 1, blocks: true}
          - server: {recv: 1, blocks: true}
          - network: {reboot: server}
          - server: {pending: recv, dies: SIGKILL}
          - client: {pending: recv, blocks: true}
    """)


def test_a_stopped_process_does_nothing_until_it_is_resumed(passes: Passes) -> None:
    passes("""
        transports: [inet, unix]
        given: connected
        actors: {server: {process: own}}
        steps:
          - system: {stop: server}
          - client: {send: {text: x}, returns: 1}
          - client: {recv: 1, blocks: true}
          - system: {resume: server}
          - server: {recv: 1, returns: {text: x}}
    """)


def test_a_small_link_carries_no_ipv6_and_a_large_one_does_again(passes: Passes) -> None:
    passes("""
        transports: [inet6]
        given: listening
        steps:
          - network: {mtu: 600, of: client}
          - client: {connect: server, raises: [ENETUNREACH, EADDRNOTAVAIL]}
          - network: {mtu: 1500, of: client}
          - client: {connect: server}
    """)


def test_a_setting_of_a_host_is_for_transports_between_hosts_and_stays_in_its_cell(run: Run) -> None:
    found = run("""
        transports: [loopback, inet]
        given: listening
        hosts: {server: {sysctl: {net.ipv4.ip_default_ttl: 7}}}
        steps: [{client: {connect: server}}]
    """)
    assert found["loopback"].verdict.kind == "unsupported"
    after = run("""
        transports: [inet]
        given: connected
        steps: [{server: {getsockopt: IP_TTL, returns: 64}}]
    """)
    assert after["inet"].verdict.kind in ("pass", "unsupported")


def test_a_link_with_both_ends_down_works_again_once_both_are_up(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        given: listening
        steps:
          - network: {link: down, of: client}
          - network: {mtu: 1400, of: client}
          - network: {link: down, of: server}
          - network: {link: up, of: client}
          - network: {link: up, of: server}
          - client: {connect: server}
    """)


def test_a_host_behind_a_router_can_ask_for_small_segments(passes: Passes) -> None:
    passes("""
        transports: [inet, inet6]
        topology: routed
        given: listening
        hosts: {server: {mss: 500}}
        steps:
          - client: {connect: server}
          - client: {getsockopt: TCP_MAXSEG, returns: {between: [400, 500]}}
          - network: {mss: 900, of: server}
          - client: {close: {}}
          - client: {socket: {}, as: again}
          - client: {connect: server, using: again}
          - client: {getsockopt: TCP_MAXSEG, using: again, returns: {between: [800, 900]}}
    """)


def test_without_offloads_segments_are_of_the_links_size(passes: Passes) -> None:
    passes("""
        transports: [inet]
        given: connected
        hosts: {client: {offloads: off, mtu: 576}}
        steps:
          - client: {sendall: {pattern: 20000}}
          - server: {recv_exactly: 20000, returns: {pattern: 20000}}
          - client: {getsockopt: TCP_MAXSEG, returns: {at_most: 536}}
    """)
