"""Writes the program of a cell: its fixture, its steps in order, and a thread only where a call may have to wait."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import fill

import conformance
from conformance.engine import choose
from conformance.engine.planning import guard_finding
from conformance.engine.wording import expected_words, known_from, step_words
from conformance.export.python_calls import expression
from conformance.export.python_values import Inexpressible, Writer, option, python_name
from conformance.export.script_helpers import helpers_for, imports_for
from conformance.model import scenario as s
from conformance.model.cell import Cell
from conformance.tables.faults import ACTORS, ROWS
from conformance.tables.selectors import Host
from conformance.tables.transports import TRANSPORTS

_WIDTH = 100


def why_not(cell: Cell, host: Host) -> str:
    """Why a cell cannot be exported; empty where it can."""
    scenario = cell.scenario
    if TRANSPORTS[cell.transport].hosts or scenario.hosts or scenario.topology:
        return "it needs hosts of its own, which a program cannot make"
    if any(each.has_process or each.own_host for each in scenario.actors.values()):
        return "an actor is a process of its own; only threads are exported"
    if any(step.actor in ACTORS for step in cell.case.steps):
        return "it disturbs the network or a process"
    finding = guard_finding(cell, host)
    if finding:
        return f"it applies {finding}"
    try:
        _Program(cell, host).lines()
    except Inexpressible as error:
        return str(error)
    return ""


def program(cell: Cell, host: Host) -> str:
    """The program of a cell that :func:`why_not` allows, as this host is expected to behave."""
    body = "\n".join(_Program(cell, host).lines())
    helpers = helpers_for(body)
    imports = "\n".join(f"import {name}" for name in imports_for(body + helpers))
    head = f"#!/usr/bin/env python3\n{_docstring(cell)}\n\n{imports}\n"
    return f"{head}\n{helpers}\n\n{body}\n"


def _docstring(cell: Cell) -> str:
    scenario = cell.scenario
    paragraphs = [f"{cell.id}: {scenario.summary}", scenario.why]
    paragraphs += ["Sources: " + "; ".join(scenario.sources)] if scenario.sources else []
    paragraphs += [f"Written by conformance {conformance.__version__}; needs the standard library only."]
    text = "\n\n".join(fill(each, _WIDTH) for each in paragraphs if each)
    return '"""' + text.replace("\\", "\\\\").replace('"""', "'''") + '\n"""'


