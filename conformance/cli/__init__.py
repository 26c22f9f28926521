"""The command line: one module per command, imported when the command is called."""

from __future__ import annotations

import importlib
import sys

import click

import conformance
from conformance.cli.exits import Exit
from conformance.cli.interruption import Interruption, interruptible
from conformance.cli.outlets import outlets
from conformance.model.errors import HarnessError, RecordError, RecordInUse, ScenarioError

_COMMANDS = {
    "run": "Run scenarios; write records and a report.",
    "compare": "Compare records: which agree, and where the others differ.",
    "show": "Run one scenario and draw what happened.",
    "list": "List scenarios, transports, implementations, operations, faults, platforms, claims, mutants.",
    "check": "Check scenario files; show every mistake with its place.",
    "claims": "Say which claims of the HOWTO hold, here or on the platform of a record.",
    "export": "Write a scenario as a Python program that needs the standard library only.",
    "schema": "Print the JSON Schema of scenario files, for editors.",
    "platforms": "Set up, check and remove the platforms that scenarios can run on.",
    "tape": "Play short sends, short receives and would-blocks below an implementation.",
    "sensitivity": "Run mutants: which scenarios kill which, and which survive.",
}
"""Every command and its summary. The module of the same name, or of that in ``_MODULES``, defines ``command``."""

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(conformance.__version__, prog_name="conformance")
def cli() -> None:
    """Run scenarios for sockets on this machine and others, and compare the results.

    \b
      conformance run                    run everything, write reports/runs/
      conformance run --transport unix   only on one transport or group
      conformance show half-close-request-reply   one scenario as a sequence diagram
      conformance compare A.jsonl B.jsonl

    Exit status: 0 nothing unexpected, 1 something unexpected or inconclusive, 2 wrong usage or invalid files,
    3 nothing ran, or not where it was asked for, 4 a fault of conformance itself or lost output, 130 interrupted.
    """


def main() -> None:
    """Runs the command line and exits."""
    with interruptible() as interruption, outlets() as outlet:
        status = _status(interruption)
        sys.stdout.flush()
        if outlet is not None and outlet.lost:
            click.echo(f"conformance: standard output cannot be written: {outlet.lost}", err=True)
            status = status or Exit.FAULT
    sys.exit(int(status))


def _status(interruption: Interruption) -> Exit:
    """What the command ends with; whatever ends it early says so on standard error."""
    try:
        status = Exit(cli.main(prog_name="conformance", standalone_mode=False) or 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        status = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (ScenarioError, RecordError, RecordInUse) as error:
        return _ended(str(error), Exit.USAGE)
    except HarnessError as error:
        return _ended(f"conformance: {error}", Exit.FAULT)
    except Exception:  # noqa: BLE001 (the last resort: a fault of ours, which the user is asked to report)
        import traceback

        return _ended(f"{traceback.format_exc()}This is a fault of conformance itself; please report it.", Exit.FAULT)
    return _ended(interruption.message, status) if status is Exit.INTERRUPTED else status


def _ended(message: str, status: Exit) -> Exit:
    click.echo(message, err=True)
    return status
