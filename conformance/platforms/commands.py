"""Runs other programs. A failure becomes a `SetupError` that quotes the last lines of their output."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.platforms.base import SetupError

_QUOTED_LINES = 6
_ERROR_MARKS = ("ERROR:", "E:")  # the errors of pip and of apt; their warnings come later and would be quoted instead


def run(
    argv: Sequence[str | Path],
    *,
    purpose: str,
    timeout: float,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    remedy: str = "",
) -> str:
    """Run a program and return its standard output. `SetupError` if it fails or needs more than `timeout` seconds."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout,
            env=dict(environ) if environ is not None else {**os.environ, "LC_ALL": "C"},
            cwd=cwd,
        )
    except OSError as error:
        raise SetupError(f"{purpose}: {error}", remedy) from error
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{purpose}: it did not end within {timeout:g} s", remedy) from error
    if done.returncode != 0:
        raise SetupError(f"{purpose}: {_last_words(done)}", remedy)
    return done.stdout.decode("utf-8", "replace")


def silently(argv: Sequence[str | Path], *, timeout: float, environ: Mapping[str, str] | None = None) -> int | None:
    """Run a program with its streams on the null device, and return its exit status.

    None if it does not start or does not end within `timeout` seconds.
    """
    nowhere = subprocess.DEVNULL
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            timeout=timeout,
            check=False,
            env=None if environ is None else dict(environ),
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    output = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(_ERROR_MARKS)] or lines
    return "; ".join(errors[-_QUOTED_LINES:]) or f"exit status {done.returncode}"