class _Program:
    """The lines of one program, and what is under way while they run."""

    def __init__(self, cell: Cell, host: Host) -> None:
        self._cell = cell
        self._host = choose.here(cell, host)
        self._row = TRANSPORTS[cell.transport]
        self._write = Writer(self._row)
        self._parked: dict[str, str] = {}
        """The variable of the call in which an actor waits."""

    def lines(self) -> list[str]:
        """The whole program after its functions."""
        made = [*self._fixture(), ""]
        applicable = [step for step in self._cell.case.steps if choose.guard_holds(step.only, self._host)]
        for _, group in groupby(applicable, key=lambda step: step.group):
            made += [*self._group(list(group)), ""]
        made += ["os._exit(0)  # also where a call still waits"]
        return self._with_folder(self._with_addresses(made))

    def _with_folder(self, made: list[str]) -> list[str]:
        if not any("folder" in line for line in made):
            return made
        *steps, leave = made
        return ["folder = tempfile.mkdtemp()", *steps, "shutil.rmtree(folder)", leave]

    def _with_addresses(self, made: list[str]) -> list[str]:
        """The lines without those that remember an address that nothing uses."""
        kept = []
        for number, line in enumerate(made):
            name = line.partition(" = address_of(")[0]
            later = made[number + 1 :]
            if name == line or any(name in each and not each.startswith(f"{name} = ") for each in later):
                kept.append(line)
        return kept

    # the fixture

    def _fixture(self) -> Iterator[str]:
        fixture = self._cell.case.given.fixture
        if fixture == "nothing":
            return
        if self._row.address == "pair":
            yield "client, server = socket.socketpair()"
            yield from [*self._options("client"), *self._options("server")]
            return
        datagrams = "datagram" in self._row.groups
        for name in ("server", "client"):
            yield f"{name} = socket.socket({self._write.kind()})"
            yield from self._options(name)
            if (name == "server" and fixture != "fresh") or (datagrams and fixture != "fresh"):
                yield f"{name}.bind({self._write.free()})"
                yield self._learned(name)
        if datagrams and fixture == "connected":
            yield "client.connect(server_address)"
            yield "server.connect(client_address)"
        elif fixture in ("listening", "queued", "connected"):
            yield f"server.listen({self._cell.case.given.backlog})"
            yield from self._joined(fixture)

    def _joined(self, fixture: str) -> Iterator[str]:
        if fixture != "listening":
            yield "client.connect(server_address)"
            yield self._learned("client")
        if fixture == "connected":
            yield "listener, listener_address = server, server_address"
            yield "server, _ = listener.accept()"
            yield from self._options("server")

    def _options(self, name: str) -> Iterator[str]:
        for wanted, value in self._cell.case.given.options:
            yield f"{name}.setsockopt({option(wanted)}, {self._write.plain(value)})"

    def _learned(self, name: str) -> str:
        return f"{self._write.address_name(name)} = address_of({python_name(name)})"

    # the steps

    def _group(self, steps: list[s.Step]) -> Iterator[str]:
        alone = len(steps) == 1
        if steps[0].group_kind == "exactly_one":
            raise Inexpressible("which of several calls comes back is left open")
        for step in steps:
            yield from self._comment(step)
            yield from self._begun(step, alone)
        for step in steps:
            if step.actor in self._parked:
                yield self._ended(step)
        for step in steps:
            yield from self._named(step)

    def _comment(self, step: s.Step) -> Iterator[str]:
        outcome = choose.outcome_for(step, self._host)
        words = expected_words(outcome)
        if words != "returns":
            yield from fill(f"Expected of step {step.number}: {words}{known_from(outcome.source, outcome.basis)}",
                            _WIDTH, initial_indent="# ", subsequent_indent="#   ").splitlines()  # fmt: skip

    def _begun(self, step: s.Step, alone: bool) -> Iterator[str]:
        """The line that makes the call; in a thread where it may wait or others are made at the same time."""
        if step.pending:
            if step.actor not in self._parked:
                raise Inexpressible(f"step {step.number} asks after a call that no thread makes")
            return
        call = expression(self._write, step)
        if alone and choose.blocking(choose.outcome_for(step, self._host)) is None:
            yield f"result = did({step.number}, {self._words(step)}, lambda: {call})"
            return
        self._parked[step.actor] = f"call_{step.number}"
        yield f"call_{step.number} = begin(lambda: {call})"

    def _ended(self, step: s.Step) -> str:
        call = self._parked[step.actor]
        waits = choose.blocking(choose.outcome_for(step, self._host))
        if waits is None:
            del self._parked[step.actor]
            return f"result = {call}.ends({step.number}, {self._words(step)})"
        seconds = f", {waits.for_at_least}" if waits and waits.for_at_least else ""
        return f"result = {call}.waits({step.number}, {self._words(step)}{seconds})"

    def _words(self, step: s.Step) -> str:
        return repr(f"{step.actor} {step_words(step)}")

    # what a step made

    def _named(self, step: s.Step) -> Iterator[str]:
        row = ROWS[step.operation]
        if step.pending:
            return
        if row.makes:
            yield from self._made(step)
        elif step.names is not None:
            yield from self._saved(step)
        if row.gives_address and not row.makes:
            yield self._learned(step.using or step.actor)

    def _made(self, step: s.Step) -> Iterator[str]:
        row = ROWS[step.operation]
        if step.actor in self._parked and step.names is not None:
            raise Inexpressible(f"step {step.number} names an object of a call that is left waiting")
        names = step.names
        if isinstance(names, list):
            names = tuple(names)
        if isinstance(names, tuple):
            yield f"{', '.join(map(python_name, names))} = result"
        elif isinstance(names, dict):
            raise Inexpressible(f"step {step.number} names parts of what it makes")
        elif names is not None or (row.on is None and row.result == "nothing"):
            name = names or step.actor
            family = dict(step.arguments).get("family")
            self._write.ip6[name] = getattr(family, "name", self._row.family) == "AF_INET6"
            tail = "" if isinstance(row.result, str) else "[0] if result else None"
            yield f"{python_name(name)} = result{tail}"
            if row.gives_address or row.made == "socket":
                yield self._learned(name)

    def _saved(self, step: s.Step) -> Iterator[str]:
        if not isinstance(step.names, str) or step.repeat or step.actor in self._parked:
            raise Inexpressible(f"step {step.number} saves a part of its result")
        self._write.saved[step.names] = python_name(step.names)
        yield f"{python_name(step.names)} = result"
