"""Selector terms: the families of operating systems, the facts of a host, and which term implies which."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    """``linux>=5.9`` as ("linux", ">=", (5, 9)); None where the term is not of that kind."""
    match = _VERSION.match(term)
    if not match:
        return None
    return match[1], match[2], tuple(int(part) for part in match[3].split("."))


def known_term(term: str) -> bool:
    """Whether this is a family, a fact or a version term (transports and cases are the caller's to know)."""
    return term in FAMILY_TERMS or term in FACTS or parse_version_term(term) is not None


def terms_of_host(facts: Mapping[str, Any]) -> frozenset[str]:
    """The family and fact terms that hold on a host, from its recorded facts."""
    return FAMILIES[facts["family"]] | {
        f"{facts['byteorder']}-endian",
        f"{facts['word_bits']}-bit",
        str(facts["python_implementation"]).lower(),
    }


def version_holds(term: str, facts: Mapping[str, Any]) -> bool:
    """Whether a version term holds on a host."""
    parsed = parse_version_term(term)
    if parsed is None:
        return False
    what, comparison, wanted = parsed
    if what == "python":
        actual = numbers(str(facts["python_version"]))
    elif what == facts["family"]:
        actual = numbers(str(facts["kernel"]))
    else:
        return False
    return actual >= wanted if comparison == ">=" else actual < wanted


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version text: ``6.18.44-x`` is (6, 18, 44)."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def holds(selector: frozenset[str], terms: frozenset[str], facts: Mapping[str, Any]) -> bool:
    """Whether every term of a selector holds, given the terms of host, transport and case."""
    return all(term in terms or version_holds(term, facts) for term in selector)


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
