"""Whether an implementation can be had, as far as its source tells. It is read, never executed: workers do that."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from conformance.language.suggestions import nearest
from conformance.worker.adapters import ADAPTERS

_AT_WILL = {"__getattr__", "__path__", "exec", "globals", "locals", "modules", "setattr", "vars"}
"""Names in whose company a module may hold, or be, what its text does not show."""

_CLASSES_SHOWN = 3


class _Missing(Exception):  # noqa: N818 (it is the answer, not a failure)
    """What cannot be imported, and why, as the user is told."""


@dataclass
class _Names:
    """What the top level of a module binds."""

    bound: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    """Those that a plain ``import`` binds, and so are modules."""
    classes: list[str] = field(default_factory=list)
    at_will: bool = False
    """Whether the module may bind more than is seen."""


def why_not(implementation: str) -> str | None:
    """Why this Python cannot import an implementation; None where nothing speaks against it."""
    if implementation in ADAPTERS:
        return None
    module, _, attribute = implementation.rpartition(":") if ":" in implementation else (implementation, "", "")
    try:
        path = _file(module) if module.endswith(".py") else _source_of(module)
        if path is not None:
            _check(path, module, attribute.partition(".")[0])
    except _Missing as missing:
        return f"the implementation {implementation} cannot be imported: {missing}"
    return None


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise _Missing(f"there is no file {name}")
    return path


def _source_of(module: str) -> Path | None:
    """The source of a module, found without importing the packages around it; None where it cannot be known."""
    name, *parts = module.split(".")
    spec = top_level(name)
    if spec is None:
        raise _Missing(f"there is no module {name}")
    for part in parts:
        source, name = _text_of(spec), f"{name}.{part}"
        within = spec.submodule_search_locations
        try:
            found = None if within is None else PathFinder.find_spec(name, list(within))
        except (ImportError, KeyError, ValueError):
            return None
        if found is None:
            if source is None or _names_in(source, str(source)).at_will:
                return None
            raise _Missing(f"there is no module {name}")
        spec = found
    return _text_of(spec)


def top_level(name: str) -> ModuleSpec | None:
    """Where a module is found; the current folder goes before all else, as in workers."""
    try:
        return PathFinder.find_spec(name, [os.getcwd()]) or importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _text_of(spec: ModuleSpec) -> Path | None:
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") and spec.has_location else None


def _check(path: Path, module: str, attribute: str) -> None:
    names = _names_in(path, str(path) if module.endswith(".py") else module)
    if names.at_will or (path.name == "__init__.py" and _is_submodule(path.parent, attribute)):
        return
    if attribute and attribute not in names.bound:
        raise _Missing(f'{path} has no "{attribute}"{nearest(attribute, sorted(names.bound))}')
    if not attribute and "socket" not in names.bound - names.modules:
        raise _Missing(f'{path} has no class or factory "socket"{_instead(module, names.classes)}')


def _instead(module: str, classes: list[str]) -> str:
    named = " or ".join(f"{module}:{name}" for name in classes[:_CLASSES_SHOWN])
    return f"; name what is in it, such as {named}" if named else ""


def _is_submodule(package: Path, name: str) -> bool:
    """Whether an attribute of a package may be a module in it, which is there once somebody has imported it."""
    return bool(name) and ((package / name).is_dir() or any(package.glob(f"{name}.*")))


def _names_in(path: Path, shown: str) -> _Names:
    """What a source binds; _Missing with the line where this Python cannot parse it."""
    try:
        tree = ast.parse(path.read_bytes(), shown)
    except SyntaxError as error:
        raise _Missing(f"{path}:{error.lineno or 1}: {error.msg}") from None
    except ValueError as error:
        raise _Missing(f"{path}: {error}") from None
    except (MemoryError, OSError, RecursionError):  # a module in a zip file is right, too
        return _Names(at_will=True)
    names = _Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            names.bound.update(node.names)
        names.at_will = names.at_will or _is_at_will(node)
    for node in _of_the_top_level(tree):
        _bind(node, names)
    return names


def _is_at_will(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    name = getattr(node, "id", None) or getattr(node, "attr", None)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        name = node.name
    return name in _AT_WILL


def _of_the_top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that is executed when the module is imported, but for the bodies of classes."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _of_the_top_level(child)


def _bind(node: ast.AST, names: _Names) -> None:
    if isinstance(node, ast.ClassDef):
        names.classes.append(node.name)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        names.bound.add(node.name)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        names.bound.add(node.id)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        bound = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        names.bound |= bound
        names.modules |= bound if isinstance(node, ast.Import) else set()
