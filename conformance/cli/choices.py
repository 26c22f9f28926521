"""Options that several commands share, and checks of the names that the user gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from conformance.model.examined import Examined
    from conformance.platforms import Interpreter

NATIVE = "native"
"""The platform that needs no setup: this Python on this machine."""

cells_at_once = click.option(
    "-n", "workers", type=click.IntRange(0, 64), default=0, metavar="N",
    help="Cells at once; default: four for each processor and two more, at most sixteen.",
)  # fmt: skip
"""The option of commands that run several cells at once; 0 stands for ``default_workers``."""


class Name(click.Choice[str]):
    """A name from a table; the message about an unknown name suggests the nearest."""

    def __init__(self, what: str, names: Iterable[str]) -> None:
        super().__init__(list(names))
        self._what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if the table has it."""
        if value not in self.choices:
            from conformance.language.suggestions import unknown

            raise click.UsageError(unknown(self._what, value, self.choices), ctx)
        return str(value)


def usable(interpreter: Interpreter, implementations: Sequence[str], platform: str) -> dict[str, Examined]:
    """What one worker of a platform finds out about implementations; wrong usage where one cannot be used there."""
    from conformance.runner.examining import examined

    found = examined(interpreter, implementations)
    refused = [_there(each, platform).mistake for each in found.values() if each.reason]
    if refused:
        raise click.ClickException("\n".join(refused))
    for each in found.values():
        if each.note:
            click.echo(f"note: {each.note}", err=True)
    return found


def _there(found: Examined, platform: str) -> Examined:
    """The findings with the remedy for the Python of another platform, which has no pip."""
    from conformance.worker.adapters import ADAPTERS

    if platform == NATIVE or found.absent not in ADAPTERS:
        return found
    how = f"PLATFORMS[{platform!r}].install() of conformance.platforms installs packages there"
    return dataclasses.replace(found, remedy=how)
