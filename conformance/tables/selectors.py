"""Selector terms: families of operating systems, facts of a host, and which term implies which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAMILIES: dict[str, frozenset[str]] = {
    "linux": frozenset({"linux", "posix"}),
    "windows": frozenset({"windows"}),
    "darwin": frozenset({"darwin", "bsd", "posix"}),
    "freebsd": frozenset({"freebsd", "bsd", "posix"}),
}
"""Each family and all the terms that hold on it."""

FACTS = ("big-endian", "little-endian", "32-bit", "64-bit", "cpython", "pypy")
FAMILY_TERMS = ("linux", "windows", "darwin", "freebsd", "bsd", "posix")

EXCLUSIVE = (("big-endian", "little-endian"), ("32-bit", "64-bit"), ("cpython", "pypy"))
"""Facts of which exactly one holds."""

_VERSION = re.compile(r"^(linux|windows|darwin|freebsd|python)(>=|<)(\d+(?:\.\d+)*)$")


def parse_version_term(term: str) -> tuple[str, str, tuple[int, ...]] | None:
    """``linux>=5.9`` as ("linux", ">=", (5, 9)); None if the term is not a version term."""
    match = _VERSION.match(term)
    if not match:
        return None
    return match[1], match[2], tuple(int(part) for part in match[3].split("."))


def known_term(term: str) -> bool:
    """Whether this is a family, a fact or a version term. Transports and cases are terms, too; callers check those."""
    return term in FAMILY_TERMS or term in FACTS or parse_version_term(term) is not None


@dataclass(frozen=True)
class Host:
    """A host: its facts, and every selector term that holds there except versions.

    A run has one host. Peers on several hosts would need one ``Host`` for each actor, passed where steps are judged
    and planned.
    """

    facts: Mapping[str, Any]
    terms: frozenset[str]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Host:
        """The host with these recorded facts."""
        found = f"{facts['byteorder']}-endian", f"{facts['word_bits']}-bit", str(facts["python_implementation"]).lower()
        return cls(facts, FAMILIES[facts["family"]] | frozenset(found))

    def also(self, terms: frozenset[str]) -> Host:
        """The same host where these terms hold, too: those of a transport and a case."""
        return Host(self.facts, self.terms | terms)

    def holds(self, selector: frozenset[str]) -> bool:
        """Whether every term of a selector holds here."""
        return all(term in self.terms or self._has_version(term) for term in selector)

    def _has_version(self, term: str) -> bool:
        parsed = parse_version_term(term)
        if parsed is None or parsed[0] not in ("python", self.facts["family"]):
            return False
        what, comparison, wanted = parsed
        actual = numbers(str(self.facts["python_version" if what == "python" else "kernel"]))
        return actual >= wanted if comparison == ">=" else actual < wanted


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version text: ``6.18.44-x`` is (6, 18, 44)."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def implied_by(term: str, transport_groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Every term that holds wherever ``term`` holds, itself included."""
    if term in FAMILIES:
        return FAMILIES[term]
    if term == "bsd":
        return frozenset({"bsd", "posix"})
    version = parse_version_term(term)
    if version is not None:
        return FAMILIES.get(version[0], frozenset()) | {term}
    return transport_groups.get(term, frozenset()) | {term}


def implies(special: frozenset[str], general: frozenset[str], transport_groups: Mapping[str, frozenset[str]]) -> bool:
    """Whether ``special`` holds only where ``general`` holds too."""
    closure: frozenset[str] = frozenset().union(*(implied_by(term, transport_groups) for term in special))
    return general <= closure
