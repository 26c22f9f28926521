"""How a worker is started: its command line, its environment and its settings."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.platforms.base import Interpreter
from conformance.worker.host.host_facts import emulator

_BOOT = (
    "import json,sys;s=json.loads(sys.argv[1]);sys.path.insert(0,s['package']);"
    "from conformance.worker.serve import main;main(s)"
)
_PROVISION = (
    "import sys;sys.path.insert(0,sys.argv.pop(1));from conformance.worker.network.provisioner import main;main()"
)

OWN = Interpreter((sys.executable,), unset=())
"""The Python that runs the controller."""


@dataclass(frozen=True)
class WorkerOptions:
    """What the user asked for that all workers must know."""

    inet_address: str | None = None
    """An address of this machine, for both hosts, where no namespaces can be made."""
    hosts: bool = False
    """Whether any cell needs hosts, so that the worker is started through the provisioner."""
    evidence: bool = False
    """Whether workers report the state of each socket after each step."""
    taped: bool = False
    """Whether the worker's sockets are taped, so that cells can have tapes."""
    capture: bool = False
    """Whether workers report all packets."""


def package_root() -> str:
    """The folder that holds the ``conformance`` package."""
    return str(Path(__file__).resolve().parents[2])


def worker_command(interpreter: Interpreter, options: WorkerOptions) -> list[str]:
    """The command line of a worker; through the provisioner where hosts are needed and the user gave no address."""
    settings = _settings(interpreter, options)
    plain = [*interpreter.argv, "-B", "-c", _BOOT]
    if options.hosts and not options.inet_address:
        settings["why_not"] = _no_hosts(interpreter)
        if not settings["why_not"]:
            return [sys.executable, "-B", "-c", _PROVISION, package_root(), json.dumps(settings), *plain]
    return [*plain, json.dumps(settings)]


def worker_environment(interpreter: Interpreter) -> dict[str, str]:
    """The environment of a worker."""
    return {**interpreter.environ(), "PYTHONUNBUFFERED": "1"}


def _settings(interpreter: Interpreter, options: WorkerOptions) -> dict[str, Any]:
    """The settings of a worker. Only a worker of the controller's Python may import what is installed for it."""
    path = [os.getcwd(), *filter(None, sys.path)] if interpreter is OWN else [os.getcwd()]
    settings: dict[str, Any] = {
        "package": interpreter.guest_path(package_root()),
        "path": [interpreter.guest_path(each) for each in path],
    }
    settings.update({name: True for name in ("evidence", "capture", "taped") if getattr(options, name)})
    if options.inet_address:
        address = options.inet_address
        settings["hosts"] = {name: [None, address, address] for name in ("client", "server")}
    return settings


def _no_hosts(interpreter: Interpreter) -> str:
    """Why two hosts cannot be made here; empty where the provisioner may try."""
    if sys.platform != "linux":
        return "two hosts need Linux network namespaces; --inet-address names an address to use instead"
    if emulator() == "qemu-user":
        return "qemu-user does not pass on what the kernel answers over rtnetlink, by which links are made"
    if interpreter.drive:
        return "sockets of Wine live in its server, outside the worker's network namespaces"
    return ""
