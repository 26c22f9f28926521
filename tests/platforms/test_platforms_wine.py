"""The parts of windows-wine that need no Wine process."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.platforms import windows_wine
from conformance.platforms.windows_wine import WindowsWine

pytest.importorskip("fcntl", reason="Wine runs on Linux")


def prefix(cache: Path, content: str) -> None:
    """A prefix whose server has noted its socket's folder."""
    folder = cache / "windows-wine" / "prefix"
    folder.mkdir(parents=True)
    (folder / "wineserver").write_text(content)


def test_clean_removes_the_sockets_folder_outside_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_wine, "_TEMPORARY", tmp_path)
    prefix(tmp_path / "cache", "wine-aB3dEf")
    (tmp_path / "wine-aB3dEf").mkdir()
    WindowsWine().clean(tmp_path / "cache")
    assert not (tmp_path / "wine-aB3dEf").exists()
    assert not (tmp_path / "cache" / "windows-wine").exists()


@pytest.mark.parametrize("content", ["", ".", "..", "wine-../../x", "/etc", "wine-toolong"])
def test_clean_removes_no_folder_that_wine_cannot_have_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(windows_wine, "_TEMPORARY", tmp_path / "temporary")
    kept = tmp_path / "temporary" / "wine-toolong"
    kept.mkdir(parents=True)
    prefix(tmp_path / "cache", content)
    WindowsWine().clean(tmp_path / "cache")
    assert kept.exists()


def test_wine_gets_no_variable_that_would_mislead_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "TMPDIR", "PYTHONPATH", "LD_PRELOAD"):
        monkeypatch.setenv(name, "misleading")
    environ = windows_wine._Layout(tmp_path).interpreter().environ()
    assert "misleading" not in environ.values()
    assert environ["WINEPREFIX"] == str(tmp_path / "prefix")
    assert environ["WINEDEBUG"] == "-all"
