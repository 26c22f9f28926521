"""What a Python says about itself when it is started: the facts that a probe and a finished setup state."""

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
    """Start the interpreter and let it state its facts within `timeout` seconds. Raises `SetupError`."""
    environ = interpreter.environ(os.environ)
    purpose = f"starting {interpreter.argv[-1]}"
    said = run([*interpreter.argv, "-c", _PROGRAM], purpose=purpose, timeout=timeout, environ=environ)
    try:
        facts = json.loads(said)
    except ValueError as error:
        raise SetupError(f"{purpose}: it answered {said[:200]!r}") from error
    return {str(name): str(value) for name, value in facts.items()}


def describe(facts: Mapping[str, str]) -> str:
    """One line for a person, such as 'Python 3.11.2 on s390x, big-endian, qemu-user 7.2'."""
    implementation = "PyPy, Python" if facts.get("implementation") == "pypy" else "Python"
    parts = [f"{implementation} {facts['python']} on {facts['machine']}", f"{facts['byteorder']}-endian"]
    return ", ".join([*parts, *(facts[key] for key in ("emulator", "path") if key in facts)])
