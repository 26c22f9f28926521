"""cpython3.X and pypy3: Pythons of this machine, or Pythons unpacked from Debian's packages."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.platforms import discovery, host, wheels
from conformance.platforms import python_facts as facts
from conformance.platforms.base import Finding, Interpreter, Report, SetupError
from conformance.platforms.commands import run
from conformance.platforms.locks import alone
from conformance.platforms.setup_stages import Recipe, built_aside, tidying
from conformance.platforms.unpacked_python import Tree, loader


@dataclass(frozen=True)
class Packaged:
    """A Python of Debian: the suite, its packages, the binary, and the folder of its library in usr/lib."""

    suite: str
    packages: tuple[str, ...]
    binary: str
    library: str


@dataclass(frozen=True)
class Native:
    """A Python for this machine's kernel and processor: `find` finds one, else `packaged` is unpacked."""

    name: str
    summary: str
    find: Callable[[], Mapping[str, str] | None]
    packaged: Packaged | None = None
    advice: str = ""
    stands_for: str = "host"
    emulator: str | None = None

    @property
    def _recipe(self) -> Recipe:
        return Recipe(self.name, number=1, megabytes=500, unable=self._unable)

    def probe(self, cache: Path) -> Finding:
        """Check whether this machine has it, or the cache."""
        found = self._recipe.facts(cache) or self.find()
        if found is not None:
            return Finding(True, facts.describe(found), facts=found)
        reason = self._unable()
        if reason:
            return Finding(False, f"not found on this machine, and {reason}", self.advice)
        return Finding(False, "not found on this machine", f"conformance platforms setup {self.name}")

    def setup(self, cache: Path, report: Report) -> None:
        """Unpack Debian's packages unless this machine has it. Raises `SetupError`."""
        found = self._recipe.facts(cache) or self.find()
        if found is not None:
            report(f"{self.name} is there already: {facts.describe(found)}")
            return
        if self.packaged is None or self._unable():
            raise SetupError(f"{self.name} is not on this machine, and {self._unable()}", self.advice)
        tree = self._tree(cache, self.packaged)
        stages = [*tree.stages(lambda: loader(tree.root), report), tidying(tree.folder, "apt", "debs")]
        self._recipe.carry_out(cache, stages, lambda: _state_facts(tree), report)

    def install(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        """Install packages into the unpacked tree, or into a virtual environment in the cache."""
        if self.packaged is not None and self._recipe.facts(cache) is not None:
            tree = self._tree(cache, self.packaged)
            with self._recipe.changing(cache, report):
                _pip_install(tree.interpreter(), requirements, report)
        else:
            with alone(self._recipe.lock(cache), report):
                self._install_into_environment(cache, requirements, report)

    def interpreter(self, cache: Path) -> Interpreter:
        """Its interpreter, in a virtual environment if packages were installed. Raises `SetupError`."""
        if self.packaged is not None and self._recipe.facts(cache) is not None:
            return self._tree(cache, self.packaged).interpreter()
        environment = _environment_python(self._environment(cache))
        return Interpreter((str(environment if environment.is_file() else self._found()),))

    def leave(self, cache: Path) -> None:
        """Do nothing: no program is running."""

    def clean(self, cache: Path) -> None:
        """Remove its part of the cache; a Python of this machine stays."""
        self._recipe.clean(cache)

    def _unable(self) -> str:
        return "Debian has no packages of it here" if self.packaged is None else host.unable_to_provision()

    def _found(self) -> Path:
        found = self.find()
        if found is None:
            raise SetupError(f"{self.name} is not on this machine", f"conformance platforms setup {self.name}")
        return Path(found["path"])

    def _tree(self, cache: Path, packaged: Packaged) -> Tree:
        folder = self._recipe.folder(cache)
        return Tree(folder, packaged.suite, "amd64", packaged.packages, packaged.binary, packaged.library)

    def _environment(self, cache: Path) -> Path:
        return self._recipe.folder(cache) / "environment"

    def _install_into_environment(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        environment = self._environment(cache)
        if not _environment_python(environment).is_file():
            report(f"making a virtual environment for {self.name}")
            with built_aside(environment) as aside:
                argv = [str(self._found()), "-m", "venv", "--without-pip", str(aside)]
                run(argv, purpose=f"making a venv for {self.name}", timeout=300)
        _pip_install(Interpreter((str(_environment_python(environment)),)), requirements, report)


def _environment_python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _state_facts(tree: Tree) -> Mapping[str, str]:
    return {**facts.ask(tree.interpreter()), "path": str(tree.executable), "userland": f"Debian {tree.suite}"}


def _provide_pip(interpreter: Interpreter, report: Report) -> None:
    """Install pip for a Python; those of Debian have neither pip nor ensurepip."""
    program = "import sys, sysconfig; print(sysconfig.get_path('purelib'), '%d.%d' % sys.version_info[:2])"
    output = run(
        [*interpreter.argv, "-c", program],
        purpose=f"starting {interpreter.argv[-1]}",
        timeout=60,
        environ=interpreter.environ(),
    )
    site, version = output.strip().rsplit(" ", 1)
    if not Path(site, "pip").is_dir():
        wheels.install(wheels.WheelTarget(("any",), version), Path(site), ["pip"], report)


def _pip_install(interpreter: Interpreter, requirements: Sequence[str], report: Report) -> None:
    _provide_pip(interpreter, report)
    report(f"installing {', '.join(Path(name).name for name in requirements)}")
    _pip(interpreter, "install", *requirements)
    local = [requirement for requirement in requirements if requirement.endswith(".whl")]
    if local:
        # pip would keep an older build of the same version.
        _pip(interpreter, "install", "--force-reinstall", "--no-deps", *local)


def _pip(interpreter: Interpreter, *words: str) -> None:
    argv = [*interpreter.argv, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    run(argv, purpose=f"pip {' '.join(words)}", timeout=900, environ=interpreter.environ())


def cpython(minor: int, suite: str = "") -> Native:
    """The platform cpython3.`minor`; `suite` is the Debian release that has packages of it, or ''."""
    dotted = f"3.{minor}"
    name = f"python{dotted}"
    packages = (f"{name}-minimal", f"lib{name}-stdlib")
    packaged = Packaged(suite, packages, name, name) if suite else None
    return Native(
        name=f"c{name}",
        summary=f"CPython {dotted} on this machine",
        find=lambda: discovery.find_cpython((3, minor)),
        packaged=packaged,
        advice=f"install it, for example with `pyenv install {dotted}` or `uv python install {dotted}`",
    )


def pypy3() -> Native:
    """The platform pypy3."""
    return Native(
        name="pypy3",
        summary="PyPy 3 on this machine",
        find=discovery.find_pypy3,
        packaged=Packaged("trixie", ("pypy3",), "pypy3.11", "pypy3.11"),
        advice="install it, for example with `apt-get install pypy3` or `pyenv install pypy3.11`",
    )
