"""Fixtures for tests of mutants: small scenarios, loaded from text."""

from pathlib import Path

import pytest

from conformance.language.corpus import load_one

TEXTS = {
    "half-close": """
summary: A client that has shut down writing still receives.
sources: [POSIX shutdown()]
transports: [socketpair, unix, inet]
given: connected
limit: 0.3
steps:
  - client: {shutdown: SHUT_WR}
  - server: {sendall: {text: reply}}
  - client: {recv: 9, returns: {text: reply}}
""",
    "echo": """
summary: What is sent arrives.
sources: [POSIX send()]
transports: [socketpair]
given: connected
limit: 0.3
steps:
  - client: {sendall: {text: hello}}
  - server: {recv: 9, returns: {text: hello}}
""",
    "conversion": """
summary: Byte order has nothing to do with sockets.
sources: [POSIX htons()]
transports: [none]
steps:
  - client: {call: {function: len, arguments: [abc]}, returns: 3}
""",
}


@pytest.fixture
def scenarios(tmp_path: Path):
    return [loaded(name, tmp_path) for name in ("half-close", "echo")]


@pytest.fixture
def without_sockets(tmp_path: Path):
    return loaded("conversion", tmp_path)


def loaded(name: str, folder: Path):
    (folder / f"{name}.yaml").write_text(TEXTS[name], encoding="utf-8")
    return load_one(folder / f"{name}.yaml", folder)
