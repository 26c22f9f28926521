"""Kept records confirm the current scenario file only; a record of an emulator confirms nothing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from conformance.model.codec import Codec
from conformance.model.errors import RecordError
from conformance.model.facts import HostFacts
from conformance.model.record import Header
from conformance.reference.confirmations import Seen, confirmations, in_words
from conformance.report.records import read

SCENARIO = SimpleNamespace(id="using/x", digest="new")
FACTS = HostFacts("linux", "Linux", "6.1", "#1", "x86_64", "little", 64, "glibc 2.36", "cpython", "3.12.1")


def record(path, implementation="stdlib", emulator=None, digests=("new",)):
    header = Header(implementation, {"local": replace(FACTS, emulator=emulator)}, "", "")
    lines = [{"type": "header", **Codec(Header).encode(header)}]
    lines += [{"type": "cell", "scenario": "using/x", "digest": each, "verdict": "pass"} for each in digests]
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


def test_cells_of_the_file_as_it_is_now_count(tmp_path):
    record(tmp_path / "a.jsonl.gz", digests=("new", "new", "old"))
    assert confirmations(tmp_path, [SCENARIO]) == {
        "using/x": {"linux-x86_64-cpython3.12": Seen(False, Counter({"pass": 2}))}
    }


def test_a_record_of_another_implementation_confirms_nothing(tmp_path):
    record(tmp_path / "a.jsonl.gz", implementation="gevent")
    assert confirmations(tmp_path, [SCENARIO]) == {}


def test_what_an_emulator_showed_is_told_apart(tmp_path):
    record(tmp_path / "a.jsonl.gz", emulator="wine")
    seen = confirmations(tmp_path, [SCENARIO])["using/x"]
    assert in_words(seen) == (
        "Confirmed: not yet. Emulated, which confirms nothing: linux-x86_64-cpython3.12-wine (1 of 1)"
    )


def test_a_compressed_record_is_read_like_any_other(recorded, tmp_path):
    path, packed = recorded.stdlib, tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed).cells == read(path).cells


@pytest.mark.parametrize("keep", [3, 40, -9])
def test_a_damaged_compressed_record_is_refused_by_name(tmp_path, keep):
    path = tmp_path / "bad.jsonl.gz"
    record(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match=r"bad\.jsonl\.gz: is damaged: .*; a compressed record is a file"):
        read(path)
