"""The table of platforms. Importing it loads no platform and starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from conformance.platforms.base import Finding, Platform

# Each function imports its platform only when that is needed, since the modules of platforms load slowly.


def _cpython(minor: int, suite: str = "") -> Callable[[], Platform]:
    def make() -> Platform:
        from conformance.platforms.native import cpython

        return cpython(minor, suite)

    return make


def _pypy3() -> Platform:
    from conformance.platforms.native import pypy3

    return pypy3()


def _s390x() -> Platform:
    from conformance.platforms.s390x import S390x

    return S390x()


def _windows_wine() -> Platform:
    from conformance.platforms.windows_wine import WindowsWine

    return WindowsWine()


_MAKERS: Mapping[str, Callable[[], Platform]] = {
    "cpython3.10": _cpython(10),
    "cpython3.11": _cpython(11, suite="bookworm"),
    "cpython3.12": _cpython(12),
    "cpython3.13": _cpython(13, suite="trixie"),
    "cpython3.14": _cpython(14, suite="sid"),
    "pypy3": _pypy3,
    "s390x": _s390x,
    "windows-wine": _windows_wine,
}


class _Platforms(Mapping[str, Platform]):
    """The table; it makes each platform on first use, and keeps it."""

    def __init__(self, makers: Mapping[str, Callable[[], Platform]]) -> None:
        self._makers = makers
        self._made: dict[str, Platform] = {}

    def __getitem__(self, name: str) -> Platform:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


PLATFORMS: Mapping[str, Platform] = _Platforms(_MAKERS)
"""All platforms by name, in the order of lists."""


def doctor(names: Iterable[str], cache: Path) -> list[tuple[Platform, Finding]]:
    """Probe the named platforms, in that order. Raises `KeyError` for an unknown name."""
    return [(platform, platform.probe(cache)) for platform in (PLATFORMS[name] for name in names)]
