"""Plain pytest on a foreign platform: the controller, its workers and the scenarios all run there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conformance.platforms import PLATFORMS, Interpreter, cache_directory

pytestmark = pytest.mark.platform

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGIN = "conformance.pytest_plugin"

LOOK = f"""
import importlib.metadata as metadata, importlib.util as util, json
missing = [name for name in ("pytest", "yaml", "click", "rich") if util.find_spec(name) is None]
points = metadata.entry_points(group="pytest11")
print(json.dumps([missing, any(point.value == {PLUGIN!r} for point in points)]))
"""


@pytest.mark.parametrize("name", ["s390x", "windows-wine"])
def test_plain_pytest_runs_scenarios_on_the_platform(name, tmp_path):
    cache = cache_directory()
    finding = PLATFORMS[name].probe(cache)
    if not finding.available:
        pytest.skip(f"{name}: {finding.detail}; {finding.remedy}")
    try:
        done = plain_pytest(PLATFORMS[name].interpreter(cache), tmp_path)
    finally:
        PLATFORMS[name].leave(cache)
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    assert " passed" in said.splitlines()[-1]


def plain_pytest(interpreter: Interpreter, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """pytest over a folder of scenarios, started there like a user's own; skips where it is not installed."""
    missing, registered = json.loads(run_there(interpreter, folder, "-c", LOOK).stdout)
    if missing:
        pytest.skip(f"not installed there: {', '.join(missing)}; install(cache, requirements, report) does it")
    plugin = () if registered else ("-p", PLUGIN)
    scenarios = interpreter.guest_path(REPOSITORY / "scenarios" / "binary")
    return run_there(interpreter, folder, "-m", "pytest", "-q", *plugin, "-p", "no:cacheprovider", scenarios)


def run_there(interpreter: Interpreter, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Python on the platform, with this repository's package."""
    return subprocess.run(
        [*interpreter.argv, *words],
        env={**interpreter.environ(), "PYTHONPATH": interpreter.guest_path(REPOSITORY)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=240,
        check=words[0] == "-c",
    )
