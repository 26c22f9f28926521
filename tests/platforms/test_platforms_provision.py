"""Setups are idempotent, continue where they were interrupted, and exclude each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.platforms import SetupError
from conformance.platforms.locks import Lock, alone
from conformance.platforms.setup_stages import Recipe, Stage, built_aside

pytest.importorskip("fcntl", reason="platforms are provisioned on Linux")

FACTS = {"python": "3.11.2"}


def recipe(number: int = 1, unable: str = "", megabytes: int = 0) -> Recipe:
    return Recipe("toy", number, megabytes, unable=lambda: unable)


def facts() -> dict[str, str]:
    return FACTS


def test_every_stage_runs_once_and_a_second_setup_does_nothing(tmp_path: Path, said: list[str]) -> None:
    ran: list[str] = []
    stages = [Stage("one", lambda: ran.append("one")), Stage("two", lambda: ran.append("two"))]
    for _ in range(2):
        recipe().carry_out(tmp_path, stages, facts, said.append)
    assert ran == ["one", "two"]
    assert said == ["toy is set up already"]
    assert recipe().facts(tmp_path) == FACTS


def test_an_interrupted_setup_continues_with_the_stage_that_failed(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise SetupError("the network is down")

    failing = [Stage("one", lambda: ran.append("one")), Stage("two", fail)]
    with pytest.raises(SetupError, match="the network is down"):
        recipe().carry_out(tmp_path, failing, facts, report)
    assert recipe().facts(tmp_path) is None

    working = [Stage("one", lambda: ran.append("again")), Stage("two", lambda: ran.append("two"))]
    recipe().carry_out(tmp_path, working, facts, report)
    assert ran == ["one", "two"]


def test_a_platform_that_does_not_start_is_not_set_up(tmp_path: Path, report: Callable[[str], None]) -> None:
    def unable_to_start() -> dict[str, str]:
        raise SetupError("starting python3: exec format error")

    with pytest.raises(SetupError, match="exec format error"):
        recipe().carry_out(tmp_path, [], unable_to_start, report)
    assert not recipe().probe(tmp_path).available


def test_another_recipe_number_removes_what_is_there(tmp_path: Path, report: Callable[[str], None]) -> None:
    recipe(1).carry_out(tmp_path, [], facts, report)
    (tmp_path / "toy" / "old").touch()
    assert recipe(2).facts(tmp_path) is None
    recipe(2).carry_out(tmp_path, [], facts, report)
    assert not (tmp_path / "toy" / "old").exists()
    assert recipe(2).facts(tmp_path) == FACTS


def test_a_damaged_record_counts_as_not_set_up(tmp_path: Path, report: Callable[[str], None]) -> None:
    recipe().carry_out(tmp_path, [], facts, report)
    (tmp_path / "toy" / "ready.json").write_text("{")
    assert recipe().facts(tmp_path) is None


def test_a_probe_says_how_to_set_up_or_why_that_is_impossible(tmp_path: Path) -> None:
    missing = recipe().probe(tmp_path)
    assert (missing.detail, missing.remedy) == ("not set up", "conformance platforms setup toy")
    impossible = recipe(unable="needs a Linux host").probe(tmp_path)
    assert (impossible.detail, impossible.remedy) == ("needs a Linux host", "")


def test_a_probe_does_not_create_the_cache(tmp_path: Path) -> None:
    recipe().probe(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_setup_refuses_an_unable_host_and_a_full_disk(tmp_path: Path, report: Callable[[str], None]) -> None:
    with pytest.raises(SetupError, match="needs apt-get on PATH"):
        recipe(unable="needs apt-get on PATH").carry_out(tmp_path, [], facts, report)
    with pytest.raises(SetupError, match="MB of disk space"):
        recipe(megabytes=10**9).carry_out(tmp_path, [], facts, report)


def test_a_platform_that_is_not_set_up_cannot_be_entered(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="toy is not set up") as caught:
        recipe().require(tmp_path)
    assert caught.value.remedy == "conformance platforms setup toy"


def test_clean_removes_only_the_platforms_folder(tmp_path: Path, report: Callable[[str], None]) -> None:
    (tmp_path / "other").mkdir()
    recipe().carry_out(tmp_path, [], facts, report)
    recipe().clean(tmp_path)
    recipe().clean(tmp_path)
    assert not (tmp_path / "toy").exists()
    assert (tmp_path / "other").exists()


def test_clean_is_refused_while_another_run_uses_the_platform(tmp_path: Path, report: Callable[[str], None]) -> None:
    recipe().carry_out(tmp_path, [], facts, report)
    user = Lock(recipe().lock(tmp_path))
    user.share()
    with pytest.raises(SetupError, match="another run uses toy"):
        recipe().clean(tmp_path)
    user.close()
    recipe().clean(tmp_path)


def test_users_share_a_lock_and_only_the_last_one_gets_it_alone(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    first.share()
    second.share()
    assert not first.try_seize()
    assert second.try_seize()
    first.close()
    second.close()
    second.close()


def test_a_setup_waits_for_another_one_and_says_so(tmp_path: Path, said: list[str]) -> None:
    waiting, entered = threading.Event(), threading.Event()

    def report(message: str) -> None:
        said.append(message)
        waiting.set()

    def enter() -> None:
        with alone(tmp_path / "toy.lock", report):
            entered.set()

    holder = Lock(tmp_path / "toy.lock")
    holder.seize()
    other = threading.Thread(target=enter)
    other.start()
    assert waiting.wait(5)
    assert not entered.is_set()
    holder.close()
    other.join(5)
    assert entered.is_set()
    assert said == ["waiting for another run that holds toy.lock"]


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "root"
    with pytest.raises(FileNotFoundError), built_aside(target) as aside:
        (aside / "absent" / "half").touch()
    assert not target.exists()
    with built_aside(target) as aside:
        (aside / "whole").touch()
    assert [path.name for path in target.iterdir()] == ["whole"]
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
