"""The protocol between controller and worker: its version, its messages, and lines that are not messages."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Optional, Union

import pytest

from conformance.language.corpus import load_one
from conformance.model.captures import CapturedPacket, CaptureRecord, NamedAddress, NoCapture, StepTimes
from conformance.model.cell import Cell
from conformance.model.codec import Codec, Malformed
from conformance.model.errors import HarnessError
from conformance.model.facts import HostFacts
from conformance.model.observation import Observation, Wait
from conformance.model.protocol import ANSWERS, PROTOCOL, CellEnd, Findings, Hello, Played, StepBegun, StepDone
from conformance.model.socket_state import SocketState
from conformance.platforms.base import Interpreter
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.process import WorkerProcess

FACTS = HostFacts("linux", "Linux", "6.1", "#1", "x86_64", "little", 64, "glibc 2.36", "cpython", "3.11.7")

MESSAGES = [
    Hello(PROTOCOL, FACTS, "proc-syscall", "proven", 1.5, 77),
    StepBegun(3),
    StepDone(3, Observation("blocked", wait=Wait("recvfrom", "proc-syscall", "proven", 0.0))),
    StepDone(4, Observation("returned", {"text": "a"}, "half \udc80", 0.1, names={"a": {"canonical": 1, "raw": 1}}),
             (SocketState(None, "LISTEN", queued=1),)),
    StepDone(5, Observation("raised", {"name": "EPIPE", "class": "BrokenPipeError"}, {"errno": 32})),
    CellEnd(9, 0.5, used=("recv", "send"), tape=Played(4, 2), capture=NoCapture("no packets")),
    CellEnd(9, 0.5, False, inconclusive="the fixture hangs", capture=CaptureRecord(
        1, 0, True, (StepTimes(1, None, 5),), {"192.0.2.1": "client"}, {"client": "client"},
        (NamedAddress("::1", 1, "client"),)),
        packets=(CapturedPacket("client", "veth0", 10**18, 4, 1, 0x800, 900, bytes(range(256))),)),
    Findings(0, {"faults": {"cut": None, "drop": "no hosts"}}),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_a_message_is_read_as_it_was_written(message):
    line = ANSWERS.to_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert ANSWERS.of_line(line) == message


@dataclass(frozen=True)
class One:
    value: int


@dataclass(frozen=True)
class Other:
    value: int
    more: Optional[str] = None


@pytest.mark.parametrize("value", [One(1), Other(1), Other(1, "x")])
def test_classes_that_begin_with_the_same_field_have_a_tag(value):
    codec = Codec(Union[One, Other])
    assert codec.encode(value)["is"] == type(value).__name__
    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("value", [None, 5, {}, {"value": 1}, {"is": "int", "value": 1}, {"is": []}])
def test_a_tag_that_names_no_class_is_refused(value):
    with pytest.raises(Malformed, match="expected an object with a known tag"):
        Codec(Union[One, Other]).decode(value)


WRAPPER = """
    import os
    import socket
    import stat


    class Writes(socket.socket):
        def recv(self, size, *flags):
            for number in range(3, 64):
                try:
                    if stat.S_ISFIFO(os.fstat(number).st_mode):
                        os.write(number, {content!r})
                except OSError:
                    continue
            return super().recv(size, *flags)
"""

LINES = {
    "a number": (b"5\n", "'5'"),
    "a list": (b"[]\n", "'[]'"),
    "text": (b'"x"\n', "'\"x\"'"),
    "null": (b"null\n", "'null'"),
    "no line end": (b"printed", "'printed{"),
    "nothing but a line end": (b"\n", "''"),
    "broken JSON": (b'{"step": 1,\n', "expected JSON"),
    "bytes": (b"\xff\xfe\x00\n", "expected JSON"),
    "deep": (b"[" * 100_000 + b"\n", "expected JSON"),
    "a message with a wrong field": (b'{"step": 1, "observation": 7}\n', "observation is 7, expected an object"),
    "an unknown kind": (b'{"step": 1, "observation": {"kind": "won"}}\n', "kind is 'won', expected one of returned"),
    "a step of no plan": (b'{"begin": 99}\n', "does not belong to this cell: StepBegun(begin=99)"),
    "the end of another cell": (b'{"end": 99, "seconds": 1}\n', "does not belong to this cell: CellEnd(end=99"),
    "findings": (b'{"probed": 0, "findings": {}}\n', "does not belong to this cell: Findings"),
}


@pytest.fixture(scope="module")
def runner():
    made = Runner(OWN, WorkerOptions(), limit=2)
    yield made
    made.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are told by their descriptors")
@pytest.mark.parametrize("content, says", LINES.values(), ids=LINES)
def test_a_line_that_is_no_message_costs_its_cell_only(runner, repository, tmp_path, content, says):
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(dedent(WRAPPER).format(content=content), "utf-8")
    scenario = load_one(repository / "scenarios/talk/words.yaml", repository / "scenarios")
    cell = Cell(scenario, scenario.cases[0], "socketpair", f"{wrapper}:Writes")
    before = runner._ready().hello.pid
    verdict = runner.run(cell).verdict
    assert verdict.kind == "inconclusive"
    assert verdict.reason.startswith("a ")
    assert says in verdict.reason
    assert len(verdict.reason) < 400
    assert runner._ready().hello.pid != before
    assert runner.run(Cell(scenario, scenario.cases[0], "socketpair", "stdlib")).verdict.kind == "pass"


def greeting(tmp_path: Path, *lines: Any) -> Interpreter:
    """A Python whose workers only write this line."""
    script = tmp_path / "worker.py"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    script.write_text(f"import sys\nprint({text!r}, flush=True)\nsys.stdin.read()\n", "utf-8")
    return Interpreter((sys.executable, str(script)))


@pytest.mark.parametrize("hello", [
    {"protocol": PROTOCOL + 1, "anything": "else"},
    {"hello": {"family": "linux"}, "protocol": PROTOCOL - 1, "probe": "x", "certainty": "y", "scale": 1, "pid": 1},
], ids=["newer", "older"])  # fmt: skip
def test_a_worker_of_another_version_is_refused_with_both_versions(tmp_path, hello):
    theirs = hello["protocol"]
    with pytest.raises(
        HarnessError, match=rf"speaks version {theirs} of the protocol, this controller version {PROTOCOL}"
    ):
        WorkerProcess(greeting(tmp_path, hello), WorkerOptions())


@pytest.mark.parametrize("line", ["hello", "5", '{"protocol": "two"}', f'{{"protocol": {PROTOCOL}}}', '{"begin": 1}'])
def test_a_greeting_that_is_none_is_refused(tmp_path, line):
    with pytest.raises(HarnessError, match=r"the worker did not start .*: its greeting is malformed"):
        WorkerProcess(greeting(tmp_path, line), WorkerOptions())


def test_findings_that_are_none_are_a_fault(tmp_path):
    hello = json.loads(ANSWERS.to_line(MESSAGES[0]))
    worker = WorkerProcess(greeting(tmp_path, hello, "no findings"), WorkerOptions())
    with pytest.raises(HarnessError, match="did not say what this machine can do"):
        worker.findings()
    worker.kill()
