"""How an interpreter is started, its files are named, and its packages are chosen."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.platforms import Interpreter, SetupError, wheels
from conformance.platforms import python_facts as facts
from conformance.platforms import unpacked_python as tree
from conformance.platforms.unpacked_python import Tree

PIN = wheels.Pin("toy==1", "toy-1.whl", hashlib.sha256(b"good").hexdigest())


def test_an_environment_adds_and_removes_variables() -> None:
    interpreter = Interpreter(("python3",), {"LC_ALL": "C.UTF-8"}, unset=("PYTHONPATH",))
    base = {"PYTHONPATH": "/host", "LC_ALL": "de_DE", "PATH": "/bin"}
    assert interpreter.environ(base) == {"LC_ALL": "C.UTF-8", "PATH": "/bin"}


def test_an_environment_is_made_from_this_processs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/wrong")
    monkeypatch.setenv("KEPT", "yes")
    environ = Interpreter(("python3",)).environ()
    assert "PYTHONHOME" not in environ
    assert environ["KEPT"] == "yes"


@pytest.mark.skipif(os.name == "nt", reason="names POSIX paths")
def test_paths_are_the_hosts_own_or_below_a_windows_drive() -> None:
    assert Interpreter(("python3",)).guest_path("/a/b c") == "/a/b c"
    assert Interpreter(("wine",), drive="Z:").guest_path("/a/b c") == r"Z:\a\b c"


def test_a_relative_path_is_made_absolute() -> None:
    assert Interpreter(("python3",)).guest_path("x") == str(Path.cwd() / "x")


def test_facts_are_described_in_one_line() -> None:
    stated = {"implementation": "cpython", "python": "3.11.2", "machine": "s390x", "byteorder": "big"}
    line = facts.describe({**stated, "emulator": "qemu-user 7.2"})
    assert line == "Python 3.11.2 on s390x, big-endian, qemu-user 7.2"
    assert facts.describe({**stated, "implementation": "pypy"}).startswith("PyPy, Python 3.11.2")


@pytest.mark.skipif(os.name == "nt", reason="runs a shell")
def test_an_interpreter_that_answers_nonsense_is_a_setup_error() -> None:
    with pytest.raises(SetupError, match="its output was 'nonsense"):
        facts.ask(Interpreter(("sh", "-c", "echo nonsense")))


def test_wheels_are_chosen_for_the_foreign_python() -> None:
    assert wheels.WheelTarget(("win_amd64",), "3.13").options() == [
        "--platform=win_amd64",
        "--python-version=3.13",
        "--implementation=cp",
        "--only-binary=:all:",
    ]


def test_a_pinned_file_that_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    (tmp_path / PIN.file).write_bytes(b"good")
    monkeypatch.setattr(wheels, "_download", lambda _pin, _into: pytest.fail("fetched"))
    assert wheels.download(PIN, tmp_path, said.append) == tmp_path / PIN.file
    assert said == []


def test_a_damaged_pinned_file_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Callable[[str], None]
) -> None:
    def fetch(_pin: wheels.Pin, into: Path) -> None:
        (into / PIN.file).write_bytes(b"good")

    (tmp_path / PIN.file).write_bytes(b"half")
    monkeypatch.setattr(wheels, "_download", fetch)
    assert wheels.download(PIN, tmp_path, report).read_bytes() == b"good"


def test_a_file_with_another_sha256_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Callable[[str], None]
) -> None:
    (tmp_path / PIN.file).write_bytes(b"evil")
    monkeypatch.setattr(wheels, "_download", lambda _pin, _into: None)
    with pytest.raises(SetupError, match=r"toy-1\.whl does not have the pinned SHA-256"):
        wheels.download(PIN, tmp_path, report)


def test_a_python_without_pip_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Callable[[str], None]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SetupError, match="has no pip") as caught:
        wheels.download(PIN, tmp_path, report)
    assert caught.value.remedy.endswith("-m ensurepip")


@pytest.mark.skipif(os.name == "nt", reason="the launcher is a shell script")
def test_the_start_script_of_a_tree_passes_itself_and_all_arguments(tmp_path: Path) -> None:
    unpacked = Tree(tmp_path / "a b", "sid", "s390x", (), "python3.11", "python3.11")
    tree._write_script(unpacked.executable, ["printf", "%s|"], unpacked.program)
    argv = [str(unpacked.executable), "-c", 'it\'s "quoted"']
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said.split("|")[:-1] == [argv[0], str(unpacked.program), *argv[1:]]
