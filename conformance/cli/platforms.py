"""``conformance platforms``: sets up, checks and removes the platforms that scenarios can run on."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.table import Table

from conformance.cli import listing
from conformance.cli.exits import Exit
from conformance.cli.terminal import console, print_json
from conformance.platforms import PLATFORMS, Platform, SetupError, cache_directory, doctor

_NAMES = click.argument("names", nargs=-1, type=click.Choice(list(PLATFORMS)))


@click.group("platforms")
def command() -> None:
    """Set up, check and remove platforms. Downloads stay in one folder outside the repository."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_platforms(as_json: bool) -> int:
    """List the platforms of the registry."""
    return listing.print_list("platforms", as_json)


@command.command("doctor")
@_NAMES
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor_command(names: tuple[str, ...], as_json: bool) -> int:
    """Show which platforms can be used, and what the others lack."""
    found = doctor(list(names) or list(PLATFORMS), cache_directory())
    if as_json:
        print_json([{"name": platform.name, **_finding(finding)} for platform, finding in found])
        return Exit.NOTHING_UNEXPECTED
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for platform, finding in found:
        mark = "[green]ready[/]" if finding.available else "[yellow]not ready[/]"
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy else ""
        table.add_row(f"[cyan]{platform.name}[/]", mark, finding.detail + remedy)
    screen = console()
    screen.print(f"[dim]cache: {cache_directory()}[/]", soft_wrap=True)
    screen.print(table)
    return Exit.NOTHING_UNEXPECTED


def _finding(finding: object) -> dict[str, object]:
    return {key: getattr(finding, key) for key in ("available", "detail", "remedy", "facts")}


@command.command("setup")
@_NAMES
def setup(names: tuple[str, ...]) -> int:
    """Set platforms up. Finished parts are kept; an interrupted setup continues where it stopped."""
    return _each(names, lambda platform: platform.setup(cache_directory(), _reporter(platform)))


@command.command("clean")
@_NAMES
def clean(names: tuple[str, ...]) -> int:
    """Remove platforms from the cache."""
    return _each(names, lambda platform: platform.clean(cache_directory()))


def _reporter(platform: Platform) -> Callable[[str], None]:
    return lambda message: click.echo(f"{platform.name}: {message}")


def _each(names: tuple[str, ...], work: Callable[[Platform], None]) -> int:
    if not names:
        raise click.UsageError(f"name platforms: {', '.join(PLATFORMS)}")
    status = Exit.NOTHING_UNEXPECTED
    for name in names:
        try:
            work(PLATFORMS[name])
        except SetupError as error:
            click.echo(f"{name}: {error}", err=True)
            status = Exit.NOTHING_RAN
    return status
