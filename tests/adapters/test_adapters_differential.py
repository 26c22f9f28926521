"""The first difference between two runs of one cell is at the right step, and has the right depth."""

from pathlib import Path

import pytest

from conformance.engine import differential as d
from conformance.language.corpus import load_one
from conformance.model.observation import BLOCKED, CRASHED, HUNG, NOT_RUN, RAISED, RETURNED, Observation, Wait

TEXT = """
summary: Two wait, one of them gets it.
sources: [POSIX recv()]
transports: [socketpair]
given: connected
actors: {other: {beside: server}}
steps:
  - client: {send: {text: a}}
  - exactly_one:
      - server: {recv: 1, returns: {text: a}}
      - other: {recv: 1, using: server, returns: {text: a}}
  - client: {send: {text: b}}
"""


@pytest.fixture
def steps(tmp_path: Path):
    path = tmp_path / "two.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load_one(path, tmp_path).cases[0].steps


def returned(value, **more):
    return Observation(RETURNED, value, value, **more)


def raised(name, cls):
    return Observation(RAISED, {"name": name, "class": cls})


WAITING = Observation(BLOCKED, wait=Wait("recvfrom", "proc-syscall", "proven"))
DATA = returned({"text": "a"})


def run(first=None, server=DATA, other=WAITING, last=None):
    return {1: first or returned(1), 2: server, 3: other, 4: last or returned(1)}


def test_equal_runs_do_not_part(steps):
    assert d.first_divergence(steps, run(), run()) is None


def test_times_and_numbers_of_the_run_do_not_count(steps):
    slower = Observation(RETURNED, 1, {"port": 4711}, seconds=0.002)
    assert d.first_divergence(steps, run(returned(1, seconds=0.00001)), run(slower)) is None


def test_who_of_exactly_one_gets_it_is_free(steps):
    assert d.first_divergence(steps, run(), run(server=WAITING, other=DATA)) is None


def test_if_both_of_exactly_one_get_it_the_runs_part_there(steps):
    found = d.first_divergence(steps, run(), run(server=DATA, other=DATA))
    assert (found.step, found.actor, found.operation, found.depth) == (3, "other", "recv", d.DOES_NOT_BLOCK)


def test_the_first_difference_is_told(steps):
    found = d.first_divergence(steps, run(), run(first=returned(0), last=returned(0)))
    assert (found.step, found.depth) == (1, d.OTHER_VALUE)
    assert found.reference == {"kind": RETURNED, "value": 1}
    assert found.other == {"kind": RETURNED, "value": 0}


def test_a_much_longer_call_is_told_if_there_is_nothing_else(steps):
    found = d.first_divergence(steps, run(returned(1, seconds=0.001)), run(returned(1, seconds=1.0)))
    assert (found.step, found.depth, found.other["seconds"]) == (1, d.ONLY_TIMING, 1.0)


def test_a_difference_in_behaviour_comes_before_one_in_time(steps):
    one = run(returned(1, seconds=0.001))
    two = run(returned(1, seconds=1.0), last=returned(0))
    assert d.first_divergence(steps, one, two).step == 4


def test_a_step_that_is_missing_counts_as_not_run(steps):
    cut = {1: returned(1)}
    assert d.first_divergence(steps, run(), cut).depth == d.NOT_RUN


@pytest.mark.parametrize(
    "reference, other, depth",
    [
        (returned(1), returned(2), d.OTHER_VALUE),
        (raised("EPIPE", "BrokenPipeError"), raised("ESHUTDOWN", "BrokenPipeError"), d.OTHER_ERRNO),
        (raised("ECONNRESET", "ConnectionResetError"), raised("EPIPE", "BrokenPipeError"), d.OTHER_CLASS),
        (returned(1), raised("EPIPE", "BrokenPipeError"), d.RAISES_INSTEAD),
        (raised("EPIPE", "BrokenPipeError"), returned(1), d.RETURNS_INSTEAD),
        (returned(1), WAITING, d.BLOCKS_INSTEAD),
        (WAITING, returned(1), d.DOES_NOT_BLOCK),
        (WAITING, raised("EAGAIN", "BlockingIOError"), d.FAILS_INSTEAD_OF_BLOCKING),
        (returned(1), Observation(HUNG), d.HANGS),
        (WAITING, Observation(HUNG), d.HANGS),
        (returned(1), Observation(CRASHED, {"signal": "SIGSEGV"}), d.CRASHES),
        (returned(1), Observation(NOT_RUN), d.NOT_RUN),
        (returned(1, released_by=2), returned(1, released_by=3), d.RELEASED_BY_ANOTHER),
        (WAITING, Observation(BLOCKED, wait=Wait("poll", "proc-syscall", "proven")), None),
    ],
)
def test_the_depth_of_a_difference(reference, other, depth):
    assert d.depth_of(reference, other) == depth
