"""All modules that a worker imports also run under Python 3.9."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from test_layers import ROOT, modules, reachable

WORKER_MODULES = sorted(reachable("conformance.worker"))


def python39() -> str | None:
    """A Python 3.9 of this machine: one that pyenv has built, or one that is called python3.9."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    built = [str(path) for path in sorted(versions.glob("3.9.*/bin/python3.9"))]
    return next(filter(_starts, [*built, shutil.which("python3.9") or ""]), None)


def _starts(path: str) -> bool:
    """Whether this is a Python 3.9, and not a stand-in for one that is not installed."""
    if not path:
        return False
    ask = "import sys; print(sys.version_info[:2])"
    done = subprocess.run([path, "-c", ask], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() == "(3, 9)"


@pytest.mark.parametrize("module", WORKER_MODULES)
def test_a_module_of_the_worker_keeps_to_the_grammar_of_3_9(module):
    path = modules()[module]
    ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 9))


def test_the_worker_is_imported_by_a_real_python_3_9():
    python = python39()
    if python is None:
        pytest.skip("no Python 3.9 on this machine, neither in pyenv's folder nor on the PATH")
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport importlib\n" + "\n".join(
        f"importlib.import_module({module!r})" for module in WORKER_MODULES
    )
    done = subprocess.run([python, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
