"""Finds the Pythons of this machine in the places where their installers put them."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from conformance.platforms import python_facts as facts
from conformance.platforms.base import Interpreter, SetupError

Facts = Mapping[str, str]
_Fits = Callable[[Facts], bool]
_SYSTEM_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")


def find_cpython(version: tuple[int, int], environ: Mapping[str, str] | None = None) -> Facts | None:
    """Facts (with 'path') of the first CPython of that version that starts, or None."""
    wanted = f"{version[0]}.{version[1]}."
    return _first(
        cpython_candidates(version, os.environ if environ is None else environ),
        lambda found: found["implementation"] == "cpython" and found["python"].startswith(wanted),
    )


def find_pypy3(environ: Mapping[str, str] | None = None) -> Facts | None:
    """Facts (with 'path') of the first PyPy 3 that starts, or None."""
    variables = os.environ if environ is None else environ
    candidates = (*_on_path("pypy3", variables), *_below(_pyenv_root(variables), "versions/pypy3*/bin/pypy3"))
    return _first(iter(candidates), lambda found: found["implementation"] == "pypy")


def cpython_candidates(version: tuple[int, int], variables: Mapping[str, str]) -> Iterator[Path]:
    """Paths where CPython of that version may be, in order of preference; some may not exist or not start."""
    dotted = f"{version[0]}.{version[1]}"
    name = f"python{dotted}"
    yield from _on_path(name, variables)
    if os.name == "nt":
        yield from _from_launcher(dotted)
        return
    yield from _below(_pyenv_root(variables), f"versions/{dotted}.*/bin/{name}")
    yield from (Path(folder, name) for folder in _SYSTEM_FOLDERS)
    yield from _below(_uv_pythons(variables), f"cpython-{dotted}.*/bin/{name}")


def _on_path(name: str, variables: Mapping[str, str]) -> Iterator[Path]:
    """All programs of that name on PATH, without pyenv's shims: these are slow, and some have no active version."""
    for folder in variables.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(name, path=folder) if folder and Path(folder).name != "shims" else None
        if found is not None:
            yield Path(found)


def _below(folder: Path | None, pattern: str) -> Iterator[Path]:
    """The paths that match the pattern, the highest version first; none if the folder cannot be read."""
    found = list(map(Path, glob.glob(str(folder / pattern)))) if folder is not None else []
    return iter(sorted(found, key=lambda path: _numbers(str(path)), reverse=True))


def _numbers(text: str) -> list[int]:
    digits = "".join(character if character.isdigit() else " " for character in text)
    return [int(word) for word in digits.split()]


def _pyenv_root(variables: Mapping[str, str]) -> Path | None:
    stated = variables.get("PYENV_ROOT")
    home = variables.get("HOME")
    return Path(stated) if stated else Path(home, ".pyenv") if home else None


def _uv_pythons(variables: Mapping[str, str]) -> Path | None:
    stated = variables.get("UV_PYTHON_INSTALL_DIR")
    home = variables.get("HOME")
    data = variables.get("XDG_DATA_HOME") or (os.path.join(home, ".local", "share") if home else None)
    return Path(stated) if stated else Path(data, "uv", "python") if data else None


def _from_launcher(dotted: str) -> Iterator[Path]:
    """The Python of that version according to the launcher of python.org's Windows installer."""
    launcher = shutil.which("py")
    if launcher is None:
        return
    argv = [launcher, f"-{dotted}", "-c", "import sys; print(sys.executable)"]
    answer = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False)
    if answer.returncode == 0:
        yield Path(answer.stdout.strip())


def _first(candidates: Iterator[Path], fits: _Fits) -> Facts | None:
    stated = ({**_ask(path), "path": str(path)} for path in dict.fromkeys(candidates) if os.path.isfile(path))
    return next((found for found in stated if len(found) > 1 and fits(found)), None)


def _ask(path: Path) -> Facts:
    try:
        return facts.ask(Interpreter((str(path),)), timeout=10)
    except SetupError:
        return {}
