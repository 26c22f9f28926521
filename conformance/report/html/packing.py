"""Data in a form that a page can carry: JSON, compressed, in characters that mean nothing to HTML or to a script."""

from __future__ import annotations

import base64
import json
import zlib

_SMALLEST = 9


def packed(value: object) -> str:
    """JSON, compressed by zlib and written in base64."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return base64.b64encode(zlib.compress(text.encode("ascii"), _SMALLEST)).decode("ascii")
