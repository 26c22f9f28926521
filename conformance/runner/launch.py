"""How a worker is started: the command line, and what it is told about its surroundings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BOOT = (
    "import json,sys;s=json.loads(sys.argv[1]);sys.path.insert(0,s['package']);"
    "from conformance.worker.serve import main;main(s)"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run workers: how it is called, and with what environment on top of ours."""

    argv: tuple[str, ...] = (sys.executable,)
    environment: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ("-B",)


@dataclass(frozen=True)
class Surroundings:
    """What the user asked for on behalf of all workers."""

    inet_address: str | None = None
    """An address of this machine that serves where namespaces are not to be had."""
    hosts: bool = False
    """Whether any cell needs hosts, so that the worker is started through the provisioner."""


def package_root() -> str:
    """The folder that holds the ``conformance`` package."""
    return str(Path(__file__).resolve().parents[2])


def worker_settings(surroundings: Surroundings) -> dict[str, Any]:
    """What a worker is told when it starts; the provisioner adds hosts."""
    settings: dict[str, Any] = {"package": package_root(), "path": [os.getcwd(), *filter(None, sys.path)]}
    if surroundings.inet_address:
        address = surroundings.inet_address
        settings["hosts"] = {name: [None, address, address] for name in ("client", "server")}
    return settings


def worker_command(interpreter: Interpreter, surroundings: Surroundings) -> list[str]:
    """The command line of a worker; through the provisioner where hosts are wanted and not given by the user."""
    settings = worker_settings(surroundings)
    plain = [*interpreter.argv, *interpreter.flags, "-c", _BOOT]
    if surroundings.hosts and not surroundings.inet_address and sys.platform == "linux":
        provision = [sys.executable, "-B", "-m", "conformance.runner.provision"]
        return [*provision, json.dumps(settings), *plain]
    if surroundings.hosts and not surroundings.inet_address:
        settings["why_not"] = "two hosts need Linux network namespaces; --inet-address names an address to use instead"
    return [*plain, json.dumps(settings)]


def worker_environment(interpreter: Interpreter) -> dict[str, str]:
    """The environment of a worker."""
    environment = {**os.environ, **interpreter.environment, "PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package_root(), environment.get("PYTHONPATH")]))
    return environment
