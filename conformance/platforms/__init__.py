"""Platforms that tests can run on: how each is provisioned, probed, entered and left."""

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
