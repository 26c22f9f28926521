"""Short names for records: what tells them apart, and what all of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from conformance.model.facts import HostFacts
from conformance.report.records import Record

SYSTEM = "system"
JOINED = " · "
"""What stands between the parts of a label."""

_PYTHONS = {"cpython": "py", "pypy": "PyPy "}
"""How labels call an implementation of Python, before its version."""


@dataclass(frozen=True)
class Labels:
    """A name for each record, in their order, and the facts that all records share, by name."""

    names: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]


def labelled(records: Sequence[Record]) -> Labels:
    """The shortest names that tell these records apart, and what they have in common."""
    parts = [_parts(record) for record in records]
    names = [name for name in parts[0] if name != "path"] if parts else []
    same = {name: parts[0][name] for name in names if len({each[name] for each in parts}) == 1}
    varying = [name for name in names if name not in same]
    shared = tuple((name, words) for name, words in same.items() if words and name not in _ABBREVIATED)
    if len(parts) == 1:
        return Labels((_words(parts[0], (SYSTEM, "machine", "Python", "implementation")),), shared)
    return Labels(_distinct(_shortest(parts, varying), records), shared)


_LAST = ("kernel", "Python release", "byte order", "word size", "started", "path")
"""Parts that repeat another one, or say nothing about a platform; a label has them where no others suffice."""

_ABBREVIATED = ("kernel", "Python release", "started")
"""Parts that are no news among the shared facts."""


def _parts(record: Record) -> dict[str, str]:
    """What may stand in a label, the most telling first."""
    header, facts = record.header, record.facts
    version = header.implementation_version
    return {
        SYSTEM: _system(facts),
        "implementation": f"{header.implementation} {version}" if version else header.implementation,
        "Python": _python(facts),
        "machine": facts.machine if facts else "",
        "emulator": (facts.emulator or "") if facts else "",
        "libc": facts.libc if facts else "",
        "kernel": facts.kernel if facts else "",
        "Python release": facts.python_version if facts else "",
        "byte order": facts.byteorder if facts else "",
        "word size": f"{facts.word_bits} bit" if facts else "",
        "started": header.started,
        "path": str(record.path),
    }


def _system(facts: HostFacts | None) -> str:
    """``Linux 6.18``, ``Windows 10``, ``Wine 10``; the first two numbers of the kernel's version say enough."""
    if facts is None:
        return "unknown system"
    version = ".".join(facts.kernel.split("-")[0].split(".")[:2])
    name = f"{facts.os} {version}".strip() or "unknown system"
    return f"Wine ({name})" if facts.emulator == "wine" else name


def _python(facts: HostFacts | None) -> str:
    if facts is None:
        return ""
    version = ".".join(facts.python_version.split(".")[:2])
    known = _PYTHONS.get(facts.python_implementation.lower(), f"{facts.python_implementation} ")
    return f"{known}{version}"


def _shortest(parts: Sequence[dict[str, str]], varying: Sequence[str]) -> list[str]:
    """For each record the fewest of the varying parts that no other record has all of; the system always."""
    first = (SYSTEM,) if SYSTEM in varying else ()
    others = [name for name in varying if name not in first]
    names = [_words(each, varying) or each[SYSTEM] for each in parts]
    open_ones = set(range(len(parts)))
    for chosen in (first + more for more in _choices(others)):
        if not open_ones:
            break
        values = [tuple(each[name] for name in chosen) for each in parts]
        counts = Counter(values)
        for number in [each for each in sorted(open_ones) if counts[values[each]] == 1]:
            if words := _words(parts[number], chosen):
                names[number] = words
                open_ones.remove(number)
    return names


def _choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All choices among these parts: first without what labels rather leave out, and few before many."""
    plain = [name for name in names if name not in _LAST]
    for some in (plain, names):
        for size in range(len(some) + 1):
            yield from combinations(some, size)


def _words(parts: dict[str, str], names: Sequence[str]) -> str:
    return JOINED.join(parts[name] for name in names if parts[name])


def _distinct(names: Sequence[str], records: Sequence[Record]) -> tuple[str, ...]:
    """The names; behind those that several records have, the file, and a number where even that is the same."""
    counts, made = Counter(names), []
    for name, record in zip(names, records, strict=True):
        made.append(f"{name}{JOINED}{record.path}" if counts[name] > 1 else name)
    seen: Counter[str] = Counter()
    for number, name in enumerate(made):
        seen[name] += 1
        made[number] = f"{name} ({seen[name]})" if seen[name] > 1 else name
    return tuple(made)
