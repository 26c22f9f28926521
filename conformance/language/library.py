"""Loads scenarios, and keeps those that are right in the user's cache: they need not be parsed and checked again.

A kept scenario counts only for a file with the same path, id and content, and for the loader and the Python that made
it. The file of the cache must belong to the user, and nobody else may be able to write it. Its pickles can make objects
of the model and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import hashlib
import io
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PosixPath, WindowsPath
from typing import Any

from conformance.language.checks import check
from conformance.language.scenario_syntax import parse
from conformance.language.yaml_tree import read
from conformance.model import errors, plan, scenario, values
from conformance.model.errors import ScenarioError
from conformance.model.scenario import Scenario

ENOUGH = 20
"""Fewer scenarios than this are loaded as quickly as the cache is read."""

_MOST = 1 << 28
"""Bytes of the largest file that is read."""

_ROOMS = ("engine", "language", "model", "tables")
"""The rooms that decide what a loaded scenario is."""

Key = tuple[str, str, str]
"""Path, id, and the digest of the content."""


class Library:
    """Loads scenarios. ``kept``: a folder of the user's cache; ``name``: where the scenarios are from."""

    def __init__(self, kept: Path | None = None, name: str = "") -> None:
        self._file = kept / f"{_digest(name)[:32]}.kept" if kept else None
        self._known = _read(self._file) if self._file else {}
        self._loaded: dict[Key, Scenario] = {}
        self._new = False

    def load(self, path: Path, identity: str) -> Scenario:
        """One scenario, checked; ScenarioError with all its mistakes."""
        content = read(path)
        key = (str(path), identity, hashlib.sha256(content).hexdigest())
        found = self._known.get(key)
        if found is None:
            found, self._new = _checked(content, path, identity), True
        self._loaded[key] = found
        return found

    def save(self) -> None:
        """Keeps what was loaded, if any of it is new. A cache that cannot be written is none."""
        if self._file is not None and self._new and len(self._loaded) >= ENOUGH:
            with contextlib.suppress(OSError):
                _write(self._file, self._loaded)


def _checked(content: bytes, path: Path, identity: str) -> Scenario:
    found, mistakes = parse(content, path, identity)
    mistakes += check(found)
    if mistakes:
        raise ScenarioError(mistakes)
    return found


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Keeps the search for cycles away from scenarios: they are many objects without any, and it takes longer than
    loading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=1)
def _loader() -> bytes:
    """The digest of everything that decides what a loaded scenario is: our code and tables, and the Python."""
    total = hashlib.sha256(sys.version.encode())
    package = Path(__file__).parents[1]
    for room in _ROOMS:
        for path in sorted(path for path in (package / room).iterdir() if path.is_file()):
            total.update(f"{path.name}\0".encode() + path.read_bytes())
    return total.digest()


class _Unpickler(pickle.Unpickler):
    """Makes dataclasses of the model, and paths."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name; an error for all else."""
        if module.partition(".")[0] == "pathlib" and name in ("PosixPath", "WindowsPath"):
            return {"PosixPath": PosixPath, "WindowsPath": WindowsPath}[name]
        found = getattr(_MODULES.get(module), name, None)
        if isinstance(found, type) and dataclasses.is_dataclass(found) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no class of the model")


_MODULES = {module.__name__: module for module in (errors, plan, scenario, values)}


def _read(file: Path) -> dict[Key, Scenario]:
    """What a file of the cache holds; nothing where it is not of this loader, or not safe."""
    try:
        content = _safe_content(file)
        if content[:32] != _loader():
            return {}
        with without_collection():
            found = _Unpickler(io.BytesIO(content[32:])).load()
    except Exception:  # noqa: BLE001 (whatever is wrong with the cache, the scenarios themselves are there)
        return {}
    return found if isinstance(found, dict) else {}


def _safe_content(file: Path) -> bytes:
    """The bytes of a file that nobody but the user can have written. OSError otherwise."""
    with open(os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as opened:
        for status in (os.lstat(file.parent), os.fstat(opened.fileno())):
            if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
                raise PermissionError(f"others may have written {file}")
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
            raise OSError(f"{file} is no file of the cache")
        return opened.read()


def _write(file: Path, loaded: dict[Key, Scenario]) -> None:
    """Replaces a file of the cache at once: another run may read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # only the user can read or write it
    try:
        with open(descriptor, "wb") as opened:
            opened.write(_loader() + pickle.dumps(loaded, 5))
        os.replace(name, file)
    except OSError:
        os.unlink(name)
        raise
