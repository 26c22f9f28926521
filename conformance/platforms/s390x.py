"""s390x: a big-endian Debian userland on the host's kernel, under qemu's user-mode emulation.

It uses qemu-user-static 7.2 of bookworm because 10.0 breaks getsockopt(SO_RCVTIMEO). Known faults of this emulator:
it swaps the bytes of TCP_CONGESTION's name, cuts TCP_INFO to 4 bytes, loses MSG_CTRUNC, and fails with EINVAL for
SO_BINDTODEVICE and with ENOPROTOOPT for IP_BIND_ADDRESS_NO_PORT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.platforms import python_facts as facts
from conformance.platforms import wheels
from conformance.platforms.base import Finding, Interpreter, Report
from conformance.platforms.commands import run
from conformance.platforms.debian import Archive, unpack
from conformance.platforms.setup_stages import Recipe, Stage, built_aside, tidying
from conformance.platforms.unpacked_python import Tree

_RECIPE = Recipe("s390x", number=1, megabytes=400)
_QEMU = "usr/bin/qemu-s390x-static"
_PACKAGES = ("python3.11-minimal", "libpython3.11-stdlib")
_WHEELS = wheels.WheelTarget(
    ("manylinux2014_s390x", "manylinux_2_17_s390x", "manylinux_2_28_s390x", "manylinux_2_36_s390x"), "3.11"
)


@dataclass(frozen=True)
class S390x:
    """The big-endian platform."""

    name: str = "s390x"
    summary: str = "big-endian Linux userland: Debian bookworm for s390x, CPython 3.11, under qemu-user"
    stands_for: str = "linux"
    emulator: str | None = "qemu-user"

    def probe(self, cache: Path) -> Finding:
        """Check whether it is set up."""
        return _RECIPE.probe(cache)

    def setup(self, cache: Path, report: Report) -> None:
        """Fetch, unpack and compile about 78 MB of packages. Raises `SetupError`."""
        folder = _RECIPE.folder(cache)
        tree = _tree(cache)
        # Do not create tmp, proc or dev below the root: qemu -L would prefer them to the host's.
        launcher: list[str | Path] = [folder / "qemu" / _QEMU, "-L", tree.root, "-0"]
        stages = [
            Stage("qemu", lambda: _fetch_qemu(folder, report)),
            *tree.stages(lambda: launcher, report),
            tidying(folder, "apt", "apt-qemu", "debs"),
        ]
        _RECIPE.carry_out(cache, stages, lambda: _state_facts(cache), report)

    def install(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        """Install packages into its site-packages. Raises `SetupError`."""
        tree = _tree(cache)
        with _RECIPE.changing(cache, report):
            wheels.install(_WHEELS, tree.site_packages, requirements, report)
            tree.compile(tree.site_packages, report)

    def interpreter(self, cache: Path) -> Interpreter:
        """Its interpreter; no other program has to run."""
        _RECIPE.require(cache)
        return _tree(cache).interpreter()

    def leave(self, cache: Path) -> None:
        """Do nothing: no program is running."""

    def clean(self, cache: Path) -> None:
        """Remove it from the cache."""
        _RECIPE.clean(cache)


def _tree(cache: Path) -> Tree:
    return Tree(_RECIPE.folder(cache), "bookworm", "s390x", _PACKAGES, "python3.11", "python3.11")


def _fetch_qemu(folder: Path, report: Report) -> None:
    archive = Archive("bookworm", "amd64", folder / "apt-qemu")
    archive.refresh(report)
    debs = archive.fetch(archive.exactly(["qemu-user-static"]), folder / "debs", report)
    with built_aside(folder / "qemu") as aside:
        unpack(debs, aside, only=[f"./{_QEMU}"])


def _state_facts(cache: Path) -> Mapping[str, str]:
    version = run([_RECIPE.folder(cache) / "qemu" / _QEMU, "--version"], purpose="starting qemu", timeout=30)
    stated = facts.ask(_tree(cache).interpreter())
    return {**stated, "emulator": f"qemu-user {version.split()[2]}", "userland": "Debian bookworm"}
