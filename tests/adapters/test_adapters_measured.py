"""An implementation is measured against the raw socket in the same worker, and blamed only for its own failures."""

from pathlib import Path
from textwrap import dedent

import pytest

from conformance.engine import judge
from conformance.language.deviation_files import load_deviations
from conformance.report.timeline import timeline
from conformance.runner.cells import Runner
from conformance.runner.differential_runner import DifferentialRunner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record

SOCKETS = '''
    import socket
    import threading


    class Plain(socket.socket):
        pass


    class NoRecords(socket.socket):
        """Refuses the one kind of socket that it was not written for."""

        def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
            if type == socket.SOCK_DGRAM:
                raise ValueError("streams only")
            super().__init__(family, type, proto, fileno)


    class HangsInListen(socket.socket):
        def listen(self, *backlog):
            self.wait_for_nothing()

        def wait_for_nothing(self):
            threading.Event().wait()


    class RaisesInConnect(socket.socket):
        def connect(self, address):
            self.check(address)

        def check(self, address):
            raise ValueError("no such address")


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


CONNECTED = """
summary: Some bytes.
sources: [POSIX send()]
transports: [loopback]
given: connected
steps:
  - client: {send: {text: a}, returns: 1}
"""


def test_an_exception_in_the_fixture_names_the_call_and_shows_the_frames_of_the_implementation(measured):
    found = measured("RaisesInConnect", CONNECTED)
    assert (found.verdict.kind, found.verdict.observed) == (judge.FAIL, "raised ValueError: no such address")
    record = cell_record(found)
    assert (record.fixture.call, record.fixture.hung) == ("connect() of client", False)
    lines = timeline(record)
    assert "connect() of client raised ValueError: no such address; with the raw socket it does not" in lines[2]
    assert "self.check(address)" in " ".join(lines)
    assert "conformance/worker" not in " ".join(lines)


def test_a_hang_in_the_fixture_is_the_failure_of_the_implementation(measured):
    found = measured("HangsInListen", CONNECTED)
    assert found.verdict.kind == judge.FAIL
    assert found.verdict.reason.startswith("the fixture failed: listen() of server hung")
    record = cell_record(found)
    assert (record.fixture.call, record.fixture.hung) == ("listen() of server", True)
    assert "self.wait_for_nothing()" in record.fixture.traceback
    assert any("threading.Event().wait()" in line for line in timeline(record))


@pytest.fixture
def declared(cell, tmp_path):
    """The outcome of a scenario under one of the sockets above, with one known deviation."""
    (tmp_path / "sockets.py").write_text(dedent(SOCKETS), "utf-8")

    def run(name: str, entry: str):
        path = tmp_path / "known.yaml"
        path.write_text(f"deviations:\n  - {{scenario: a-scenario, reason: so be it, {entry}}}\n", "utf-8")
        runner = DifferentialRunner(Runner(OWN, WorkerOptions(), load_deviations([path])))
        try:
            return runner.run(cell(CONNECTED, f"{Path(tmp_path, 'sockets.py')}:{name}")).verdict
        finally:
            runner.close()

    return run


@pytest.mark.parametrize(
    "entry",
    ["fixture: connect()", "fixture: connect() of client", 'fixture: connect(), observed: "raised ValueError: *"'],
)
def test_a_fixture_that_fails_can_be_a_known_deviation(declared, entry):
    verdict = declared("RaisesInConnect", entry)
    assert (verdict.kind, verdict.reason) == (judge.KNOWN, "so be it")


@pytest.mark.parametrize("entry", ["fixture: listen()", "fixture: connect(), observed: hung", 'observed: "*"'])
def test_another_failure_than_the_declared_one_fails(declared, entry):
    verdict = declared("RaisesInConnect", entry)
    assert verdict.kind == judge.FAIL
    assert "a deviation is known, but another one" in verdict.reason


@pytest.mark.parametrize("only", ["", ", implementation: '*Plain'"], ids=["of all", "of this one"])
def test_a_declared_fixture_that_does_not_fail_any_more_fails_the_cell(declared, only):
    verdict = declared("Plain", "fixture: connect()" + only)
    assert verdict.kind == judge.FAIL
    assert "does not happen any more: so be it" in verdict.reason
