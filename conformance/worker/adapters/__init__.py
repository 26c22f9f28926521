"""What is under test, reached through an adapter. The registry names those that come with the project."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

from conformance.worker.adapters.shaped import ShapedAdapter
from conformance.worker.adapters.stdlib import StdlibAdapter

ADAPTERS: dict[str, tuple[str, str]] = {
    "stdlib": ("conformance.worker.adapters.stdlib:StdlibAdapter", "the socket module of this Python"),
    "gevent": ("conformance.worker.adapters.gevent_adapter:GeventAdapter", "gevent.socket, in a hub for each thread"),
    "trio": ("conformance.worker.adapters.trio_adapter:TrioAdapter", "trio.socket, each call awaited in its thread"),
}
"""Name to (adapter class, what it is). Adapters of libraries that may be absent are imported when they are used."""


class NoSuchImplementation(Exception):  # noqa: N818 (the user's mistake; the message is the whole story)
    """The implementation cannot be found or imported; the message says why."""


def adapter_for(implementation: str) -> ShapedAdapter:
    """The adapter of a registered name, of ``package.module:Name``, or of ``path/to/file.py:Name``."""
    if implementation in ADAPTERS:
        made: ShapedAdapter = _imported(ADAPTERS[implementation][0])()
        return made
    target = _imported(implementation)
    if isinstance(target, type) and issubclass(target, ShapedAdapter):
        return target()  # type: ignore[call-arg]  # an adapter that is registered takes no arguments
    return ShapedAdapter(target, implementation)


def _imported(reference: str) -> Any:
    module_name, _, attribute = reference.rpartition(":")
    if not module_name:
        module_name, attribute = reference, ""
    try:
        found = _module(module_name)
        for part in attribute.split(".") if attribute else ():
            found = getattr(found, part)
    except Exception as error:  # noqa: BLE001 (importing foreign code may raise anything; it is reported as such)
        raise NoSuchImplementation(f"{reference}: {type(error).__name__}: {error}") from None
    return found


def _module(name: str) -> Any:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    module_name = os.path.splitext(os.path.basename(name))[0]
    spec = importlib.util.spec_from_file_location(module_name, os.path.abspath(name))
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python file {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


__all__ = ["ADAPTERS", "NoSuchImplementation", "ShapedAdapter", "StdlibAdapter", "adapter_for"]
