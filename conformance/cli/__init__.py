"""The command line: one module per command, imported when the command is called."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from typing import Any

import click

import conformance
from conformance.cli.exits import Exit
from conformance.model.errors import HarnessError, RecordError, ScenarioError

_COMMANDS = {
    "run": "Run scenarios; write records and a report.",
    "compare": "Put records side by side: who did the same, and where they part.",
    "show": "Run one scenario and draw what happened.",
    "list": "List scenarios, transports, implementations, operations, faults, platforms, claims, mutants.",
    "check": "Check scenario files; every mistake with its place.",
    "claims": "The HOWTO claim by claim, on this platform or that of a record.",
    "schema": "Print the JSON Schema of scenario files, for editors.",
    "platforms": "Set up and look after the platforms that scenarios can run on.",
    "tape": "Play short sends, short receives and would-blocks below an implementation.",
    "sensitivity": "Run mutants: which scenarios kill which, and which survive.",
}
"""Every command and its summary; the module of the same name holds the function ``command``."""

_MODULES = {"list": "listing"}


class _Commands(click.Group):
    """Imports a command's module when it is called, so that start-up stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            from conformance.language.suggestions import unknown

            raise click.UsageError(unknown("command", cmd_name, _COMMANDS), ctx)
        module = importlib.import_module(f"conformance.cli.{_MODULES.get(cmd_name, cmd_name)}")
        found: click.Command = module.command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Calls the command; whoever reads its output may have read enough, and click would end that with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _forget_the_output()
            return Exit.NOTHING_UNEXPECTED

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(conformance.__version__, prog_name="conformance")
def cli() -> None:
    """Scenarios for sockets: what they do on this machine, and how that compares.

    \b
      conformance run                    run everything, write reports/runs/
      conformance run --transport unix   only on one transport or group
      conformance show half-close-request-reply   one scenario as a sequence diagram
      conformance compare A.jsonl B.jsonl

    Exit status: 0 nothing unexpected, 1 something unexpected or inconclusive, 2 wrong usage or invalid files,
    3 nothing ran, or not where it was asked for, 4 a fault of conformance itself, 130 interrupted.
    """


def main() -> None:
    """Runs the command line and exits."""
    _write_anything()
    try:
        status = cli.main(prog_name="conformance", standalone_mode=False)
    except click.exceptions.Abort:
        status = _told("interrupted", Exit.INTERRUPTED)
    except KeyboardInterrupt:
        status = _told("interrupted", Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        status = Exit.USAGE
    except (ScenarioError, RecordError) as error:
        status = _told(str(error), Exit.USAGE)
    except HarnessError as error:
        status = _told(f"conformance: {error}", Exit.FAULT)
    except Exception:  # noqa: BLE001 (the last resort: a fault of ours, told as such)
        import traceback

        status = _told(f"{traceback.format_exc()}This is a fault of conformance itself; please report it.", Exit.FAULT)
    sys.exit(int(status or 0))


def _write_anything() -> None:
    """What a terminal's encoding lacks is written as an escape, never answered with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget_the_output() -> None:
    """Whoever read it is gone; what is still buffered must not be complained of at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(message: str, status: Exit) -> Exit:
    click.echo(message, err=True)
    return status
