"""The layers: imports point down only, and a worker needs nothing but the standard library."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
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
    "tables": (),
    "engine": ("model", "tables"),
    "language": ("model", "tables", "engine"),
    "platforms": (),
    "worker.host": (),
    "worker.adapters": ("model", "tables"),
    "worker.network": ("model", "tables", "worker.host"),
    "worker.observing": ("model", "tables", "worker.network"),
    "worker.waiting": ("model", "worker.host"),
    "worker.calls": ("model", "tables", "engine", "tape", "worker.adapters", "worker.network", "worker.waiting"),
    "worker.actors": (
        "model", "tables", "engine", "worker.adapters", "worker.calls", "worker.network", "worker.waiting",
    ),
    "worker.faults": (
        "model", "tables", "worker.actors", "worker.calls", "worker.network", "worker.waiting",
    ),
    "worker": (
        "model", "tables", "engine", "tape", "worker.actors", "worker.adapters", "worker.calls", "worker.faults",
        "worker.host", "worker.network", "worker.observing", "worker.waiting",
    ),
    "mutants": (),
    "wrong": ("mutants",),
    "report": ("model", "tables", "engine", "language"),
    "report.html": ("model", "tables", "engine", "language", "report"),
    "export": ("model", "tables", "engine"),
    "reference": ("model", "tables", "engine", "language", "report"),
    "runner": (
        "model", "tables", "engine", "language", "platforms", "tape", "mutants", "report", "worker", "worker.adapters",
        "worker.host", "worker.network",
    ),
    "pytest_plugin": ("model", "tables", "language", "platforms", "runner"),
    "cli": (
        "model", "tables", "engine", "language", "platforms", "tape", "mutants", "report", "report.html", "export",
        "runner", "worker.adapters",
    ),
    "__main__": ("cli",),
    "__init__": (),
}  # fmt: skip
"""Each room and those that it may import, beside itself. A room is a folder of the package or of ``worker``, or a
module at the top. Every entry is needed: a test says so. Any room may import ``conformance`` for its version."""


@functools.lru_cache(maxsize=1)
def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(path: Path) -> str:
    """The dotted name of a file of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    first, *rest = module.split(".")[1:] or ["__init__"]
    inner = f"{first}.{rest[0]}" if rest else ""
    return inner if (PACKAGE / inner.replace(".", "/")).is_dir() and inner else first


def imports_of(path: Path) -> Iterator[tuple[str, int, bool]]:
    """The imports of a file: dotted name, line, and whether within a function."""
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


@functools.cache
def from_ours(path: Path) -> list[tuple[str, int]]:
    """The imports of a file from our package: module and line."""
    known = modules()
    imported = [(resolved(name, known), line) for name, line, _ in imports_of(path) if name.startswith("conformance")]
    return imported + [(name, line) for name, line in named_in_strings(path) if name in known]


def named_in_strings(path: Path) -> Iterator[tuple[str, int]]:
    """Modules that a file names in its strings other than docstrings: code for ``-c``, and tables of classes."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            for found in re.findall(r"\bconformance(?:\.\w+)+", node.value):
                yield found, node.lineno


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


def test_every_module_belongs_to_a_room():
    assert {room_of(name) for name in modules()} == set(BELOW)


def imports_between_rooms(room: str) -> list[tuple[str, str]]:
    """What the modules of a room import of other rooms: where, and the room."""
    return [
        (f"{path.relative_to(ROOT)}:{line} imports {imported}", room_of(imported))
        for name, path in modules().items()
        if room_of(name) == room
        for imported, line in from_ours(path)
        if imported != "conformance" and room_of(imported) != room
    ]


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_what_the_table_allows(room):
    assert [where for where, other in imports_between_rooms(room) if other not in BELOW[room]] == []


@pytest.mark.parametrize("room", BELOW)
def test_the_table_allows_no_more_than_a_room_needs(room):
    assert {other for _, other in imports_between_rooms(room)} == set(BELOW[room])


def test_no_room_leads_back_to_itself():
    graphlib.TopologicalSorter(BELOW).prepare()


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
    above = {"language", "report", "reference", "runner", "platforms", "cli", "pytest_plugin", "mutants"}
    assert {name for name in reachable("conformance.worker") if room_of(name) in above} == set()
    assert "conformance.language.howto_claims" not in reachable("conformance.worker")


def test_the_lower_rooms_import_the_standard_library_only():
    foreign = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in modules().items()
        if room_of(module) in ("model", "tables", "engine", "tape")
        for name, line, _ in imports_of(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "conformance"}
    ]
    assert foreign == []


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


def test_the_page_on_design_has_the_same_table():
    text = (ROOT / "docs" / "design.md").read_text("utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    shown = {room: imports for rooms, _, imports in rows for room in re.findall(r"`([a-z_.]+)`", rooms)}
    assert set(shown) == set(BELOW) - {"wrong", "__main__", "__init__"}
    for room, imports in shown.items():
        if "rooms" not in imports:
            below = {name.removeprefix("worker.") for name in BELOW[room]} or {"nothing"}
            assert (room, set(imports.split(", "))) == (room, below)
