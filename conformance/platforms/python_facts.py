"""Facts that a Python states about itself, for probes and at the end of a setup."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from conformance.platforms.base import Interpreter, SetupError
from conformance.platforms.commands import run

# Runs on any Python 3: no annotations, nothing beyond the standard library.
_PROGRAM = """
import json, os, sys
uname = os.uname() if hasattr(os, "uname") else None
print(json.dumps({
    "implementation": sys.implementation.name,
    "python": "%d.%d.%d" % sys.version_info[:3],
    "machine": uname.machine if uname else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown"),
    "byteorder": sys.byteorder,
    "bits": str(64 if sys.maxsize > 2 ** 32 else 32),
    "os": os.name,
}))
"""


def ask(interpreter: Interpreter, *, timeout: float = 60) -> Mapping[str, str]:
    """The facts that the interpreter states within `timeout` seconds. Raises `SetupError`."""
    environ = interpreter.environ(os.environ)
    purpose = f"starting {interpreter.argv[-1]}"
    output = run([*interpreter.argv, "-c", _PROGRAM], purpose=purpose, timeout=timeout, environ=environ)
    try:
        facts = json.loads(output)
    except ValueError as error:
        raise SetupError(f"{purpose}: its output was {output[:200]!r}") from error
    return {str(name): str(value) for name, value in facts.items()}


def describe(facts: Mapping[str, str]) -> str:
    """One line for a person, for example 'Python 3.11.2 on s390x, big-endian, qemu-user 7.2'."""
    implementation = "PyPy, Python" if facts.get("implementation") == "pypy" else "Python"
    parts = [f"{implementation} {facts['python']} on {facts['machine']}", f"{facts['byteorder']}-endian"]
    return ", ".join([*parts, *(facts[key] for key in ("emulator", "path") if key in facts)])
