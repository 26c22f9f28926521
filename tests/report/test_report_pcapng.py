"""Captures as files: written files can be read again, also by tshark; damaged ones are refused."""

import json
import shutil
import subprocess

import pytest
from dpkt import ip, tcp

from conformance.model.captures import CapturedPacket
from conformance.model.errors import RecordError
from conformance.report.pcapng import packets, written

SEGMENT = bytes(
    ip.IP(src=bytes([192, 0, 2, 1]), dst=bytes([192, 0, 2, 2]), p=6, data=tcp.TCP(sport=1, dport=2, data=b"x" * 900))
)
STAMP = 1_790_000_000_123_456_789

PACKETS = [
    CapturedPacket("client", "veth0", STAMP, 4, 1, 0x0800, len(SEGMENT), SEGMENT[:512]),
    CapturedPacket("server", "veth0", STAMP + 1000, 0, 1, 0x0800, len(SEGMENT), SEGMENT[:512]),
    CapturedPacket("client", "tun0", STAMP + 2000, 4, 65534, 0x0800, 40, SEGMENT[:40]),
]


@pytest.fixture
def content():
    return written(PACKETS, "dying/example[inet]", {1: "step 1: client send 'x'"})


def test_what_is_written_is_read_again(content):
    first, second, third = packets(content)
    assert (first.host, first.interface, first.nanoseconds, first.outgoing) == ("client", "veth0", STAMP, True)
    assert (first.protocol, first.content) == (0x0800, SEGMENT[:512])
    assert (second.host, second.nanoseconds, second.outgoing) == ("server", STAMP + 1000, False)
    assert (third.host, third.interface) == ("client", "tun0")


def test_a_capture_of_nothing_is_a_file_all_the_same():
    assert packets(written([], "nothing", {})) == []


@pytest.mark.parametrize(
    "damage", [lambda it: it[:-7], lambda it: b"not a capture at all", lambda it: it[:60] + it[64:]]
)
def test_a_damaged_capture_is_refused(content, damage):
    with pytest.raises(RecordError, match="damaged, or none of conformance's"):
        packets(damage(content))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_it(content, tmp_path):
    path = tmp_path / "example.pcapng"
    path.write_bytes(content)
    fields = ("frame.interface_name", "frame.len", "frame.time_epoch", "frame.comment", "tcp.len")
    command = ["tshark", "-r", str(path), "-T", "json", *(word for field in fields for word in ("-e", field))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = [each["_source"]["layers"] for each in json.loads(done.stdout)]
    assert [each["frame.interface_name"] for each in found] == [["client/veth0"], ["server/veth0"], ["client/tun0"]]
    assert found[0]["frame.len"] == [str(len(SEGMENT) + 16)]
    assert found[0]["frame.time_epoch"] == ["1790000000.123456789"]
    assert found[0]["tcp.len"] == ["900"]
    assert found[1]["frame.comment"] == ["step 1: client send 'x'"]
