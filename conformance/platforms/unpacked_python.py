"""A Python of Debian packages, unpacked into a folder with a virtual environment.

`venv/bin/python3` is a shell script. It starts the tree's Python through a launcher (an emulator, or the tree's own
dynamic loader) and sets argv[0] to itself. So `sys.executable` is the script, and subprocess, multiprocessing and
pytest-xdist start the same Python again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.platforms.base import PYTHON_VARIABLES, Interpreter, Report, SetupError
from conformance.platforms.commands import silently
from conformance.platforms.debian import Archive, unpack
from conformance.platforms.setup_stages import Stage, built_aside

Launcher = Callable[[], Sequence["str | Path"]]
"""Returns the command that starts a program of the tree; called after the tree was unpacked."""

# The tree has only the locale C. Variables of the loader would add this host's libraries to it.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_NOT_COMPILED = r"/(test|tests|lib2to3|idlelib)/"
_UNSET = (*PYTHON_VARIABLES, "LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Tree:
    """A Python unpacked below `folder` from a suite of Debian.

    `packages` are unpacked with their dependencies. `binary` is the name of the program in usr/bin, `library` the
    folder of the standard library in usr/lib.
    """

    folder: Path
    suite: str
    architecture: str
    packages: tuple[str, ...]
    binary: str
    library: str

    @property
    def root(self) -> Path:
        """The root of the unpacked file system."""
        return self.folder / "root"

    @property
    def executable(self) -> Path:
        """The script that starts Python."""
        return self.folder / "venv" / "bin" / "python3"

    @property
    def site_packages(self) -> Path:
        """Where packages are installed."""
        return self.folder / "venv" / "lib" / self.library / "site-packages"

    @property
    def version(self) -> str:
        """The version of the language, for example '3.11'."""
        return self.library.removeprefix("pypy").removeprefix("python")

    @property
    def program(self) -> Path:
        """The Python binary inside the tree."""
        return self.root / "usr" / "bin" / self.binary

    def interpreter(self) -> Interpreter:
        """The way to start it."""
        return Interpreter((str(self.executable),), _ENVIRONMENT, _UNSET)

    def stages(self, launcher: Launcher, report: Report) -> list[Stage]:
        """Fetch, unpack and compile; $0 and the program are appended to the command of `launcher`."""
        return [
            Stage("unpack", lambda: self._unpack(report)),
            Stage("venv", lambda: self._make_venv(launcher())),
            Stage("compile", lambda: self.compile(self.root / "usr" / "lib" / self.library, report)),
        ]

    def compile(self, folder: Path, report: Report) -> None:
        """Compile the modules of a folder once; else Python would compile them at each start."""
        report(f"compiling {folder.name}")
        interpreter = self.interpreter()
        argv = [*interpreter.argv, "-m", "compileall", "-q", "-x", _NOT_COMPILED, str(folder)]
        # A module that does not compile fails when it is imported.
        silently(argv, timeout=900, environ=interpreter.environ())

    def _unpack(self, report: Report) -> None:
        archive = Archive(self.suite, self.architecture, self.folder / "apt")
        archive.refresh(report)
        debs = archive.fetch(archive.with_dependencies(self.packages), self.folder / "debs", report)
        report(f"unpacking {len(debs)} packages")
        with built_aside(self.root) as aside:
            unpack(debs, aside)

    def _make_venv(self, launcher: Sequence[str | Path]) -> None:
        self.site_packages.mkdir(parents=True, exist_ok=True)
        home = self.program.parent
        configuration = f"home = {home}\ninclude-system-site-packages = false\nversion = {self.version}\n"
        (self.folder / "venv" / "pyvenv.cfg").write_text(configuration, "utf-8")
        _write_script(self.executable, launcher, self.program)
        for name in ("python", self.binary):
            link = self.executable.with_name(name)
            link.unlink(missing_ok=True)
            link.symlink_to(self.executable.name)


def loader(root: Path) -> list[str | Path]:
    """The launcher of an x86-64 tree: its own dynamic loader with its own libraries."""
    found = next(root.glob("lib64/ld-linux-*.so.*"), None)
    if found is None:
        raise SetupError(f"no dynamic loader in {root}")
    return [found, "--library-path", root / "usr" / "lib" / "x86_64-linux-gnu", "--argv0"]


def _write_script(script: Path, launcher: Sequence[str | Path], program: Path) -> None:
    script.parent.mkdir(parents=True, exist_ok=True)
    before = shlex.join(str(word) for word in launcher)
    new = script.with_suffix(".new")
    new.write_text(f'#!/bin/sh\nexec {before} "$0" {shlex.quote(str(program))} "$@"\n', "utf-8")
    new.chmod(0o755)
    os.replace(new, script)
