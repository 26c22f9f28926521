"""Names that the user chooses from a table: an unknown one is answered with the nearest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from conformance.language.suggestions import unknown

cells_at_once = click.option(
    "-n", "workers", type=click.IntRange(0, 64), default=0, metavar="N",
    help="Cells at once; default: four for each processor and two more, at most sixteen.",
)  # fmt: skip
"""The option of the commands that run cells as ``default_workers`` says, unless told otherwise."""


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


def check_implementation(name: str, here: bool = True) -> None:
    """A usage error where neither an adapter, nor a file, nor a module can be meant by ``name``.

    ``here``: this Python is to import it, so that its source must be right by this Python, too.
    """
    from conformance.runner.importable import top_level, why_not
    from conformance.worker.adapters import ADAPTERS

    place = name.rpartition(":")[0] or name
    if name in ADAPTERS:
        return
    if place.endswith(".py"):
        if not Path(place).is_file():
            raise click.UsageError(f"no file {place} for the implementation {name}")
    elif top_level(place.partition(".")[0]) is None:
        known = unknown("implementation", name, ADAPTERS)
        known += "" if known.endswith("?") else "."
        raise click.UsageError(f"{known} Or name what can be imported: module:Name or file.py:Name")
    if here and (reason := why_not(name)):
        raise click.UsageError(reason)
