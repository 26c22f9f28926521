"""The reference pages of the documentation, as Markdown, made from the tables and the corpus.

``python -m conformance.reference.pages docs`` writes them below ``docs/reference``. A test compares what is there
with what these functions return, so that the pages never say anything else than the code.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from conformance.engine.wording import basis_words, expected_words, result_words, step_words
from conformance.language.corpus import bundled, load_all
from conformance.language.howto_claims import Claim, Difference, Evidence, Faster, claims
from conformance.model import scenario as s
from conformance.model.errors import ScenarioError
from conformance.reference.confirmations import Confirmations, Seen, confirmations, in_words
from conformance.tables import error_names
from conformance.tables.capabilities import CAPABILITIES
from conformance.tables.faults import FAULTS, NETWORK, Fault
from conformance.tables.operations import (
    EVENTS,
    FUNCTIONS,
    OF_TRANSPORT,
    OPERATIONS,
    PARAMETER_TYPES,
    RESULT_TYPES,
    Operation,
    Parameter,
)
from conformance.tables.options import OPTIONS
from conformance.tables.places import ADDRESSES, BUFFERS, HOSTS, INSPECTED
from conformance.tables.sections import SECTIONS
from conformance.tables.selectors import FACTS, FAMILIES
from conformance.tables.symbols import SYMBOLS
from conformance.tables.topologies import TOPOLOGIES
from conformance.tables.transports import FIXTURES, GROUPS, TRANSPORTS

WIDTH = 110
"""Columns of a line, where Markdown lets a line be broken."""

COMMAND = "python -m conformance.reference.pages docs"
"""What makes the pages anew."""


_KINDS = {
    "verb": ("Verbs", "A method of the implementation, called once. These are what is under test."),
    "program": ("Programs", "A loop over verbs that the HOWTO describes, under a name."),
    "harness": ("Done by the harness", "Help around the sockets: files, readiness, waiting, conversions."),
    "process": ("Done to the actor's process", "For actors that have a process of their own, where it says so."),
}
"""The kinds of operations: heading and explanation."""

_OPTION_KINDS = {
    "int": "a whole number",
    "symbol": "a constant, such as `SOCK_STREAM` or `AF_INET`; read only",
    "bool": "`true` or `false`; whatever non-zero number a system reads back is `true`",
    "seconds": "seconds; a `timeval` on POSIX, milliseconds on Windows",
    "linger": "`{onoff: 0 or 1, linger: SECONDS}`",
    "error": "the symbol of an error, or 0",
    "text": "text",
    "credentials": "`{process, user, group}` of the peer, each `own` or `another` than the reader's; read only",
}

_CASES_SHOWN = 8

_NO_BASIS = "not stated"


def pages(root: Path) -> dict[str, str]:
    """Every generated page by its path below ``docs``; ``root`` holds ``reports/reference``."""
    loaded = load_all((bundled(),))
    if loaded.mistakes:
        raise ScenarioError(list(loaded.mistakes))
    seen = confirmations(root / "reports" / "reference", loaded.scenarios)
    return {
        "reference/operations.md": operations(),
        "reference/scenarios.md": scenarios(loaded.scenarios, seen),
        "reference/claims.md": claimed(loaded.scenarios),
        "reference/errors-and-options.md": errors_and_options(),
    }


def anchor(heading: str) -> str:
    """The fragment under which a heading can be linked to, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _page(title: str, *parts: Iterable[str]) -> str:
    note = f"<!-- Made by `{COMMAND}` from the tables and the corpus; edits are lost. -->"
    lines = [note, "", f"# {title}", ""]
    for part in parts:
        lines += [*part, ""]
    return "\n".join(lines).rstrip() + "\n"


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _bullet(text: str, indent: str = "") -> list[str]:
    """An item of a list; its continuation lines are indented so that it stays one."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"{indent}- ", subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    escaped = [[field.replace("|", "\\|") for field in row] for row in rows]
    lines = [heads, ["---"] * len(heads), *escaped]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# operations and faults


def operations() -> str:
    """Every operation and fault with its parameters, its result and its kind."""
    return _page(
        "Operations and faults",
        _paragraph(
            "A parameter in brackets may be left out. The main parameter is in bold: it may stand alone, as in "
            "`recv: 5`, which means `recv: {size: 5}`. An operation without parameters is written `close: {}`. "
            "What follows the arrow is the result; where it has several fields, an expectation names those that "
            "matter and leaves the others free."
        ),
        *(_operations_of(kind) for kind in _KINDS),
        _faults(),
        ["## Parameter types", "", *_table(("type", "how it is written"), _types(PARAMETER_TYPES))],
        ["## Result types", "", *_table(("type", "what is recorded"), _types(RESULT_TYPES))],
        ["## Words of certain parameters", ""],
        [*_bullet(f"`call` may call {_codes(FUNCTIONS)}."), *_bullet(f"`await` may wait for {_codes(EVENTS)}.")],
    )


def _types(table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((f"`{name}`", meaning) for name, meaning in table.items())


def _operations_of(kind: str) -> list[str]:
    heading, explanation = _KINDS[kind]
    lines = [f"## {heading}", "", *_paragraph(explanation), ""]
    for row in OPERATIONS.values():
        if row.kind == kind:
            lines += _bullet(_operation(row))
    return lines


def _operation(row: Operation) -> str:
    takes = f" ({_parameters(row)})" if row.parameters else ""
    notes = [
        f"Used on a {row.on}." if row.on not in (None, "socket", "file", "any") else "",
        f"Measured in {row.unit}." if row.unit else "",
    ]
    return " ".join(part for part in (f"**`{row.name}`**{takes} → {result_words(row)}. {row.summary}", *notes) if part)


def _parameters(row: Operation) -> str:
    return ", ".join(_parameter(each, row.main) for each in row.parameters)


def _parameter(parameter: Parameter, main: str | None) -> str:
    kind = " or ".join(f"`{word}`" for word in parameter.choices) or parameter.type
    name = f"**{parameter.name}**" if parameter.name == main else parameter.name
    return f"{name}: {kind}" if parameter.required else f"[{name}: {kind}{_default(parameter)}]"


def _default(parameter: Parameter) -> str:
    value = parameter.default
    if value in (None, (), OF_TRANSPORT):
        return ""
    return f" = {str(value).lower() if isinstance(value, bool) else value}"


def _faults() -> list[str]:
    lines = ["## Faults", ""]
    lines += _paragraph(
        "A fault is a step of `network` or `system`. Where it has several parameters they stand beside its name: "
        "`network: {link: down, of: server}`. Each needs a capability of the host, which a probe decides."
    )
    lines.append("")
    for row in FAULTS.values():
        lines += _bullet(_fault(row))
    return lines


def _fault(row: Fault) -> str:
    by = "network" if row.by == NETWORK else "system"
    return f"**`{by}: {row.name}`** ({_parameters(row)}). {row.summary} Needs `{row.needs}`."


# the catalogue


def scenarios(found: Sequence[s.Scenario], seen: Confirmations) -> str:
    """The catalogue, section by section in the order of the HOWTO."""
    by_section: dict[str, list[s.Scenario]] = {name: [] for name in SECTIONS}
    for scenario in found:
        by_section.setdefault(_section_of(scenario), []).append(scenario)
    used = {name: each for name, each in by_section.items() if each}
    return _page(
        "Scenarios",
        _paragraph(
            f"{len(found)} scenarios with {sum(len(each.cells()) for each in found)} cells. A name is the id of the "
            "scenario and leads to its file. The usual outcome of a step is in the file; here stands where it "
            "differs. “Confirmed” counts the cells that pass in the committed records of the raw socket module, until "
            "the scenario's file changes."
        ),
        _contents(used),
        _bases(found),
        *(_section(name, each, seen) for name, each in used.items()),
    )


def _section_of(scenario: s.Scenario) -> str:
    return scenario.id.partition("/")[0]


def _heading(section: str) -> str:
    return SECTIONS.get(section, section)


def _contents(used: Mapping[str, Sequence[s.Scenario]]) -> list[str]:
    rows = ((f"[{_heading(name)}](#{anchor(_heading(name))})", f"`{name}/`", str(len(each)),
             str(sum(len(scenario.cells()) for scenario in each))) for name, each in used.items())  # fmt: skip
    return _table(("section of the HOWTO", "folder", "scenarios", "cells"), rows)


def _section(name: str, found: Sequence[s.Scenario], seen: Confirmations) -> list[str]:
    lines = [f"## {_heading(name)}", ""]
    for scenario in found:
        lines += [*_scenario(scenario, seen.get(scenario.id, {})), ""]
    return lines[:-1]


def _scenario(scenario: s.Scenario, seen: Mapping[str, Seen]) -> list[str]:
    lines = [f"### {scenario.id}", ""]
    lines += _paragraph(f"{scenario.summary} ([file](../../scenarios/{scenario.id}.yaml))")
    lines.append("")
    lines += _bullet(f"Level `{scenario.level}`; over {', '.join(_transports(scenario.transports))}.{_cases(scenario)}")
    conditions = _conditions(scenario)
    lines += _bullet(conditions) if conditions else []
    lines += _bullet(f"Fails only if {scenario.fails_only_if}") if scenario.fails_only_if else []
    if scenario.claims:
        lines += _bullet("Claims: " + ", ".join(f"[{name}](claims.md#{anchor(name)})" for name in scenario.claims))
    if scenario.sources:
        lines += _bullet("Sources: " + "; ".join(scenario.sources))
    lines += _differences(scenario)
    lines += _bullet(in_words(seen))
    return lines


def _transports(names: Sequence[str]) -> list[str]:
    """Groups where all of a group is there, the largest first; then what is left."""
    left, shown = list(names), []
    for group in sorted(GROUPS, key=lambda group: -len(GROUPS[group])):
        if len(GROUPS[group]) > 1 and set(GROUPS[group]) <= set(left):
            shown.append(f"`{group}`")
            left = [name for name in left if name not in GROUPS[group]]
    return [*shown, *(f"`{name}`" for name in left)]


def _cases(scenario: s.Scenario) -> str:
    names = [case.name for case in scenario.cases if case.name]
    if not names:
        return ""
    more = f" and {len(names) - _CASES_SHOWN} more" if len(names) > _CASES_SHOWN else ""
    return f" Cases: {_codes(names[:_CASES_SHOWN])}{more}."


def _conditions(scenario: s.Scenario) -> str:
    needs = [f"needs {_codes(scenario.needs)}"] if scenario.needs else []
    only = [f"only on {' or '.join(_selector(each) for each in scenario.only)}"] if scenario.only else []
    actors = [
        f"`{name}` on a {place.byteorder}-endian host" for name, place in scenario.actors.items() if place.byteorder
    ]
    words = "; ".join([*needs, *only, *actors])
    return words[:1].upper() + words[1:]


def _selector(selector: s.Selector) -> str:
    return f"`{'+'.join(sorted(selector))}`"


def _differences(scenario: s.Scenario) -> list[str]:
    """The steps whose outcome depends on where they are done: the usual outcome, then each other one."""
    found: dict[str, list[str]] = {}
    shown: set[tuple[int, int]] = set()
    for step in (step for case in scenario.cases for step in case.steps):
        for alternative in step.alternatives:
            place = (alternative.position.line, alternative.position.column)
            if place not in shown:
                shown.add(place)
                usual = f"`{step.actor} {step_words(step)}` {expected_words(step.outcome)}; but"
                found.setdefault(usual, []).append(_difference(alternative))
    return [line for usual, others in found.items() for line in (*_bullet(usual), *_nested(others))]


def _nested(items: Iterable[str]) -> Iterator[str]:
    for item in items:
        yield from _bullet(item, "  ")


def _difference(alternative: s.Alternative) -> str:
    source = f" ({alternative.outcome.source})" if alternative.outcome.source else ""
    basis = f" [{basis_words(alternative.outcome.basis)}]" if alternative.outcome.basis else ""
    return f"on {_selector(alternative.selector)} {expected_words(alternative.outcome)}{source}{basis}"


def _bases(found: Sequence[s.Scenario]) -> list[str]:
    """How many alternatives of each family are known in which way."""
    counts: dict[str, Counter[str]] = {}
    for alternative in _alternatives(found):
        families = sorted(alternative.selector & set(FAMILIES)) or ["any family"]
        for family in families:
            counts.setdefault(family, Counter())[alternative.outcome.basis or _NO_BASIS] += 1
    heads = [*s.BASES, *([_NO_BASIS] if any(_NO_BASIS in each for each in counts.values()) else [])]
    rows = ((f"`{name}`" if name in FAMILIES else name, *(str(each[head]) for head in heads), str(each.total()))
            for name, each in sorted(counts.items()))  # fmt: skip
    return [
        "## How alternatives are known", "",
        *_paragraph("Alternatives by the family that they are for, and by how they are known to hold: "
                    + "; ".join(f"{name}: {meaning}" for name, meaning in s.BASES.items()) + "."),
        "", *_table(("family", *heads, "all"), rows),
    ]  # fmt: skip


def _alternatives(found: Sequence[s.Scenario]) -> Iterator[s.Alternative]:
    """Every alternative of every file, once: cases repeat the steps of their file."""
    for scenario in found:
        steps = (step for case in scenario.cases for step in case.steps)
        yield from {each.position: each for step in steps for each in step.alternatives}.values()


# claims


def claimed(found: Sequence[s.Scenario]) -> str:
    """The claims of the HOWTO, each with the scenarios that act it out."""
    acting: dict[str, list[str]] = {name: [] for name in claims()}
    for scenario in found:
        for name in scenario.claims:
            acting[name].append(scenario.id)
    sections: dict[str, list[Claim]] = {}
    for claim in claims().values():
        sections.setdefault(claim.section, []).append(claim)
    return _page(
        "Claims of the HOWTO",
        _paragraph(
            f"{len(acting)} claims, each with the steps that act it out: they confirm it or contradict it. "
            "`conformance claims` counts them on this machine, `conformance claims RECORD…` in records, and "
            "`conformance show CLAIM` acts one out. How a sentence is meant decides what a step against it does: it "
            "contradicts one that is meant `always`, is an exception to one that is meant `usually`, and does not "
            "matter to one that is meant `sometimes`. Scenarios that are only about a claim come last; they decide "
            "nothing."
        ),
        *(_claims_of(name, each, acting) for name, each in sections.items()),
    )


def _claims_of(section: str, found: Sequence[Claim], acting: Mapping[str, Sequence[str]]) -> list[str]:
    lines = [f"## {_heading(section)}", ""]
    for claim in found:
        lines += [f"### {claim.id}", "", *_paragraph(claim.says), ""]
        lines += _bullet(f"Caveat: {claim.caveat}") if claim.caveat else []
        lines += _bullet(f"Speaks of `{claim.only}` only.") if claim.only else []
        lines += _bullet(f"Meant `{claim.holds}`.")
        for each in claim.evidence:
            lines += _bullet(f"{_link(each.scenario)}, {_bears(each)}: {each.shows}")
        acted_out = {each.scenario for each in claim.evidence}
        links = ", ".join(_link(name) for name in acting[claim.id] if name not in acted_out)
        lines += [*(_bullet(f"Also about it: {links}") if links else []), ""]
    return lines[:-1]


def _link(scenario: str) -> str:
    return f"[{scenario}](scenarios.md#{anchor(scenario)})"


def _bears(evidence: Evidence) -> str:
    """How evidence bears on its claim: ``step 5 contradicts``."""
    if isinstance(evidence, Faster):
        return f"`{evidence.measure}` over {evidence.over}, beside {_link(evidence.than_scenario)} over {evidence.than}"
    where = f" ({' and '.join(sorted(evidence.only))})" if evidence.only else ""
    if isinstance(evidence, Difference):
        return f"step {evidence.step.number} on {' and '.join(evidence.between)}{where}"
    numbers = ", ".join(str(each.number) for each in evidence.steps)
    steps, verb = (
        ("steps", evidence.bearing.removesuffix("s")) if len(evidence.steps) > 1 else ("step", evidence.bearing)
    )
    return f"{steps} {numbers} {verb}{f' if {evidence.when}' if evidence.when else ''}{where}"


# names


def errors_and_options() -> str:
    """The names that scenarios may use: errors, options, constants, transports, fixtures, capabilities, terms."""
    return _page(
        "Errors, options and other names",
        _errors(),
        _options(),
        _constants(),
        _transport_rows(),
        _topology_rows(),
        _fixture_rows(),
        ["## Addresses", "", *_paragraph("Words that stand for a whole address, and words for the host in "
         "`{host: HOST, port: PORT}`. The name of an object stands for its address, the name of an actor for the host "
         "on which that actor lives."), "", *_table(("address", "what it means"), _types(ADDRESSES)), "",
         *_table(("host", "what it means"), _types(HOSTS))],
        ["## Attributes", "", *_paragraph("What `inspect` can read of a socket."), "",
         *_table(("attribute", "what it holds"), _types(INSPECTED)), "",
         *_table(("buffer", "what a call gets its data in, or receives into"), _types(BUFFERS))],
        ["## Capabilities", "", *_paragraph("What a scenario may name under `needs`; a probe decides each."), "",
         *_table(("capability", "what it means"), _types(CAPABILITIES))],
        _terms(),
    )  # fmt: skip


def _errors() -> list[str]:
    aliases = {name: error_names.canonical_name(name) for name in sorted(error_names.ERROR_NAMES)}
    same = "; ".join(f"`{name}` is recorded as `{other}`" for name, other in aliases.items() if name != other)
    lines = ["## Errors", ""]
    lines += _paragraph(
        "`raises` takes the name of a system error, an `EAI_` name, or an exception class. A name is one behaviour, "
        f"whatever number or name the platform has for it. Two names of one thing: {same}."
    )
    for title, names in (("System errors", [name for name, other in aliases.items() if name == other]),
                         ("getaddrinfo()", sorted(error_names.GETADDRINFO_NAMES)),
                         ("Classes", sorted(error_names.CLASSES))):  # fmt: skip
        lines += ["", *_bullet(f"{title}: {_codes(names)}")]
    lines += ["", "### Winsock", "", *_paragraph("Numbers of Windows, and the name under which each is recorded.")]
    return [*lines, "", *_table(("number", "name"), _winsock())]


def _winsock() -> Iterator[tuple[str, str]]:
    for number in range(10_000, 10_200):
        name = str(error_names.canonical_errno(number))
        if not name.startswith(("errno ", "WSAE")):
            yield str(number), f"`{name}`"


def _options() -> list[str]:
    lines = ["## Socket options", ""]
    lines += _paragraph(
        "Values are typed here, once; no scenario packs a structure. `getsockopt` with `bytes` reads raw data instead."
    )
    rows = ((f"`{name}`", f"`{level}`", _OPTION_KINDS[kind]) for name, (level, kind) in OPTIONS.items())
    return [*lines, "", *_table(("option", "level", "value"), rows)]


def _constants() -> list[str]:
    words = "What flags, families, types and events may be. A platform that lacks one makes the step `unsupported`."
    rows = ((f"`{prefix}`", _codes(names)) for prefix, names in SYMBOLS.items())
    return ["## Constants", "", *_paragraph(words), "", *_table(("prefix", "names"), rows)]


def _transport_rows() -> list[str]:
    rows = ((f"`{row.name}`", _codes(sorted(row.groups - {"any"})), row.summary) for row in TRANSPORTS.values())
    lines = ["## Transports", "", *_paragraph("The group `any` is all of them but `none`."), ""]
    return [*lines, *_table(("transport", "groups", "what it is"), rows)]


def _topology_rows() -> list[str]:
    rows = ((f"`{row.name}`", "; ".join(" - ".join(link) for link in row.links), row.summary)
            for row in TOPOLOGIES.values())  # fmt: skip
    return ["## Topologies", "", *_table(("topology", "links", "what it is"), rows)]


def _fixture_rows() -> list[str]:
    rows = ((f"`{name}`", ", ".join(_transports([each for each in TRANSPORTS if each in possible])))
            for name, possible in FIXTURES.items())  # fmt: skip
    return ["## Fixtures", "", *_table(("given", "on which transports"), rows)]


def _terms() -> list[str]:
    rows = ((f"`{name}`", _codes(sorted(holding))) for name, holding in FAMILIES.items())
    lines = ["## Selector terms", "", *_table(("family", "terms that hold on it"), rows), ""]
    return lines + _paragraph(
        f"Facts: {_codes(FACTS)}. Versions: `linux`, `windows`, `darwin`, `freebsd` or `python`, then `>=` or `<`, "
        "then a version, as in `python<3.12`. Transports, their groups and the cases of the file are terms too."
    )


def main(arguments: Sequence[str]) -> int:
    """Writes all pages below the folder that is named."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(f"usage: {COMMAND}", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    for name, text in pages(folder.resolve().parent).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
