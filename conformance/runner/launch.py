"""How a worker is started: the command line, and what it is told about its surroundings."""

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
class Surroundings:
    """What the user asked for on behalf of all workers."""

    inet_address: str | None = None
    """An address of this machine that serves where namespaces are not to be had."""
    hosts: bool = False
    """Whether any cell needs hosts, so that the worker is started through the provisioner."""
    evidence: bool = False
    """Whether workers tell the state of each socket after each step."""
    taped: bool = False
    """Whether the worker's sockets are taped, so that cells can have tapes."""
    capture: bool = False
    """Whether workers tell all packets."""


def package_root() -> str:
    """The folder that holds the ``conformance`` package."""
    return str(Path(__file__).resolve().parents[2])


def worker_command(interpreter: Interpreter, surroundings: Surroundings) -> list[str]:
    """The command line of a worker; through the provisioner where hosts are wanted and not given by the user."""
    settings = _settings(interpreter, surroundings)
    plain = [*interpreter.argv, "-B", "-c", _BOOT]
    if surroundings.hosts and not surroundings.inet_address:
        settings["why_not"] = _no_hosts(interpreter)
        if not settings["why_not"]:
            return [sys.executable, "-B", "-c", _PROVISION, package_root(), json.dumps(settings), *plain]
    return [*plain, json.dumps(settings)]


def worker_environment(interpreter: Interpreter) -> dict[str, str]:
    """The environment of a worker."""
    return {**interpreter.environ(), "PYTHONUNBUFFERED": "1"}


def _settings(interpreter: Interpreter, surroundings: Surroundings) -> dict[str, Any]:
    """What a worker is told when it starts. Only a worker of our own Python may use what is installed for it."""
    path = [os.getcwd(), *filter(None, sys.path)] if interpreter is OWN else [os.getcwd()]
    settings: dict[str, Any] = {
        "package": interpreter.guest_path(package_root()),
        "path": [interpreter.guest_path(each) for each in path],
    }
    if surroundings.evidence:
        settings["evidence"] = True
    if surroundings.capture:
        settings["capture"] = True
    if surroundings.taped:
        settings["taped"] = True
    if surroundings.inet_address:
        address = surroundings.inet_address
        settings["hosts"] = {name: [None, address, address] for name in ("client", "server")}
    return settings


def _no_hosts(interpreter: Interpreter) -> str:
    """Why two hosts cannot even be tried; empty where they can."""
    if sys.platform != "linux":
        return "two hosts need Linux network namespaces; --inet-address names an address to use instead"
    if emulator() == "qemu-user":
        return "qemu-user does not pass on what the kernel answers over rtnetlink, by which links are made"
    if interpreter.drive:
        return "sockets of Wine live in its server, outside the worker's network namespaces"
    return ""
