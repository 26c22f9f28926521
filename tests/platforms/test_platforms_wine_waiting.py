"""Under Wine, too, a wait is proved: in the call itself, and with nothing under way. One run, seen by each test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.platforms import PLATFORMS, cache_directory

pytestmark = pytest.mark.platform

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the probe saw of the threads of one process of Wine's."""
    wine, cache = PLATFORMS["windows-wine"], cache_directory()
    finding = wine.probe(cache)
    if not finding.available:
        pytest.skip(f"windows-wine: {finding.detail}; {finding.remedy}")
    try:
        interpreter = wine.interpreter(cache)
        program = interpreter.guest_path(Path(__file__).with_name("wine_threads.py"))
        done = subprocess.run(
            [*interpreter.argv, "-B", program, interpreter.guest_path(REPOSITORY)],
            env=interpreter.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    finally:
        wine.leave(cache)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return dict(json.loads(done.stdout))


def test_waits_are_proved_there(seen: dict[str, Any]) -> None:
    assert seen["probe"] == ["wine-stack", "proven"]


def test_under_a_wine_that_is_not_known_the_window_has_to_do(seen: dict[str, Any]) -> None:
    assert seen["elsewhere"] == ["window", "bounded"]


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("recv", "recv"),
        ("accept", "accept"),
        ("recvfrom", "recvfrom"),
        ("timeout", "select"),  # Python waits by select() where a socket has a timeout
        ("send", "send"),
        ("pipe", "NtReadFile"),
    ],
)
def test_a_thread_that_waits_is_proved_waiting_in_its_own_call(seen: dict[str, Any], what: str, call: str) -> None:
    assert seen["waits"][what] == {"proved": call, "seen": call, "ended": True}


@pytest.mark.parametrize("what", ["lock", "event", "sleep", "busy", "files"])
def test_a_thread_that_does_anything_else_is_not(seen: dict[str, Any], what: str) -> None:
    assert seen["others"][what]["proved"] is None
    assert seen["others"][what]["ended"]


def test_a_lock_and_a_sleep_are_seen_as_waits_of_another_kind(seen: dict[str, Any]) -> None:
    assert {seen["others"][what]["seen"] for what in ("lock", "event", "sleep")} == {"NtWaitForMultipleObjects"}


@pytest.mark.parametrize("kind", ["stream", "datagrams"])
def test_no_thread_is_proved_waiting_while_data_for_it_is_under_way(seen: dict[str, Any], kind: str) -> None:
    assert seen["missed"][kind] == 0


def test_bytes_that_tcp_holds_back_are_seen_until_they_are_taken(seen: dict[str, Any]) -> None:
    assert seen["held back"] == [True, 0]


def test_the_probe_takes_no_descriptor(seen: dict[str, Any]) -> None:
    assert seen["descriptors"] == [3, 4]
