"""From the name of an implementation to the object that it names. Every failure is one sentence and a remedy."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import Any

ADAPTER_NEEDED = "a library of another shape needs an adapter (docs/contributing.md)"

_SHAPE = ("connect", "send", "recv", "close")
"""Methods that anything shaped like a socket has."""

_CLASSES_SHOWN = 3


class NoSuchImplementation(Exception):  # noqa: N818 (the user's mistake; the message says all)
    """The implementation cannot be imported or called: ``reason``, ``remedy`` and the ``absent`` package, if any."""

    def __init__(self, reason: str, remedy: str = "", absent: str = "") -> None:
        super().__init__(f"{reason}; {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy
        self.absent = absent


def split(reference: str) -> tuple[str, str]:
    """The module or file that a reference names, and the attribute in it (or '')."""
    if reference.endswith(".py") or ":" not in reference:
        return reference, ""
    module, _, attribute = reference.rpartition(":")
    return module, attribute


def target_of(reference: str, known: Iterable[str] = ()) -> Any:
    """The class, factory or module that a reference names; ``known`` are other names that could be meant."""
    name, attribute = split(reference)
    found = module_of(name, known)
    for part in attribute.split(".") if attribute else ():
        found = _attribute(found, part, name)
    return _checked(found, reference)


def module_of(name: str, known: Iterable[str] = ()) -> Any:
    """The module of this name, or of this file; NoSuchImplementation whatever its import raises."""
    try:
        return _of_file(name) if name.endswith(".py") else importlib.import_module(name)
    except NoSuchImplementation:
        raise
    except SyntaxError as error:
        where = f"{error.filename}:{error.lineno}" if error.filename else name
        python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
        raise NoSuchImplementation(f"{where}: {words(error.msg)}", f"{python} cannot read that line") from None
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise _absent(error.name, known) from None
        missing = f"{_place(error)} imports {error.name}, which is not installed"
        raise NoSuchImplementation(missing, f"install it for {sys.executable}") from None
    except SystemExit as error:
        reason = f"{_place(error)} ends the program (SystemExit) while it is imported"
        raise NoSuchImplementation(reason, 'move that below if __name__ == "__main__"') from None
    except BaseException as error:  # noqa: BLE001 (importing foreign code may raise anything)
        shown = name if name.endswith(".py") else f'-c "import {name}"'
        reason = f"importing {name} raised {failure(error)} at {_place(error)}"
        raise NoSuchImplementation(reason, f"{sys.executable} {shown} shows all of it") from None


def failure(error: BaseException) -> str:
    """An exception in one line, whatever its own words are."""
    try:
        text = words(str(error))
    except Exception:  # noqa: BLE001 (the implementation's own __str__)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def words(text: str) -> str:
    """Text as one line without a full stop."""
    return " ".join(text.split()).rstrip(".")


def _absent(module: str, known: Iterable[str]) -> NoSuchImplementation:
    near = difflib.get_close_matches(module, list(known), 1)
    names = f"an adapter ({', '.join(known)}), " if known else ""
    remedy = f'did you mean "{near[0]}"?' if near else f"name {names}module:Name or file.py:Name"
    return NoSuchImplementation(f"there is no module {module} for {sys.executable}", remedy, module)


def _of_file(name: str) -> ModuleType:
    path = os.path.abspath(name)
    if not os.path.isfile(path):
        raise NoSuchImplementation(f"there is no file {name}", f"paths begin at {os.getcwd()}")
    module_name = os.path.splitext(os.path.basename(name))[0]
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None  # the suffix is .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def _place(error: BaseException) -> str:
    """The line of the imported module in which an exception came up."""
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [each for each in frames if "importlib" not in each.filename and each.filename != __file__]
    return f"{foreign[0].filename}:{foreign[0].lineno}" if foreign else "the module"


def _attribute(found: Any, name: str, module: str) -> Any:
    try:
        return getattr(found, name)
    except Exception:  # noqa: BLE001 (a module's or class's own __getattr__)
        near = difflib.get_close_matches(name, [each for each in dir(found) if isinstance(each, str)], 1)
        remedy = f'did you mean "{near[0]}"?' if near else _instead(found, module)
        raise NoSuchImplementation(f'{module} has no "{name}"', remedy) from None


def _checked(found: Any, reference: str) -> Any:
    """A class, a factory, or a module with one called ``socket``."""
    module = split(reference)[0]
    if not isinstance(found, ModuleType):
        if callable(found):
            return found
        reason = f"{reference} is of type {type(found).__name__}, which cannot be called"
        raise NoSuchImplementation(reason, "name a class or function")
    made = getattr(found, "socket", None)
    if callable(made):
        return found
    lacking = 'is a module without a class or function "socket"'
    if isinstance(made, ModuleType):
        lacking = f'is a module, and "socket" in it is the module {made.__name__}, which cannot be called'
    raise NoSuchImplementation(f"{reference} {lacking}", _instead(found, module))


def _instead(found: Any, module: str) -> str:
    """The remedy that names the first classes of a module that look like sockets, or hand on to one."""
    held = [each for each in getattr(found, "__dict__", {}).items() if isinstance(each[1], type)]
    own = [name for name, each in held if each.__module__ == getattr(found, "__name__", "") and _is_shaped(each)]
    names = [f"{module}:{name}" for name in own if not name.startswith("_")][:_CLASSES_SHOWN]
    if names:
        return f"name what makes sockets in it: {' or '.join(names)}"
    return f"nothing in it is shaped like socket.socket; {ADAPTER_NEEDED}"


def _is_shaped(cls: type) -> bool:
    return hasattr(cls, "__getattr__") or all(hasattr(cls, method) for method in _SHAPE)
