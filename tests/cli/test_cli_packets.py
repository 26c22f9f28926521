"""``conformance run`` with packet rules, from the file to the record."""

import json
from textwrap import dedent

import pytest

LOST = """
    summary: The second of three datagrams is lost.
    sources: [RFC 768]
    transports: [inet-udp, inet6-udp]
    given: connected
    steps:
      - network: {drop: datagram, from: client, nth: 2}
      - client: {send: {text: a}}
      - client: {send: {text: b}}
      - client: {send: {text: c}}
      - network: {happened: drop}
      - server: {recv: 9, returns: {text: a}}
      - server: {recv: 9, returns: {text: EXPECTED}}
"""


@pytest.mark.parametrize("expected, verdict, status", [("c", "pass", 0), ("b", "fail", 1)])
def test_a_lost_packet_is_missed_from_the_file_to_the_record(conformance, tmp_path, expected, verdict, status):
    path = tmp_path / "lost.yaml"
    path.write_text(dedent(LOST).replace("EXPECTED", expected).lstrip(), "utf-8")
    ended = conformance("run", path, "--reports", tmp_path / "reports", folder=tmp_path)
    record = next((tmp_path / "reports").rglob("*.jsonl"))
    cells = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    cells = [each for each in cells if each["type"] == "cell"]
    if {each["verdict"] for each in cells} == {"unsupported"}:
        pytest.skip(cells[0]["reason"])
    assert [each["verdict"] for each in cells] == [verdict] * 2
    assert ended.status == status
    assert [step["did"] for step in cells[0]["steps"]][4:] == ["returned", "returned 'a'", "returned 'c'"]
