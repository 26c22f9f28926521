"""Bytes: the reproducible pattern, and the form in which data is recorded and compared."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, Optional

WHOLE = 4096
"""Up to this many bytes, data is recorded whole."""

_SHORTEST, KEPT = 1 << 12, 1 << 23
"""Patterns up to ``KEPT`` bytes are kept, in powers of two: making the bytes takes longer than sending them."""


def pattern(size: int, seed: int = 0) -> bytes:
    """The first ``size`` bytes of SHAKE-128 of the seed: they have no period."""
    if size > KEPT:
        return _made(size, seed)
    return _start(max(_SHORTEST, 1 << (size - 1).bit_length()), seed)[:size]


def _made(size: int, seed: int) -> bytes:
    return hashlib.shake_128(b"conformance pattern %d" % seed).digest(size)


_start = lru_cache(maxsize=8)(_made)


def canonical(data: bytes, seeds: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Data as it is recorded: as text, hex, a prefix of a pattern, or size and digest."""
    if len(data) > WHOLE:
        return _long(data, seeds)
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return {"hex": data.hex()}
    plain = all(char.isprintable() or char in "\r\n\t" for char in text)
    return {"text": text} if plain else {"hex": data.hex()}


def _long(data: bytes, seeds: tuple[int, ...]) -> dict[str, Any]:
    for seed in seeds:
        if data[:WHOLE] == pattern(WHOLE, seed) and data == pattern(len(data), seed):
            return {"pattern": len(data), "seed": seed}
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "starts": data[:32].hex()}


def is_recorded(value: Any) -> bool:
    """Whether a recorded value is data."""
    return isinstance(value, dict) and bool({"text", "hex", "pattern", "sha256"} & set(value))


def size_of(recorded: dict[str, Any]) -> int:
    """The number of bytes of recorded data."""
    if "text" in recorded:
        return len(recorded["text"])
    if "hex" in recorded:
        return len(recorded["hex"]) // 2
    return int(recorded.get("pattern", recorded.get("size", 0)))


def whole(recorded: dict[str, Any]) -> Optional[bytes]:
    """The bytes of recorded data; None if only size and digest were kept."""
    if "text" in recorded:
        return str(recorded["text"]).encode("ascii")
    if "hex" in recorded:
        return bytes.fromhex(recorded["hex"])
    if "pattern" in recorded:
        return pattern(recorded["pattern"], recorded["seed"])
    return None


def equal(recorded: dict[str, Any], wanted: bytes) -> bool:
    """Whether recorded data is exactly these bytes."""
    if size_of(recorded) != len(wanted):
        return False
    known = whole(recorded)
    return known == wanted if known is not None else recorded["sha256"] == hashlib.sha256(wanted).hexdigest()


def brief(recorded: dict[str, Any]) -> str:
    """Recorded data, shortened for people."""
    if "text" in recorded:
        text = recorded["text"]
        return repr(text if len(text) <= 40 else text[:40] + "…") + ("" if len(text) <= 40 else f" ({len(text)} bytes)")
    if "hex" in recorded:
        digits = recorded["hex"]
        return f"hex {digits}" if len(digits) <= 64 else f"hex {digits[:64]}… ({len(digits) // 2} bytes)"
    if "pattern" in recorded:
        return f"{recorded['pattern']} bytes of pattern" + (f" {recorded['seed']}" if recorded["seed"] else "")
    return f"{recorded['size']} bytes starting hex {recorded['starts']}"
