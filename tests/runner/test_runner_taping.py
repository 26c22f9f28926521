"""Playing tapes to cells: failures are found and shrunk; the implementation is blamed only if the raw socket passes."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from conformance.language.corpus import bundled, load_all, load_one
from conformance.model.scenario import Scenario
from conformance.mutants import CORRECT, MUTANTS
from conformance.runner.launch import OWN
from conformance.runner.taping import as_given, of_seeds, of_splits, play, tapeable, taping_runner
from conformance.tape import Tape

ONE_OF_EACH_KIND = ("loopback", "unix", "socketpair")

MESSAGE = """
    summary: A message in whatever pieces.
    sources: ["Python Socket Programming HOWTO"]
    transports: [socketpair, unix]
    given: connected
    limit: 0.5
    steps:
      - client: {sendall: {text: ABCDEFGH}}
      - client: {mysend: {text: IJ}}
      - client: {close: {}}
      - server: {recv_until_eof: {}, returns: {text: ABCDEFGHIJ}}
"""

POLLED = """
    summary: A message to a non-blocking socket.
    sources: ["Python Socket Programming HOWTO"]
    transports: [socketpair]
    given: connected
    limit: 0.5
    steps:
      - client: {setblocking: false}
      - server: {setblocking: false}
      - client: {mysend: {text: ABCDEFGH}}
      - server: {myreceive: 8, returns: {text: ABCDEFGH}}
"""

WRAPPERS = """
    import select
    import socket
    import _socket


    class SendsOnce(socket.socket):
        def sendall(self, data, *flags):
            self.send(data, *flags)


    class ZeroForWouldBlock(socket.socket):
        def send(self, data, *flags):
            try:
                return super().send(data, *flags)
            except BlockingIOError:
                return 0


    class NothingForWouldBlock(socket.socket):
        def recv(self, size, *flags):
            try:
                return super().recv(size, *flags)
            except BlockingIOError:
                return b""


    class ShortIsTheEnd(socket.socket):
        \"\"\"A recv that brings less than was asked for is the last one.\"\"\"

        ended = False

        def recv(self, size, *flags):
            if self.ended:
                return b""
            data = super().recv(size, *flags)
            self.ended = len(data) == 1 < size
            return data


    class ReadyMeansReady(socket.socket):
        \"\"\"Waits by select on a socket that it made non-blocking, and takes no second look.\"\"\"

        def recv(self, size, *flags):
            before = self.gettimeout()
            self.settimeout(0)
            try:
                select.select([self], [], [])
                return super().recv(size, *flags)
            finally:
                self.settimeout(before)


    class Composed:
        \"\"\"A bug in a wrapper that is no socket.\"\"\"

        def __init__(self, *arguments, **keywords):
            self.real = socket.socket(*arguments, **keywords)

        def __getattr__(self, name):
            return getattr(self.real, name)

        def sendall(self, data):
            self.real.send(data)


    class Wakes(socket.socket):
        \"\"\"Right, with a pair of sockets of its own that it relies on.\"\"\"

        def sendall(self, data, *flags):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.setblocking(False)
                if ours.send(b"wake") != 4:
                    raise RuntimeError("not woken")
            return super().sendall(data, *flags)


    class Beneath(_socket.socket):
        \"\"\"Right, and nothing of it goes through socket.socket.\"\"\"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("taping")
    for name, text in {"message.yaml": MESSAGE, "polled.yaml": POLLED, "wrappers.py": WRAPPERS}.items():
        (made / name).write_text(dedent(text), "utf-8")
    return made


@pytest.fixture
def played(folder):
    """The result of playing tapes to a scenario with an implementation."""

    def run(name: str, implementation: str, tape: str | None = None, seeds: int = 12):
        scenario: Scenario = load_one(folder / f"{name}.yaml", folder)
        reference = f"{folder / 'wrappers.py'}:{implementation}" if "." not in implementation else implementation
        cells = tapeable([scenario], ONE_OF_EACH_KIND, reference)
        tapes = of_seeds(seeds) if tape is None else as_given([Tape.parse(tape)])
        return list(play(cells, tapes, taping_runner(OWN), 1))

    return run


@pytest.mark.parametrize(
    "scenario, implementation, tape, step",
    [
        ("message", "SendsOnce", "client.send=1", 4),
        ("message", "Composed", "client.send=1", 4),
        ("message", "ShortIsTheEnd", "server.recv=1", 4),
        ("message", "ReadyMeansReady", "server.recv=block", 4),
        ("polled", "ZeroForWouldBlock", "client.send=block", 3),
        ("polled", "NothingForWouldBlock", "server.recv=block", 4),
    ],
)
def test_a_bug_is_found_from_seeds_and_shrunk_to_one_event(played, scenario, implementation, tape, step):
    finding = next(each.finding for each in played(scenario, implementation, seeds=40) if each.finding)
    assert str(finding.tape) == tape
    assert (finding.outcome.verdict.step, finding.blamed) == (step, True)


