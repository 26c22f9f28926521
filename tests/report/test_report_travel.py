"""A drawing has an arrow only for what was seen to travel."""

from dataclasses import replace
from textwrap import dedent

import pytest

from conformance.language.corpus import bundled, load_one
from conformance.model.cell import Cell
from conformance.report.travel import travelled
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record


@pytest.fixture(scope="module")
def runner():
    made = Runner(OWN, WorkerOptions())
    yield made
    made.close()


@pytest.fixture
def acted(runner, tmp_path):
    """The record of some steps over one transport."""

    def run(steps: str, transport: str = "loopback", given: str = "connected", more: str = ""):
        text = f"summary: Steps.\nsources: [nobody]\ntransports: [{transport}]\ngiven: {given}\n{more}steps:\n"
        path = tmp_path / "steps.yaml"
        path.write_text(text + dedent(steps), "utf-8")
        scenario = load_one(path, tmp_path)
        return cell_record(runner.run(Cell(scenario, scenario.cases[0], transport)))

    return run


@pytest.mark.parametrize(
    "steps, labels",
    [
        ("- client: {close: {}}\n- client: {close: {}}", {1: "end"}),
        ("- client: {dup: {}, as: copy}\n- client: {close: {}}\n- client: {close: {}, using: copy}", {3: "end"}),
        ("- client: {shutdown: SHUT_RD}\n- client: {shutdown: SHUT_WR}\n- client: {close: {}}", {2: "end"}),
        ("- client: {send: {text: a}}\n- client: {sendall: {text: ''}}\n- client: {send: {text: ''}}", {1: "'a'"}),
        (
            "- client: {makefile: w, as: file}\n- client: {write: {text: ab}, using: file}\n- client: {close: {}}\n"
            "- client: {flush: {}, using: file}\n- client: {close: {}, using: file}",
            {4: "'ab'", 5: "end"},
        ),
        (
            "- client: {makefile: {mode: rwb, buffering: 0}, as: file}\n- client: {write: {text: ab}, using: file}",
            {2: "'ab' on file"},
        ),
        ("- client: {makefile: wb, as: file}\n- client: {write: {text: ab}, using: file}\n"
         "- client: {close: {}, using: file}", {3: "'ab'"}),
        ("- client: {pipe: {}, as: {read: out, write: into}}\n- client: {write: {text: ab}, using: into}", {}),
        ("- client: {with_block: {}}\n- client: {close: {}}", {1: "end"}),
    ],
)  # fmt: skip
def test_data_and_ends_of_a_connection(acted, steps, labels):
    record = acted(steps)
    assert {step.observation.kind for step in record.steps} == {"returned"}
    assert travelled(record) == labels


def test_a_connection_is_drawn_where_one_was_made(acted):
    steps = "- client: {connect: server}\n- server: {accept: {}, as: peer}\n- server: {close: {}}\n"
    steps += "- server: {close: {}, using: peer}\n"
    assert travelled(acted(steps, given="listening")) == {1: "SYN", 4: "end"}
    assert travelled(acted(steps, "unix", "listening")) == {1: "connection", 4: "end"}


def test_sockets_without_a_connection_end_nothing(acted):
    assert travelled(acted("- client: {close: {}}\n- server: {close: {}}", given="fresh")) == {}


def test_datagrams_have_neither_connections_nor_ends(acted):
    steps = "- client: {sendto: {data: {text: a}, to: server}}\n- client: {connect: server}\n"
    steps += "- client: {send: {text: b}}\n- client: {close: {}}\n"
    assert travelled(acted(steps, "udp", "bound")) == {1: "data='a' to=server", 3: "'b'"}


def test_an_end_waits_for_the_last_process(acted):
    actors = "actors: {client: {process: own}, child: {process: own}}\n"
    steps = (
        "- client: {fork: child}\n- client: {close: {}}\n- child: {close: {}, using: client}\n- child: {close: {}}\n"
    )
    record = acted(steps, more=actors)
    assert travelled(record) == {3: "end"}


def test_a_connection_that_was_reset_sends_no_end(acted):
    steps = """
    - server: {setsockopt: {SO_LINGER: {onoff: 1, linger: 0}}}
    - server: {close: {}}
    - client: {await: reset}
    - client: {recv: 1}
    - client: {close: {}}
    """
    assert 5 not in travelled(acted(steps))


def test_the_evidence_can_show_that_a_socket_is_still_open(acted):
    record = acted("- client: {close: {}}")
    from conformance.model.socket_state import SocketState

    (step,) = record.steps
    still = SocketState("client", "ESTABLISHED")
    assert travelled(replace(record, steps=(replace(step, evidence=(still,)),))) == {}


def test_older_records_do_not_say_which_objects_were_used(acted):
    steps = "- client: {dup: {}, as: copy}\n- client: {close: {}}\n- client: {send: {text: a}, using: copy}"
    record = acted(steps)
    old = replace(record, given=None, steps=tuple(replace(step, on=None, made=None) for step in record.steps))
    assert 2 not in travelled(old)


def test_pairs_that_a_step_made_lead_to_whoever_uses_the_other_end(acted):
    pair = "- client: {socketpair: {}, as: [one, two]}\n- client: {send: {text: a}, using: one}\n"
    reads = "- {}: {{recv: 1, using: two}}\n"
    assert travelled(acted(pair + reads.format("client"))) == {}
    assert travelled(acted(pair + reads.format("server"))) == {2: "'a' on one"}


def test_every_kept_scenario_with_a_fork_still_loads():
    assert load_one(bundled() / "ipc/fork-child-holds-connection.yaml", bundled()).cells()
