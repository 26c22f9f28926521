"""The contract that every registered platform keeps, on any host."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import conformance.platforms
from conformance.platforms import PLATFORMS, SetupError, doctor

EMULATED = ("s390x", "windows-wine")
PACKAGE = Path(conformance.platforms.__file__).parent
EVERY = pytest.mark.parametrize("name", list(PLATFORMS))


@EVERY
def test_a_platform_is_registered_under_its_own_name(name: str) -> None:
    platform = PLATFORMS[name]
    assert platform.name == name
    assert platform.summary
    assert platform.stands_for in {"linux", "windows", "darwin", "host"}
    assert (platform.emulator is not None) == (name in EMULATED)


@EVERY
def test_a_probe_of_an_empty_cache_is_quick_and_creates_nothing(name: str, tmp_path: Path) -> None:
    PLATFORMS[name]
    started = time.monotonic()
    finding = PLATFORMS[name].probe(tmp_path / "cache")
    assert time.monotonic() - started < 5  # aims at 1 s; a busy machine may take longer
    assert finding.detail
    assert not (tmp_path / "cache").exists()


@EVERY
@pytest.mark.usefixtures("no_tools")
def test_a_host_without_tools_gets_a_plain_reason(name: str, tmp_path: Path, report: Callable[[str], None]) -> None:
    finding = PLATFORMS[name].probe(tmp_path / "cache")
    assert not finding.available
    with pytest.raises(SetupError, match=r"needs a|Debian has no packages") as caught:
        PLATFORMS[name].setup(tmp_path / "cache", report)
    assert "Traceback" not in str(caught.value)


@EVERY
@pytest.mark.usefixtures("no_tools")
def test_what_is_not_there_cannot_be_entered_but_left_and_cleaned(name: str, tmp_path: Path) -> None:
    platform = PLATFORMS[name]
    with pytest.raises(SetupError):
        platform.interpreter(tmp_path / "cache")
    platform.leave(tmp_path / "cache")
    platform.clean(tmp_path / "cache")


def test_the_doctor_answers_in_the_order_asked_for(tmp_path: Path) -> None:
    answers = doctor(["windows-wine", "s390x"], tmp_path)
    assert [platform.name for platform, _ in answers] == ["windows-wine", "s390x"]
    assert not any(finding.available for _, finding in answers)


def test_an_unknown_name_is_not_in_the_table(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="amiga"):
        doctor(["amiga"], tmp_path)


def test_importing_the_registry_loads_no_platform() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parents[1])!r}); import conformance.platforms;"
        " print(sorted(name for name in sys.modules if name.startswith('conformance.platforms.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.rsplit(".", 1)[1] for name in ast.literal_eval(done.stdout)}
    assert loaded == {"base", "cache", "registry"}


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_the_package_imports_only_itself_and_the_standard_library(file: Path) -> None:
    allowed = {*sys.stdlib_module_names, "__future__"}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        foreign = [m for m in modules if m.split(".")[0] not in allowed]
        assert all(name.startswith("conformance.platforms") for name in foreign)
