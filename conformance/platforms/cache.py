"""The folder of platforms that were set up: outside the repository, with one subfolder per platform."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_directory(environ: Mapping[str, str] | None = None, *, windows: bool | None = None) -> Path:
    """$CONFORMANCE_CACHE, else `conformance` in the user's cache folder. The folder may not exist yet."""
    variables = os.environ if environ is None else environ
    chosen = variables.get("CONFORMANCE_CACHE")
    return Path(chosen).absolute() if chosen else _user_cache(variables, windows) / "conformance"


def _user_cache(variables: Mapping[str, str], windows: bool | None) -> Path:
    if os.name == "nt" if windows is None else windows:
        return Path(variables.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    xdg = variables.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path is invalid and to be ignored.
    return Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache"
