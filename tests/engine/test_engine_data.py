"""The reproducible pattern, and the recorded form of data."""

from __future__ import annotations

import hashlib

import pytest

from conformance.engine import data
from conformance.engine.evaluate import evaluate_data
from conformance.model import values as v

SIZES = [0, 1, 2, 100, 4095, 4096, 4097, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1_000_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 77])
def test_every_prefix_of_the_pattern_is_the_pattern(size, seed):
    assert data.pattern(1_000_001, seed).startswith(data.pattern(size, seed))
    assert len(data.pattern(size, seed)) == size


def test_patterns_of_different_seeds_differ():
    assert len({data.pattern(64, seed) for seed in range(50)}) == 50


def test_the_pattern_has_no_period_by_which_a_shifted_copy_would_pass():
    stream = data.pattern(70_000)
    assert all(stream[shift : shift + 64] not in stream[:64] for shift in range(1, 300))
    assert stream.find(stream[:16], 1) == -1


def test_the_pattern_is_the_same_for_ever():
    assert data.pattern(8).hex() == hashlib.shake_128(b"conformance pattern 0").hexdigest(8)


@pytest.mark.parametrize(
    "found",
    [b"", b"x", b"GET / HTTP/1.0\r\n\r\n", b"tab\there", b"\0", b"caf\xc3\xa9", bytes(range(256)), b"x" * 4096]
    + [data.pattern(size) for size in SIZES],
    ids=lambda found: f"{len(found)}-{found[:4].hex()}",
)  # fmt: skip
def test_recorded_data_has_its_size_and_gives_its_bytes_back(found):
    recorded = data.canonical(found)
    assert data.size_of(recorded) == len(found)
    assert data.whole(recorded) == found
    assert data.equal(recorded, found)
    assert not data.equal(recorded, found + b"x")


@pytest.mark.parametrize("size", [4097, 10_000, 100_000])
def test_long_data_that_is_no_pattern_is_recorded_by_size_and_digest(size):
    found = data.pattern(size, 5)
    recorded = data.canonical(found)
    assert data.whole(recorded) is None
    assert data.size_of(recorded) == size
    assert data.equal(recorded, found)
    assert not data.equal(recorded, found[:-1] + b"x")


def test_long_data_is_recorded_by_the_seed_that_the_scenario_knows():
    assert data.canonical(data.pattern(5000, 5), (0, 5)) == {"pattern": 5000, "seed": 5}


def test_long_data_that_departs_from_the_pattern_is_not_recorded_as_pattern():
    found = data.pattern(5000)[:-1] + b"\0"
    assert "sha256" in data.canonical(found)


def test_short_data_is_recorded_whole_even_if_it_is_a_pattern():
    assert data.canonical(data.pattern(16)) == {"hex": data.pattern(16).hex()}


@pytest.mark.parametrize(
    "found, words",
    [
        (b"abc", "'abc'"),
        (b"x" * 50, "(50 bytes)"),
        (b"\x00\xff", "hex 00ff"),
        (bytes(100), "(100 bytes)"),
        (data.pattern(5000), "5000 bytes of pattern"),
        (bytes(5000), "5000 bytes starting hex 0000"),
    ],
)
def test_data_is_told_in_a_few_words(found, words):
    told = data.brief(data.canonical(found))
    assert words in told
    assert len(told) < 100


@pytest.mark.parametrize(
    "value, wanted",
    [
        (v.Text("é"), b"\xc3\xa9"),
        (v.Hex("00ff"), b"\0\xff"),
        (v.Pattern(v.Literal(5)), data.pattern(5)),
        (v.Pattern(v.Saved("n"), 3), data.pattern(7, 3)),
        (v.Join((v.Text("a"), v.Hex("62"))), b"ab"),
        (v.Slice(v.Text("abcdef"), 2, 4), b"cd"),
        (v.Saved("bytes"), b"saved"),
    ],
)
def test_data_is_evaluated_by_what_was_saved(value, wanted):
    saved = {"n": 7, "bytes": b"saved"}
    assert evaluate_data(value, lambda reference: saved[reference.name]) == wanted
