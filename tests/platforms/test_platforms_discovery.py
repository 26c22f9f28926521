"""The machine's own Pythons are found where installers put them; those that do not start are skipped."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from conformance.platforms import discovery
from conformance.platforms.commands import silently

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for interpreters are shell scripts")


def stand_in(path: Path, version: str, implementation: str = "cpython") -> Path:
    """A program that states facts as an interpreter would."""
    stated = {"implementation": implementation, "python": version, "machine": "x86_64", "byteorder": "little"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{json.dumps(stated)}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _no_system_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_SYSTEM_FOLDERS", ())


def found(version: tuple[int, int], **variables: str) -> str | None:
    facts = discovery.find_cpython(version, {"PATH": "", **variables})
    return None if facts is None else facts["path"]


def test_a_python_on_path_comes_first(tmp_path: Path) -> None:
    on_path = stand_in(tmp_path / "bin" / "python3.12", "3.12.4")
    stand_in(tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3.12", "3.12.9")
    assert found((3, 12), PATH=str(on_path.parent), PYENV_ROOT=str(tmp_path / "pyenv")) == str(on_path)


def test_pyenvs_shims_are_passed_over_for_its_highest_version(tmp_path: Path) -> None:
    shim = stand_in(tmp_path / "shims" / "python3.12", "3.12.9")
    stand_in(tmp_path / "versions" / "3.12.9" / "bin" / "python3.12", "3.12.9")
    highest = stand_in(tmp_path / "versions" / "3.12.10" / "bin" / "python3.12", "3.12.10")
    assert found((3, 12), PATH=str(shim.parent), PYENV_ROOT=str(tmp_path)) == str(highest)


def test_pyenv_is_looked_for_in_the_home_folder(tmp_path: Path) -> None:
    python = stand_in(tmp_path / ".pyenv" / "versions" / "3.10.1" / "bin" / "python3.10", "3.10.1")
    assert found((3, 10), HOME=str(tmp_path)) == str(python)


def test_system_folders_are_looked_into_without_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = stand_in(tmp_path / "usr" / "bin" / "python3.11", "3.11.2")
    monkeypatch.setattr(discovery, "_SYSTEM_FOLDERS", (str(python.parent),))
    assert found((3, 11)) == str(python)


def test_uvs_managed_pythons_are_found(tmp_path: Path) -> None:
    name = "cpython-3.13.5-linux-x86_64-gnu"
    python = stand_in(tmp_path / ".local/share/uv/python" / name / "bin" / "python3.13", "3.13.5")
    assert found((3, 13), HOME=str(tmp_path)) == str(python)


def test_version_3_1_does_not_match_3_11(tmp_path: Path) -> None:
    stand_in(tmp_path / "python3.1", "3.11.2")
    assert found((3, 1), PATH=str(tmp_path)) is None


def test_a_python_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "first" / "python3.12"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    works = stand_in(tmp_path / "second" / "python3.12", "3.12.1")
    assert found((3, 12), PATH=f"{broken.parent}{os.pathsep}{works.parent}") == str(works)


def test_a_pypy_is_not_taken_for_a_cpython(tmp_path: Path) -> None:
    stand_in(tmp_path / "python3.10", "3.10.14", "pypy")
    assert found((3, 10), PATH=str(tmp_path)) is None


def test_pypy_is_found_on_path_and_in_pyenv(tmp_path: Path) -> None:
    in_pyenv = stand_in(tmp_path / "pyenv/versions/pypy3.10-7.3.15/bin/pypy3", "3.10.13", "pypy")
    variables = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path / "pyenv")}
    facts = discovery.find_pypy3(variables)
    assert facts is not None
    assert facts["path"] == str(in_pyenv)
    on_path = stand_in(tmp_path / "pypy3", "3.11.11", "pypy")
    facts = discovery.find_pypy3(variables)
    assert facts is not None
    assert facts["path"] == str(on_path)


def test_the_running_python_is_found_by_its_folder() -> None:
    version = (sys.version_info.major, sys.version_info.minor)
    folder = Path(sys.base_prefix) / "bin"
    named = folder / f"python{version[0]}.{version[1]}"
    if sys.implementation.name != "cpython" or not named.exists() or silently([named, "-V"], timeout=30) != 0:
        pytest.skip("this Python does not start by a versioned name in its base folder")
    facts = discovery.find_cpython(version, {"PATH": str(folder)})
    assert facts is not None
    assert facts["byteorder"] == sys.byteorder
