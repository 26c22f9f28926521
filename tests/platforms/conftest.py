"""Fixtures that the tests of platforms share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def said() -> list[str]:
    """What was reported, line by line."""
    return []


@pytest.fixture
def report(said: list[str]) -> Callable[[str], None]:
    """A progress report that remembers."""
    return said.append


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host without any program on PATH, and without pyenv or uv."""
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in ("PATH", "HOME", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(empty))
    monkeypatch.setattr("conformance.platforms.discovery._SYSTEM_FOLDERS", ())
