"""Mechanical mutants that no scenario can kill, each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
