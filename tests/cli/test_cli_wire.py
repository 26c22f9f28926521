"""Captures on the command line: their files, and their drawing by ``show --wire``."""

import json

import pytest


@pytest.fixture
def here(told, repository, monkeypatch):
    """A command within this process, in the user's repository."""

    def run(*arguments):
        monkeypatch.chdir(repository)
        return told(*arguments)

    return run


def test_a_capture_lies_beside_its_record_which_names_it(here, tmp_path, repository):
    ended = here("run", "scenarios/talk/half-close.yaml", "--capture", "--json", "--reports", tmp_path / "runs")
    assert ended.status == 0
    (record,) = (repository / path for path in ended.json["records"])
    cells = {cell["transport"]: cell for cell in map(json.loads, record.read_text("utf-8").splitlines()[1:-1])}
    assert cells["socketpair"]["capture"] == {"lacking": "no packets go between sockets on socketpair"}
    found = cells["loopback"]["capture"]
    if "lacking" in found:
        pytest.skip(found["lacking"])
    assert (record.parent / found["file"]).stat().st_size > 0
    assert found["packets"] > 5
    assert [path.name for path in (record.parent / "captures").rglob("*") if path.is_file()] == [
        "talk-half-close-loopback.pcapng"
    ]
    report = record.with_suffix(".md").read_text("utf-8")
    assert f"Captures of 1 of 2 cells: [captures/{record.stem}](captures/{record.stem}/)." in report
    again = here("show", "half-close", "--record", record, "--wire", "-t", "loopback")
    assert again.status == 0
    assert "SYN seq=0" in again.out
    assert again.out.index("1 sendall") < again.out.index("data seq=1 len=5") < again.out.index("2 shutdown")
    (record.parent / found["file"]).unlink()
    assert "cannot be read" in here("show", "half-close", "--record", record, "--wire", "-t", "loopback").err


def test_captures_of_a_run_stay_until_its_record_is_removed(here, tmp_path, repository):
    arguments = ("run", "scenarios/talk/half-close.yaml", "-t", "loopback", "--json", "--reports", tmp_path / "runs")
    if not here(*arguments, "--capture").json["records"] or not list(tmp_path.rglob("*.pcapng")):
        pytest.skip("nothing can be captured here")
    for extra, captures in ((), 1), (("--keep", "1"), 0):
        here(*arguments, *extra)
        assert len(list(tmp_path.rglob("*.pcapng"))) == captures


@pytest.fixture
def drawn(told):
    """The figure of a scenario that comes with the package, on two hosts, as lines."""

    def draw(*arguments):
        ended = told("show", *arguments, "-t", "inet", "--wire")
        if ended.status == 3 or "SYN" not in ended.out:
            pytest.skip(ended.out.strip().splitlines()[-1])
        assert ended.status == 0, ended.out
        return ended.out.splitlines()

    return draw


def place(lines, *words):
    """The number of the first line that has all the words."""
    return next(number for number, line in enumerate(lines) if all(word in line for word in words))


def test_on_two_hosts_each_segment_is_drawn_under_its_step(drawn):
    lines = drawn("disconnecting/half-close-request-reply")
    order = [
        ("SYN seq=0", "▶"), ("SYN-ACK seq=0 ack=1", "◀"), ("ACK ack=1", "▶"),
        ("● 1 sendall",), ("data seq=1 len=5", "▶"), ("● 2 shutdown",), ("FIN seq=6", "▶"), ("→ CLOSE-WAIT",),
        ("● 3 recv_until_eof",), ("● 4 sendall",), ("data seq=1 len=6", "◀"), ("● 5 close",), ("FIN seq=7", "◀"),
    ]  # fmt: skip
    places = [place(lines, *words) for words in order]
    assert places == sorted(places), "\n".join(lines)


def test_a_reset_is_drawn_under_the_step_that_caused_it(drawn):
    lines = drawn("dying/vanished-peer")
    assert place(lines, "3 send 'anyone there'") < place(lines, "data", "◀") < place(lines, "RST seq=1")
    assert place(lines, "RST seq=1") < place(lines, "4 … recv") < place(lines, "raised ECONNRESET")


def test_what_a_cut_link_swallows_ends_in_a_cross_and_is_sent_again(drawn):
    lines = drawn("dying/close-into-a-cut-link", "--case", "lingering")
    if not any("✗" in line for line in lines):
        pytest.skip("there is no forwarder: what the interface drops cannot be seen")
    assert place(lines, "1 network: cut server") < place(lines, "data seq=1 len=1", "✗") < place(lines, "● 4 close")
    assert place(lines, "● 4 close") < place(lines, "↻", "✗")
    assert not any("▶" in line for line in lines[place(lines, "cut server") :])


def test_show_draws_what_went_over_the_wire(here):
    ended = here("show", "scenarios/talk/half-close.yaml", "--wire", "-t", "socketpair")
    assert ended.status == 0
    assert "no packets go between sockets on socketpair" in ended.out
