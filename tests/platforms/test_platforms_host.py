"""A host that cannot provision a platform gets a plain reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.platforms import SetupError, host
from conformance.platforms.commands import run, silently


@pytest.mark.usefixtures("no_tools")
def test_missing_programs_are_named() -> None:
    assert host.missing_tools(("apt-get", "dpkg-deb")) == "needs apt-get, dpkg-deb on PATH"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ID=debian\nVERSION_ID=12\n", ""),
        ('ID="debian"\n', ""),
        ("NAME=Fedora\nID=fedora\n", "needs a Debian host, this is fedora"),
        ("ID=ubuntu\nID_LIKE=debian\n", "needs a Debian host, this is ubuntu"),
    ],
)
def test_other_distributions_are_named(tmp_path: Path, text: str, reason: str) -> None:
    release = tmp_path / "os-release"
    release.write_text(text)
    assert host.not_debian(release) == reason


def test_a_host_that_does_not_say_what_it_is_is_no_debian(tmp_path: Path) -> None:
    assert host.not_debian(tmp_path / "absent") == "needs a Debian host, and this one has no /etc/os-release"


def test_another_processor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(host, "machine", lambda: "aarch64")
    assert host.not_linux_x86_64() == "needs an x86_64 host, this is aarch64"


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert host.unable_to_provision() == "needs a Linux host, this is darwin"


POSIX = pytest.mark.skipif(os.name == "nt", reason="runs programs of a POSIX system")


def test_too_little_disk_space_is_said_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"needs 1000000000 MB of disk space, \d+ MB are free") as caught:
        host.require_space(tmp_path / "not" / "there" / "yet", 10**9)
    assert "CONFORMANCE_CACHE" in caught.value.remedy


def test_enough_disk_space_passes(tmp_path: Path) -> None:
    host.require_space(tmp_path, 0)


@POSIX
def test_a_program_that_is_not_there_is_a_setup_error() -> None:
    with pytest.raises(SetupError, match=r"fetching: .*no-such-program"):
        run(["no-such-program"], purpose="fetching", timeout=5)


@POSIX
def test_a_failed_program_is_quoted_without_its_warnings() -> None:
    script = "echo 'WARNING: fine' >&2; echo 'E: Unable to fetch' >&2; exit 100"
    with pytest.raises(SetupError) as caught:
        run(["sh", "-c", script], purpose="apt-get update", timeout=5, remedy="is the network up?")
    assert caught.value.reason == "apt-get update: E: Unable to fetch"
    assert str(caught.value) == "apt-get update: E: Unable to fetch (is the network up?)"


@POSIX
def test_a_program_that_hangs_is_ended_and_said_to_hang() -> None:
    with pytest.raises(SetupError, match=r"waiting: it did not end within 0\.1 s"):
        run(["sleep", "30"], purpose="waiting", timeout=0.1)


@POSIX
def test_a_silent_program_answers_with_its_status_or_none_when_it_hangs() -> None:
    assert silently(["sh", "-c", "exit 3"], timeout=5, environ={"PATH": "/usr/bin:/bin"}) == 3
    assert silently(["sleep", "30"], timeout=0.1, environ={"PATH": "/usr/bin:/bin"}) is None
