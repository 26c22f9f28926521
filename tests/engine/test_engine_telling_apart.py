"""Two different observations never have the same words."""

import pytest

from conformance.engine.telling_apart import told_apart
from conformance.model.observation import RETURNED, Observation


def returned(canonical, raw=None, **more):
    return Observation(RETURNED, canonical, canonical if raw is None else raw, **more)


NOWHERE = {"names": [], "host": "loopback", "port": []}


@pytest.mark.parametrize(
    "one, two, words",
    [
        (returned(1), returned(2), ("returned 1", "returned 2")),
        (returned("1"), returned(1), ("returned 1 (str '1')", "returned 1 (int 1)")),
        (
            returned(NOWHERE, {"port": 4711}),
            returned({**NOWHERE, "port": ["a"]}, {"port": 4712}),
            (
                "returned loopback (port: list of 0: [], raw int 4711)",
                "returned loopback (port: list of 1: ['a'], raw int 4712)",
            ),
        ),
        (
            returned([], 4711),
            returned([], 4712),
            ("returned [] (list of 0: [], raw int 4711)", "returned [] (list of 0: [], raw int 4712)"),
        ),
        (returned(1, released_by=2), returned(1, released_by=3), ("returned 1, released by step 2",
                                                                  "returned 1, released by step 3")),
        (
            returned({"text": "a" * 50 + "b"}),
            returned({"text": "a" * 50 + "c"}),
            (
                f"returned '{'a' * 40}…' (51 bytes) (text: 51 characters, from 38 on 'aaaaaaaaaaaab')",
                f"returned '{'a' * 40}…' (51 bytes) (text: 51 characters, from 38 on 'aaaaaaaaaaaac')",
            ),
        ),
    ],
)  # fmt: skip
def test_what_differs_has_different_words(one, two, words):
    assert told_apart(one, two) == words
