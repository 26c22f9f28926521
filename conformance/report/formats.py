"""Formats of a comparison: for each the function that writes it, imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from conformance.report.compared import Comparison

Render = Callable[[Comparison], str]

TEXT = "text"
FORMATS: Mapping[str, str] = {
    TEXT: "conformance.report.comparison_text:text",
    "markdown": "conformance.report.markdown:comparison",
    "json": "conformance.report.comparison_json:document",
}
"""Module and function by the name of the format."""


def renderer(name: str) -> Render:
    """The function that writes a comparison in this format."""
    module, _, function = FORMATS[name].partition(":")
    made: Render = getattr(import_module(module), function)
    return made
