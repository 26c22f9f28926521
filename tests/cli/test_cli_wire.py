"""Captures on the command line: where they are written, and what ``show --wire`` draws of them."""

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
    again = here("show", "half-close", "--record", record, "--wire", "-t", "loopback")
    assert again.status == 0
    assert "SYN seq=0" in again.out
    assert again.out.index("1 sendall") < again.out.index("data seq=1 len=5") < again.out.index("2 shutdown")
    (record.parent / found["file"]).unlink()
    assert "cannot be read" in here("show", "half-close", "--record", record, "--wire", "-t", "loopback").err


def test_show_draws_what_went_over_the_wire(here):
    ended = here("show", "scenarios/talk/half-close.yaml", "--wire", "-t", "socketpair")
    assert ended.status == 0
    assert "no packets go between sockets on socketpair" in ended.out
