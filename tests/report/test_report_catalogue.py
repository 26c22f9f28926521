"""The catalogue says of each alternative how it is known, and counts them by family."""

import pytest

from conformance.language.corpus import load_one
from conformance.reference import pages

SCENARIO = """
summary: Some bytes.
sources: [POSIX send()]
transports: [socketpair]
given: connected
cases: {one: {data: {text: a}}, two: {data: {text: b}}}
steps:
  - client:
      send: $data
      returns: 1
      where:
        darwin: {raises: EPIPE, source: "xnu uipc_usrreq.c", basis: source-code}
        windows: {raises: EINVAL, source: "send() of Winsock", basis: documented}
        linux: {returns: 2, source: "a run", basis: observed}
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "s" / "one.yaml"
    path.parent.mkdir()
    path.write_text(SCENARIO, "utf-8")
    return pages.scenarios([load_one(path, tmp_path)], {})


def test_alternatives_are_counted_once_by_family_and_basis(page):
    assert "| family | observed | documented | source-code | inferred | all |" in page
    assert "| `darwin` | 0 | 0 | 1 | 0 | 1 |" in page
    assert "| `linux` | 1 | 0 | 0 | 0 | 1 |" in page


def test_beside_an_alternative_stands_how_it_is_known(page):
    words = " ".join(page.split())
    assert "raises EPIPE (xnu uipc_usrreq.c) [read in source, never observed]" in words
    assert "returns 2 (a run) [observed]" in words
