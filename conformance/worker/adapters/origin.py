"""Where an implementation comes from: the file that was imported, and the version of the distribution that owns it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Optional
from urllib.parse import unquote, urlsplit

from conformance.worker.adapters import ADAPTERS
from conformance.worker.adapters.importing import split


def origin_of(implementation: str) -> tuple[Optional[str], Optional[str]]:
    """The file of an imported implementation's module, and its version; None for each that cannot be known."""
    row = ADAPTERS.get(implementation)
    name = row.library if row else split(implementation)[0]
    if name.endswith(".py"):
        return os.path.abspath(name), None
    file = getattr(sys.modules.get(name), "__file__", None)
    return file, _version(name.partition(".")[0], file) if file else None


def _version(package: str, file: str) -> Optional[str]:
    """The version of the distribution that owns a file; else what the package itself states as its version."""
    for distribution in _candidates(package):
        with contextlib.suppress(Exception):  # metadata may be damaged, and there may be several
            if any(_is_below(file, folder) for folder in _folders(distribution)):
                return str(distribution.version)
    stated = getattr(sys.modules.get(package), "__version__", None)
    return stated if isinstance(stated, str) else None


def _candidates(package: str) -> Iterator[Any]:
    """The distributions that say that they hold a package, by their name or by their list of packages."""
    from importlib import metadata  # only here: it takes its time to import

    with contextlib.suppress(metadata.PackageNotFoundError, ValueError):
        yield metadata.distribution(package)
    for distribution in metadata.distributions():
        with contextlib.suppress(Exception):
            if package in (distribution.read_text("top_level.txt") or "").split():
                yield distribution
    for distribution in metadata.distributions():
        with contextlib.suppress(Exception):
            if any(each.parts[0] in (package, f"{package}.py") for each in distribution.files or ()):
                yield distribution


def _folders(distribution: Any) -> Iterator[str]:
    """The folders below which a distribution has its modules: where it is installed, or its checkout if editable."""
    yield str(distribution.locate_file(""))
    url = json.loads(distribution.read_text("direct_url.json") or "{}")
    if url.get("dir_info", {}).get("editable"):
        yield unquote(urlsplit(url["url"]).path)


def _is_below(file: str, folder: str) -> bool:
    inner, outer = os.path.realpath(file), os.path.realpath(folder)
    return inner.startswith(os.path.join(outer, ""))
