"""A whole scenario file: its header, its cases, and its steps once per case."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import math
import re
from pathlib import Path
from typing import Any

from conformance.language import outcome_syntax as outcomes
from conformance.language import value_syntax as syntax
from conformance.language.howto_claims import claim_ids, former_ids
from conformance.language.reading import (
    Reader,
    bad,
    fields,
    integer,
    items,
    name,
    scalar,
    text,
    texts,
    word,
)
from conformance.language.step_syntax import StepReader, read_limit
from conformance.language.suggestions import nearest, short
from conformance.language.tags import derived
from conformance.language.yaml_tree import Fields, Filling, Items, Node, Scalar, compose
from conformance.model import scenario as s
from conformance.model import values
from conformance.model.cell import LEVELS
from conformance.model.errors import Mistake, Position
from conformance.model.plan import Given, Placement
from conformance.model.values import Value
from conformance.tables.capabilities import CAPABILITIES
from conformance.tables.faults import CONDITIONS
from conformance.tables.selectors import known_term
from conformance.tables.topologies import TOPOLOGIES
from conformance.tables.transports import FIXTURES, GROUPS, TRANSPORTS, expand

MAX_CASES = 256
MAX_ALL_STEPS = 5000
"""How many steps the cases of a file may have together."""

_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}\Z")

_SYSCTL = re.compile(r"net(\.[a-z0-9_-]+)+\Z")
"""Settings that each network namespace has; all others belong to the machine."""

FILE_KEYS = (
    "summary", "why", "fails_only_if", "level", "claims", "sources", "tags", "formerly", "transports", "given",
    "actors", "topology", "hosts", "needs", "only", "cases", "limit", "steps",
)  # fmt: skip
REQUIRED_KEYS = ("summary", "transports", "steps")


def parse(content: bytes, path: Path, identity: str) -> tuple[s.Scenario, list[Mistake]]:
    """What can be read of a scenario file, and every mistake that the syntax shows.

    What cannot be read is left out, steps included. ScenarioError where it is no use to go on.
    """
    root = compose(content, str(path))
    reader = Reader()
    scenario = _File(root, reader, path, identity, hashlib.sha256(content).hexdigest()).read()
    return scenario, reader.mistakes


class _File:
    def __init__(self, root: Fields, reader: Reader, path: Path, identity: str, digest: str) -> None:
        self.root, self.reader, self.path, self.identity, self.digest = root, reader, path, identity, digest
        self.filling = Filling((root.key("cases") if "cases" in root else root).position)

    def read(self) -> s.Scenario:
        self.reader.known_keys(self.root, FILE_KEYS, "a scenario")
        for key in REQUIRED_KEYS:
            if key not in self.root:
                self.reader.add(self.root, f'a scenario needs "{key}"')
        header = self._header()
        cases = self._cases()
        self._possible(header.get("transports", ()), cases)
        self._companions(header.get("actors", {}), cases)
        self._joined(header)
        if any(key not in FILE_KEYS for key in self.root.names()):
            # what a misspelt key was to say is unknown: names of a fixture would seem to be bound by nobody
            cases = tuple(dataclasses.replace(case, steps=()) for case in cases)
        header["tags"] = tuple(dict.fromkeys((*header.get("tags", ()), *derived(header, cases))))
        return s.Scenario(
            id=self.identity,
            path=self.path,
            digest=self.digest,
            cases=cases,
            position=Position(str(self.path), 1, 1),
            **header,
        )

    def _header(self) -> dict[str, Any]:
        readers = {
            "summary": self._summary,
            "why": lambda node: text(node, "why") if node else "",
            "fails_only_if": self._only_if,
            "level": lambda node: word(node, "level", LEVELS) if node else "must",
            "claims": self._claims,
            "sources": lambda node: texts(node, "source"),
            "tags": lambda node: tuple(name(item, "a tag") for item in items(node, "tags")) if node else (),
            "formerly": lambda node: texts(node, "former id"),
            "transports": self._transports,
            "actors": self._actors,
            "topology": lambda node: word(node, "topology", TOPOLOGIES) if node else "",
            "hosts": self._hosts,
            "needs": self._needs,
            "only": lambda node: outcomes.guard(node, frozenset()),
            "limit": read_limit,
        }
        header: dict[str, Any] = {}
        for key, parse_key in readers.items():
            header[key] = parse_key(None)
            with self.reader.attempt():
                header[key] = parse_key(self.root.get(key))
        return header

    def _summary(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not text(node, "summary").strip():
            bad(node, "the summary is empty; say the behaviour in one sentence")
        return text(node, "summary")

    def _only_if(self, node: Node | None) -> str:
        if node is not None and not text(node, "fails_only_if").strip():
            bad(node, "describe what would make this fail; leave the key out if an implementation can fail it")
        return text(node, "fails_only_if") if node else ""

    def _claims(self, node: Node | None) -> tuple[str, ...]:
        former = former_ids()
        known = [*claim_ids(), *former]
        nodes = items(node, "claims") if node else ()
        named = self.reader.each(nodes, lambda item: word(item, "claim", known))
        return tuple(former.get(each, each) for each in named)

    def _transports(self, node: Node | None) -> tuple[str, ...]:
        found: list[str] = []
        for item in items(node, "transports") if node else ():
            with self.reader.attempt():
                chosen = expand(word(item, "transport", [*TRANSPORTS, *GROUPS]))
                found.extend(each for each in chosen if each not in found)
        if node is not None and not found and not self.reader.mistakes:
            bad(node, "at least one transport is needed; where no sockets are joined write [none]")
        return tuple(found)

    def _actors(self, node: Node | None) -> dict[str, Placement]:
        if node is None:
            return {}
        found = {}
        for key, value in fields(node, "actors").pairs:
            with self.reader.attempt():
                found[name(key, "an actor")] = self._placement(value)
        return found

    def _placement(self, node: Node) -> Placement:
        mapping = fields(node, "a placement")
        self.reader.known_keys(mapping, ("beside", "process", "user", "byteorder", "host", "peer"), "a placement")
        beside, process, user, order = (mapping.get(key) for key in ("beside", "process", "user", "byteorder"))
        host, peer = mapping.get("host"), mapping.get("peer")
        if beside is not None and process is not None:
            bad(node, "beside contradicts process: own")
        if beside is not None and host is not None:
            bad(node, "beside contradicts host: own")
        return Placement(
            beside=name(beside, "an actor") if beside else None,
            own_process=bool(process and word(process, "process", ("own",))),
            unprivileged=bool(user and word(user, "user", ("unprivileged",))),
            byteorder=word(order, "byteorder", ("big", "little")) if order else None,
            own_host=bool(host and word(host, "host", ("own",))),
            raw=bool(peer and word(peer, "peer", ("raw",))),
        )

    def _hosts(self, node: Node | None) -> dict[str, s.HostSettings]:
        if node is None:
            return {}
        found = {}
        for key, value in fields(node, "hosts").pairs:
            found[name(key, "a host")] = self._host(key, fields(value, "a host"))
        return found

    def _host(self, actor: Scalar, mapping: Fields) -> s.HostSettings:
        self.reader.known_keys(mapping, ("sysctl", *CONDITIONS), "a host")
        sysctl = mapping.get("sysctl")
        pairs = fields(sysctl, "sysctl").pairs if sysctl else ()
        for key, item in pairs:
            if not _SYSCTL.match(key.text):
                self.reader.add(key, "a setting of a host is one of its network, such as net.ipv4.tcp_retries2, not "
                                f'"{short(key.text)}"')  # fmt: skip
            if scalar(item, "a setting").value is None:
                self.reader.add(item, f"{short(key.text)} has no value")
        settings = {key.text: scalar(item, "a setting").value for key, item in pairs}
        faults = []
        for key, node in mapping.pairs:
            if key.text in CONDITIONS:
                with self.reader.attempt():
                    faults.append(StepReader(self.reader, frozenset()).condition(actor, key, node))
                    if any(isinstance(value, values.Saved) for _, value in faults[-1][1]):
                        bad(node, "a host is as it is before the first step, so nothing is saved yet that it could use")
        return s.HostSettings(settings, tuple(faults))

    def _needs(self, node: Node | None) -> tuple[str, ...]:
        nodes = items(node, "needs") if node else ()
        return self.reader.each(nodes, lambda item: word(item, "capability", CAPABILITIES))

    def _cases(self) -> tuple[s.Case, ...]:
        axes = self._axes()
        number = math.prod(len(axis) for axis in axes)
        if number > MAX_CASES:
            self.reader.add(self.root.key("cases"), f"a scenario has at most {MAX_CASES} cases, not {number}")
            return ()
        cases: list[s.Case] = []
        for row in itertools.product(*axes):
            cases.append(self._case(row))
            if sum(len(case.steps) for case in cases) > MAX_ALL_STEPS:
                self.reader.add(self.root.key("cases"), f"the cases have more than {MAX_ALL_STEPS} steps together")
                break
        self._unused(axes)
        self._lacking(axes)
        return tuple(cases)

    def _axes(self) -> list[list[tuple[Scalar, Fields]]]:
        node = self.root.get("cases")
        if node is None:
            return []
        nodes = node.items if isinstance(node, Items) else (node,)
        return [axis for axis in self.reader.each(nodes, self._axis) if axis]

    def _axis(self, node: Node) -> list[tuple[Scalar, Fields]]:
        rows = []
        for key, value in fields(node, "cases").pairs:
            if key.text in TRANSPORTS or key.text in GROUPS or known_term(key.text):
                self.reader.add(key, f'a case may not be called "{key.text}": that is a selector term already')
            elif not _CASE.match(key.text):
                self.reader.add(key, f'a case is named with letters, digits, "-", "_" and ".", not "{short(key.text)}"')
            rows.append((key, fields(value, "a case")))
        return rows

    def _unused(self, axes: list[list[tuple[Scalar, Fields]]]) -> None:
        used = self.filling.used
        for axis in axes:
            variables = {key.text: key for _, row in reversed(axis) for key, _ in row.pairs}
            for key in variables.values():
                if key.text not in used:
                    near = nearest(key.text, sorted(used - {"case"}))
                    self.reader.add(key, f'the variable "{short(key.text)}" is not used{near}')

    def _lacking(self, axes: list[list[tuple[Scalar, Fields]]]) -> None:
        """Notes each case that lacks a variable of the other cases in its table, where steps use that variable."""
        for axis in axes:
            variables = dict.fromkeys(variable for _, row in axis for variable in row.names())
            for key, row in axis:
                for lacking in (each for each in variables if each not in row and each in self.filling.used):
                    self.reader.add(key, f'the case "{short(key.text)}" has no variable "{short(lacking)}", which '
                                    "other cases have")  # fmt: skip

    def _case(self, row: tuple[tuple[Scalar, Fields], ...]) -> s.Case:
        variables: dict[str, Node] = {}
        for _, mapping in row:
            for variable, value in mapping.pairs:
                if variable.text in variables:
                    self.reader.add(variable, f'another axis has a variable "{variable.text}" too')
                variables[variable.text] = value
        label = "+".join(key.text for key, _ in row)
        if row:
            variables["case"] = Scalar(label, True, row[0][0].position)
        for _ in range(3 if variables else 0):
            variables = {each: self.filling.fill(value, variables) for each, value in variables.items()}
        terms = frozenset(term for axis in self._axes_names() for term in axis)
        chosen = frozenset(key.text for key, _ in row)
        return s.Case(label, chosen, self._given(variables), self._steps(variables, terms))

    def _axes_names(self) -> list[list[str]]:
        node = self.root.get("cases")
        nodes = node.items if isinstance(node, Items) else (node,) if node else ()
        return [each.names() for each in nodes if isinstance(each, Fields)]

    def _steps(self, variables: dict[str, Node], terms: frozenset[str]) -> tuple[s.Step, ...]:
        node = self.root.get("steps")
        if node is None:
            return ()
        with self.reader.attempt():
            replaced = self.filling.fill(node, variables) if variables else node
            nodes = items(replaced, "steps")
            if not nodes:
                bad(node, "a scenario has at least one step")
            return StepReader(self.reader, terms).read(nodes)
        return ()

    def _given(self, variables: dict[str, Node]) -> Given:
        node = self.root.get("given")
        if node is None:
            return Given()
        with self.reader.attempt():
            return self._fixture(self.filling.fill(node, variables) if variables else node)
        return Given("connected")  # which has most names: none shall seem unknown because of this mistake

    def _possible(self, transports: tuple[str, ...], cases: tuple[s.Case, ...]) -> None:
        """Whether each fixture can be made on each transport."""
        for fixture in {case.given.fixture for case in cases}:
            refused = [name for name in transports if name not in FIXTURES[fixture]]
            if refused:
                possible = [name for name in GROUPS if set(GROUPS[name]) <= FIXTURES[fixture]]
                self.reader.add(self.root.key("given"), f'given "{fixture}" cannot be made on {", ".join(refused)}; it '
                                f"can on the groups {', '.join(possible)}")  # fmt: skip

    def _joined(self, header: dict[str, Any]) -> None:
        """Whether there is a network where one is asked for."""
        own = any(place.own_host for place in header.get("actors", {}).values())
        without = [name for name in header.get("transports", ()) if not TRANSPORTS[name].hosts]
        if (header.get("topology") or own) and without:
            possible = [name for name, row in TRANSPORTS.items() if row.hosts]
            self.reader.add(self.root.key("topology" if header.get("topology") else "actors"), "there are no hosts on "
                            f"{', '.join(without)}; there are on {', '.join(possible)}")  # fmt: skip

    def _companions(self, actors: dict[str, Placement], cases: tuple[s.Case, ...]) -> None:
        """Whether those that other actors live beside exist, and live somewhere themselves."""
        known = {"client", "server", *actors} | {step.actor for case in cases for step in case.steps}
        for actor, placement in actors.items():
            place = next(key for key, _ in fields(self.root.get("actors") or self.root, "").pairs if key.text == actor)
            if placement.beside is not None and placement.beside not in known:
                near = nearest(placement.beside, sorted(known - {actor}))
                self.reader.add(place, f'there is no actor "{short(placement.beside)}" to be beside{near}')
            elif _circular(actor, actors):
                self.reader.add(place, f'beside of "{actor}" leads back to itself')

    def _fixture(self, node: Node) -> Given:
        if isinstance(node, Scalar):
            return Given(word(node, "fixture", FIXTURES))
        mapping = fields(node, "given")
        if len(mapping.pairs) != 1:
            bad(node, "given is one fixture")
        fixture = word(mapping.pairs[0][0], "fixture", FIXTURES)
        details = fields(mapping.pairs[0][1], f"the details of {fixture}")
        self.reader.known_keys(details, ("backlog", "options"), "a fixture")
        backlog, options = details.get("backlog"), details.get("options")
        return Given(
            fixture,
            integer(backlog, "backlog") if backlog else 8,
            _pairs(syntax.options(options)) if options else (),
        )


def _pairs(value: Value) -> tuple[tuple[str, Value], ...]:
    assert isinstance(value, values.Fields)
    return value.fields


def _circular(actor: str, actors: dict[str, Placement]) -> bool:
    seen: set[str] = set()
    at: str | None = actor
    while at is not None and at not in seen:
        seen.add(at)
        at = actors[at].beside if at in actors else None
    return at is not None
