"""Names that the user chooses from a table: an unknown one is answered with the nearest."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click


class Name(click.Choice[str]):
    """One of some names."""

    def __init__(self, what: str, names: Iterable[str]) -> None:
        super().__init__(list(names))
        self._what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, where there is one like that."""
        if value not in self.choices:
            raise click.UsageError(unknown(self._what, value, self.choices), ctx)
        return str(value)


_LISTED = {"transport": "transports", "file, folder or scenario": "scenarios", "wrong implementation": "wrong"}
"""What ``conformance list`` calls the names that there are too many of for a message."""


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """The answer to a name that there is not."""
    from conformance.language.reading import nearest

    return f'no {what} "{name}"{nearest(name, names, _LISTED.get(what, ""))}'


def check_implementation(name: str, here: bool = True) -> None:
    """A usage error where neither an adapter, nor a file, nor a module can be meant by ``name``.

    ``here``: this Python is to import it, so that its source must be right by this Python, too.
    """
    from conformance.cli.foreseen import why_not
    from conformance.worker.adapters import ADAPTERS

    place = name.rpartition(":")[0] or name
    if name in ADAPTERS:
        return
    if place.endswith(".py"):
        if not Path(place).is_file():
            raise click.UsageError(f"no file {place} for the implementation {name}")
    elif not _importable(place.partition(".")[0]):
        known = unknown("implementation", name, ADAPTERS)
        known += "" if known.endswith("?") else "."
        raise click.UsageError(f"{known} Or name what can be imported: module:Name or file.py:Name")
    if here and (reason := why_not(name)):
        raise click.UsageError(reason)


def _importable(module: str) -> bool:
    """Whether a top-level module can be found, also in the current folder, as workers do."""
    here = Path(module)
    try:
        return here.is_dir() or here.with_suffix(".py").is_file() or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