def test_the_shortest_tape_can_be_played_again(played):
    (found, *_) = played("message", "SendsOnce", tape="client.send=1")
    assert (str(found.finding.tape), found.finding.origin) == ("client.send=1", "")


def test_a_finding_over_one_transport_is_enough(played):
    assert [each.cell.transport for each in played("message", "SendsOnce")] == ["socketpair"]


def test_no_tape_reaches_what_does_not_go_through_socket(played):
    for each in played("message", "Beneath"):
        assert (each.calls, each.events, each.tapes, each.finding) == (0, 0, 1, None)


def test_every_way_to_cut_a_message_is_played_once_for_sends_and_once_for_receives(folder):
    scenario = load_one(folder / "message.yaml", folder)
    cells = tapeable([scenario], ("socketpair",), "stdlib")
    (found,) = play(cells, of_splits(4), taping_runner(OWN), 1)
    assert (found.tapes, found.finding) == (1 + 2 * 2**3, None)
    (wrong,) = play([replace(cells[0], implementation=f"{folder / 'wrappers.py'}:SendsOnce")], of_splits(4),
                    taping_runner(OWN), 1)  # fmt: skip
    assert (str(wrong.finding.tape), wrong.finding.origin) == ("send=1", "4 bytes cut as send=1,1,1,1")


def test_what_a_library_makes_for_itself_is_not_played_to(played):
    for tape in ("client.send=1", "client.send=block"):
        assert [each.finding for each in played("message", "Wakes", tape=tape)] == [None, None]


@pytest.mark.parametrize(
    "name, scenario, tape",
    [
        ("stops-after-partial-send", "using/messages-back-to-back", "client.send=1"),
        ("claims-all-was-sent", "using/a-message-in-whatever-pieces", "client.send=1"),
        ("would-block-sends-zero", "nonblocking/loops-that-wait-by-select", "client.send=block"),
    ],
)
def test_bugs_with_partial_sends_that_pass_without_a_tape_fail_under_the_shortest(name, scenario, tape):
    one = load_one(bundled() / f"{scenario}.yaml", bundled())
    cells = tapeable([one], ("socketpair",), MUTANTS[name].reference)[:1]
    (found,) = play(cells, as_given([Tape.parse(tape)]), taping_runner(OWN), 1)
    assert found.verdict.kind == "pass"
    assert found.finding.blamed


# here the system itself does what a tape would do: messages are larger than a record, or than any buffer
@pytest.mark.parametrize(
    "name, scenario",
    [
        ("resends-from-start", "using/large-transfer-both-ways"),
        ("cuts-large-writes", "using/large-transfer-both-ways"),
        ("would-block-taken-for-end", "nonblocking/loops-that-wait-by-select"),
        ("nonblocking-send-drops-data", "nonblocking/loops-that-wait-by-select"),
    ],
)
def test_bugs_that_need_no_tape_are_told_as_such(name, scenario):
    one = load_one(bundled() / f"{scenario}.yaml", bundled())
    cells = tapeable([one], ("socketpair",), MUTANTS[name].reference)
    found = list(play(cells, as_given([Tape.parse("send=1")]), taping_runner(OWN), 1))
    assert [each for each in found if each.verdict.kind == "fail" and each.witness and not each.finding]


def test_a_tape_that_the_raw_socket_does_not_survive_blames_nobody(played):
    (found,) = (each for each in played("polled", "Composed", tape="server.recv=reset") if each.finding)
    assert not found.finding.blamed


# a few tapes for each; "conformance tape --seeds 100" plays more
@pytest.mark.parametrize("implementation", ["stdlib", *(row.reference for row in CORRECT.values())])
def test_no_tape_blames_a_right_implementation(implementation):
    scenarios = [each for each in load_all((bundled(),)).scenarios if each.id.startswith(("using/", "nonblocking/"))]
    cells = tapeable(scenarios, ("socketpair",), implementation)
    assert len({cell.scenario.id for cell in cells}) > 25
    found = list(play(cells, of_seeds(3), taping_runner(OWN), 2))
    assert [(each.cell.id, str(each.finding.tape)) for each in found if each.finding] == []
    assert [each.cell.id for each in found if each.verdict.kind == "fail" and each.witness] == []
    assert sum(each.events for each in found) > 50
