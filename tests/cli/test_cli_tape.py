"""``conformance tape``: its findings, its messages, and the command that plays a finding again."""

import shlex
from textwrap import dedent

import pytest

WRAPPERS = """
    import _socket
    import socket


    class SendsOnce(socket.socket):
        def sendall(self, data, *flags):
            self.send(data, *flags)


    class Deaf(socket.socket):
        def shutdown(self, how):
            pass


    class Beneath(_socket.socket):
        pass
"""


@pytest.fixture(scope="module")
def folder(repository, tmp_path_factory):
    """A folder with the small corpus and wrappers of its own."""
    made = tmp_path_factory.mktemp("tapes")
    (made / "scenarios").symlink_to(repository / "scenarios", target_is_directory=True)
    (made / "mine.py").write_text(dedent(WRAPPERS), "utf-8")
    return made


@pytest.fixture
def tape(conformance, folder):
    def run(*arguments):
        return conformance("tape", "-n", "1", "scenarios/talk/half-close.yaml", *arguments, folder=folder)

    return run


def test_a_bug_ends_with_1_and_the_shortest_tape_and_its_command(tape, conformance, folder):
    ended = tape("-i", "mine.py:SendsOnce", "--seeds", "20")
    assert ended.status == 1, ended
    assert "client.send=1 ─" in ended.out
    assert "expected  returns 'GET /'" in ended.out
    assert "shrunk to 1" in ended.out
    command = shlex.split(next(line for line in ended.out.splitlines() if line.startswith("conformance tape ")))
    again = conformance(*command[1:], folder=folder)
    assert again.status == 1
    assert "client.send=1 ─" in again.out


def test_nothing_unexpected_ends_with_0(tape):
    ended = tape("--tape", "recv=1,1", "--json")
    assert (ended.status, ended.json["findings"]) == (0, [])
    assert (ended.json["cells"], ended.json["events"] >= 4) == (2, True)


def test_a_bug_that_needs_no_tape_is_told_as_such(tape):
    ended = tape("-i", "mine.py:Deaf", "--seeds", "1", "-t", "socketpair")
    assert ended.status == 1
    assert "fail without any tape, see conformance run: talk/half-close" in ended.out


def test_what_no_tape_can_be_put_below_ends_with_3_and_says_so(tape):
    ended = tape("-i", "mine.py:Beneath", "-t", "socketpair")
    assert ended.status == 3
    assert "no call of mine.py:Beneath goes through socket.socket: no tape can be put below it" in ended.out


def test_a_text_that_is_no_tape_ends_with_2(told):
    ended = told("tape", "--tape", "client.send=nought")
    assert ended.status == 2
    assert '"nought" in "client.send=nought" is not an event' in ended.err


def test_a_scenario_that_no_tape_can_be_played_to_is_told_with_the_reason(conformance, folder):
    ended = conformance("tape", "scenarios/talk/words.yaml", folder=folder)
    assert ended.status == 3
    assert "talk/words is left out: step 2 (recv) may move fewer bytes" in ended.out


def test_splits_and_tape_at_once_ends_with_2(told):
    ended = told("tape", "--splits", "8", "--tape", "send=1")
    assert ended.status == 2
    assert "give one of them" in ended.err


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--tape", "clint.send=3", "-t", "socketpair"), 'no actor "clint"; did you mean "client"?'),
        (("-t", "udp"), "tapes are for stream transports: loopback, "),
        (("-t", "unix"), "no scenario runs over unix"),
        (("-i", "mine.py:Beneath", "-t", "socketpair"), "no call reached a taped socket"),
        (("--tape", "client.accept=block", "-t", "socketpair"), "no event of the tapes is legal for the calls"),
    ],
)
def test_why_nothing_was_played_is_told(tape, arguments, says):
    ended = tape(*arguments)
    assert ended.status == 3
    assert f"nothing was played: {says}" in ended.out
    assert "none failed" not in ended.out


def test_what_only_fails_without_a_tape_was_not_played_to(tape):
    ended = tape("-i", "mine.py:Deaf", "--seeds", "1", "-t", "socketpair", "--json")
    assert ended.json["nothing_played"] == "every cell fails or is inconclusive without a tape"
