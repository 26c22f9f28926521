"""Dataclasses to JSON values and back: what travels between controller and worker, and into records."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Union

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]
"""A JSON value."""

_TAG = "is"


class Vocabulary:
    """The classes that may travel, by name; anything else on the wire is an error."""

    def __init__(self, *classes: type) -> None:
        self._classes = {cls.__name__: cls for cls in classes}

    def encode(self, value: Any) -> Any:
        """``value`` as JSON; defaults are left out."""
        if is_dataclass(value) and not isinstance(value, type):
            return {_TAG: type(value).__name__, **self._encode_fields(value)}
        if isinstance(value, (list, tuple)):
            return [self.encode(item) for item in value]
        if isinstance(value, dict):
            return {key: self.encode(item) for key, item in value.items()}
        return value

    def _encode_fields(self, value: Any) -> dict[str, Any]:
        return {
            field.name: self.encode(getattr(value, field.name))
            for field in fields(value)
            if field.default is MISSING or getattr(value, field.name) != field.default
        }

    def decode(self, value: Any) -> Any:
        """The inverse of :meth:`encode`; lists become tuples."""
        if isinstance(value, list):
            return tuple(self.decode(item) for item in value)
        if not isinstance(value, dict):
            return value
        if _TAG not in value:
            return {key: self.decode(item) for key, item in value.items()}
        cls = self._classes[value[_TAG]]
        return cls(**{key: self.decode(item) for key, item in value.items() if key != _TAG})
