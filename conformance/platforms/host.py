"""Checks whether a platform can be set up on this host. Each function returns why not, or ''."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from conformance.platforms.base import SetupError

_TOOLS = ("apt-get", "dpkg-deb", "tar", "sh")
_OS_RELEASE = Path("/etc/os-release")


def machine() -> str:
    """The kernel's name for the architecture of this machine, for example 'x86_64'."""
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown")


def not_linux_x86_64() -> str:
    """Why this host cannot run x86-64 Linux programs, or ''."""
    if not sys.platform.startswith("linux"):
        return f"needs a Linux host, this is {sys.platform}"
    if machine() != "x86_64":
        return f"needs an x86_64 host, this is {machine()}"
    return ""


def not_debian(os_release: Path = _OS_RELEASE) -> str:
    """Why this host's apt cannot reach Debian's archive, or ''."""
    try:
        lines = os_release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "needs a Debian host, and this one has no /etc/os-release"
    words = dict(line.split("=", 1) for line in lines if "=" in line)
    distribution = words.get("ID", "unknown").strip("\"'")
    return "" if distribution == "debian" else f"needs a Debian host, this is {distribution}"


def missing_tools(tools: Iterable[str] = _TOOLS) -> str:
    """The programs that a setup needs and that are not on PATH, or ''."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return f"needs {', '.join(missing)} on PATH" if missing else ""


def unable_to_provision() -> str:
    """The first reason why Debian's packages cannot be used on this host, or ''."""
    return not_linux_x86_64() or not_debian() or missing_tools()


def require_space(folder: Path, megabytes: int) -> None:
    """Raise `SetupError` unless `megabytes` (of 10**6 bytes) are free on the file system of `folder`."""
    free = shutil.disk_usage(_existing(folder)).free // 10**6
    if free < megabytes:
        reason = f"needs {megabytes} MB of disk space, {free} MB are free in {folder}"
        raise SetupError(reason, "free some space, or set CONFORMANCE_CACHE to a folder on a larger disk")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
