"""Where the cache is."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.platforms import cache_directory


def test_the_cache_is_where_its_own_variable_says(tmp_path: Path) -> None:
    variables = {"CONFORMANCE_CACHE": str(tmp_path), "XDG_CACHE_HOME": "/elsewhere"}
    assert cache_directory(variables) == tmp_path


def test_a_relative_cache_variable_is_made_absolute() -> None:
    assert cache_directory({"CONFORMANCE_CACHE": "here"}) == Path.cwd() / "here"


def test_the_cache_is_a_folder_in_the_users_cache(tmp_path: Path) -> None:
    assert cache_directory({"XDG_CACHE_HOME": str(tmp_path)}, windows=False) == tmp_path / "conformance"


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_without_a_valid_xdg_folder_the_cache_is_below_the_home_folder(variables: dict[str, str]) -> None:
    assert cache_directory(variables, windows=False) == Path.home() / ".cache" / "conformance"


def test_on_windows_the_cache_is_in_the_local_application_data(tmp_path: Path) -> None:
    assert cache_directory({"LOCALAPPDATA": str(tmp_path)}, windows=True) == tmp_path / "conformance"


def test_the_cache_is_outside_the_repository() -> None:
    repository = Path(__file__).resolve().parents[2]
    assert repository not in cache_directory({}).parents


def test_asking_for_the_cache_does_not_create_it(tmp_path: Path) -> None:
    assert not cache_directory({"XDG_CACHE_HOME": str(tmp_path)}, windows=False).exists()
