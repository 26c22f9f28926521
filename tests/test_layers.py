"""The layers: imports point down only, and a worker needs nothing but the standard library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "conformance"

BELOW: dict[str, tuple[str, ...]] = {
    "model": (),
    "tape": (),
    "tables": ("model",),
    "engine": ("model", "tables"),
    "language": ("model", "tables", "engine"),
    "worker": ("model", "tables", "engine", "tape"),
    "wrong": ("model", "tables", "engine", "worker"),
    "report": ("model", "tables", "engine", "language"),
    "platforms": ("model",),
    "runner": ("model", "tables", "engine", "language", "worker", "wrong", "report", "platforms", "tape"),
}
"""Each layer and those that it may import, beside itself; what is not listed here (the top) may import anything."""

TOP = {"cli", "pytest_plugin", "__main__", "__init__"}


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(path: Path) -> str:
    """The dotted name of a file of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str:
    """The layer that a module belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path: Path) -> Iterator[tuple[str, int, bool]]:
    """What a file imports: dotted name, line, and whether within a function."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    lazy = {inner for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, node in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            # "from package import name" imports a module where there is one of that name
            yield from ((f"{node.module}.{alias.name}", node.lineno, node in lazy) for alias in node.names)


def resolved(name: str, known: dict[str, Path]) -> str:
    """The module that an imported name is in."""
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name


def from_ours(path: Path) -> Iterator[tuple[str, int]]:
    """What a file imports of our package: module and line."""
    known = modules()
    for name, line, _ in imports_of(path):
        if name.split(".")[0] == "conformance":
            yield resolved(name, known), line


def reachable(start: str) -> set[str]:
    """Every module of ours that is imported when those whose names begin so are, directly or not."""
    known = modules()
    found: set[str] = set()
    waiting = [name for name in known if name == start or name.startswith(start + ".")]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        waiting += [imported for imported, _ in from_ours(known[name])]
        waiting.append(name.rpartition(".")[0])  # a package is imported before its modules
    return found


def test_every_module_belongs_to_a_layer():
    assert {layer_of(name) for name in modules()} <= set(BELOW) | TOP


@pytest.mark.parametrize("layer", BELOW)
def test_imports_point_down_only(layer):
    allowed = {layer, *BELOW[layer]}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in modules().items()
        if layer_of(name) == layer
        for imported, line in from_ours(path)
        if imported != "conformance" and layer_of(imported) not in allowed
    ]
    assert wrong == []


def test_no_two_layers_may_import_each_other():
    for layer, below in BELOW.items():
        assert all(layer not in BELOW[other] for other in below)


def test_what_a_worker_reaches_imports_the_standard_library_only():
    known = modules()
    foreign = [
        f"{known[module].relative_to(ROOT)}:{line} imports {name}"
        for module in sorted(reachable("conformance.worker"))
        for name, line, _ in imports_of(known[module])
        if name.split(".")[0] not in {*sys.stdlib_module_names, "conformance"}
    ]
    assert foreign == []


def test_a_worker_does_not_reach_what_only_the_controller_needs():
    above = {"language", "report", "runner", "platforms", "cli", "pytest_plugin", "wrong"}
    assert {name for name in reachable("conformance.worker") if layer_of(name) in above} == set()
    assert "conformance.tables.claims" not in reachable("conformance.worker")


def test_third_party_modules_are_imported_within_functions_in_the_lower_layers():
    eager = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in modules().items()
        if layer_of(module) in ("model", "tables", "engine", "worker")
        for name, line, lazy in imports_of(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "conformance"}
        and not (lazy and module == "conformance.tables.claims")
    ]
    assert eager == []


def test_a_worker_starts_without_site_packages():
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import conformance.worker.serve\n"
        "strange = [name for name, module in sys.modules.items()\n"
        "           if 'site-packages' in str(getattr(module, '__file__', '')) or name.partition('.')[0] == 'yaml']\n"
        "assert not strange, strange\n"
        "print('conformance.worker.serve' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("True", "")
