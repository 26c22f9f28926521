"""An implementation is measured against the raw socket in the same worker, and blamed only for its own failures."""

from pathlib import Path
from textwrap import dedent

import pytest

from conformance.engine import judge
from conformance.runner.differential_runner import DifferentialRunner

SOCKETS = '''
    import socket


    class Plain(socket.socket):
        pass


    class NoRecords(socket.socket):
        """Refuses the one kind of socket that it was not written for."""

        def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
            if type == socket.SOCK_DGRAM:
                raise ValueError("streams only")
            super().__init__(family, type, proto, fileno)


    class AnyHost(socket.socket):
        def getsockname(self):
            found = super().getsockname()
            return ("0.0.0.0", found[1]) if isinstance(found, tuple) else found
'''

BOUND = """
summary: A datagram socket has the address that it was bound to.
sources: [POSIX getsockname()]
transports: [udp]
given: bound
steps:
  - client: {getsockname: {}, returns: {host: loopback, port: {at_least: 1}}}
  - server: {recv: 9, blocks: true}
"""

WRONG = BOUND.replace("blocks: true", "returns: {text: never}, limit: 0.3")


@pytest.fixture
def measured(runner, cell, tmp_path):
    """The outcome of a scenario under one of the sockets above."""
    (tmp_path / "sockets.py").write_text(dedent(SOCKETS), "utf-8")

    def run(name: str, text: str):
        return DifferentialRunner(runner).run(cell(text, f"{Path(tmp_path, 'sockets.py')}:{name}"))

    return run


def test_a_plain_subclass_passes_and_nowhere_parts(measured):
    found = measured("Plain", BOUND)
    assert (found.verdict.kind, found.divergence) == (judge.PASS, None)


def test_what_the_raw_socket_does_as_well_is_not_held_against_a_subclass(measured):
    found = measured("Plain", WRONG)
    assert found.verdict.kind == judge.PASS
    assert "as the raw socket on this host" in found.verdict.reason


def test_a_fixture_that_only_the_raw_socket_can_make_fails_the_cell(measured):
    found = measured("NoRecords", BOUND)
    assert found.verdict.kind == judge.FAIL
    assert "ValueError: streams only; with the raw socket it does not" in found.verdict.reason


@pytest.mark.parametrize("text", [BOUND, WRONG], ids=["raw passes", "raw fails elsewhere"])
def test_a_value_that_is_none_of_the_legal_ones_is_shown_against_the_raw_socket(measured, text):
    found = measured("AnyHost", text)
    assert (found.verdict.kind, found.verdict.step) == (judge.FAIL, 1)
    assert found.verdict.observed == "returned client, host any"
    assert found.divergence.step == 1


def test_a_step_that_both_fail_is_not_held_against_an_implementation_that_parts_elsewhere(measured):
    free = "  - client: {getsockname: {}, returns: anything}\n"
    wrong = "  - server: {recv: 9, returns: {text: never}, limit: 0.3}\n"
    head = BOUND.partition("  - client")[0]
    legal = measured("AnyHost", head + wrong + free)
    assert (legal.verdict.kind, legal.divergence.step) == (judge.PASS, 2)
    own = measured("AnyHost", head + wrong + free.replace("anything", "{host: loopback}"))
    assert (own.verdict.kind, own.verdict.step) == (judge.FAIL, 2)
