"""``conformance schema``: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from conformance.cli.exits import Exit
from conformance.cli.terminal import print_json


@click.command("schema")
def command() -> int:
    """Print the JSON Schema of scenario files.

    Editors use it for completion and hover: put "# yaml-language-server: $schema=FILE" at the top of a file.
    """
    from conformance.language.json_schema import schema

    print_json(schema())
    return Exit.NOTHING_UNEXPECTED
