"""The platforms that tests can run on: each one can be probed, set up, entered and left."""

from __future__ import annotations

from conformance.platforms.base import Finding, Interpreter, Platform, Report, SetupError
from conformance.platforms.cache import cache_directory
from conformance.platforms.registry import PLATFORMS, doctor

__all__ = [
    "PLATFORMS",
    "Finding",
    "Interpreter",
    "Platform",
    "Report",
    "SetupError",
    "cache_directory",
    "doctor",
]
