"""The table keeps its promise: a row and a method make an operation or a fault, and no other module knows its name."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from conformance.language import json_schema
from conformance.language.corpus import load_one
from conformance.model.cell import Cell
from conformance.reference import pages
from conformance.report.sequence import diagram
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record
from conformance.tables.faults import FAULTS, ROWS
from conformance.tables.operations import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]

WORDS = {
    "address": "a type of parameters and results",
    "ready": "a type of results",
    "read": "one of the lists of select, one end of a pipe",
    "write": "one of the lists of select, one end of a pipe",
    "socket": "a module, a kind of object, a field of the evidence",
    "pipe": "a kind of object",
    "socketpair": "a transport",
    "selector": "a condition on hosts",
    "signal": "how a process ended",
    "exit": "how a process ended, a command of Wine's shell",
    "call": "a kind of line in a drawing",
}
"""Names of operations and faults that are also names of something else, and of what."""

PLACES = {
    "conformance/export/": "each call as an expression of Python",
    "conformance/model/examined.py": "what an examination tries of a socket",
    "conformance/mutants/": "the methods of sockets that mutants alter, and how they alter arguments",
    "conformance/tape/": "a tape plays to the methods of sockets and knows no operations",
    "conformance/runner/taping.py": "the calls of a tape",
    "conformance/worker/adapters/": "the methods of the operations themselves, and the system calls that they wait in",
    "conformance/worker/faults/": "the methods of the faults themselves",
    "conformance/worker/network/": "what a firewall answers",
    "conformance/worker/waiting/": "system calls and functions of Winsock",
    "conformance/worker/capability_checks.py": "names of capabilities",
}
"""Where such names are allowed, and what they name there."""


def files() -> Iterator[tuple[str, ast.AST]]:
    """Every module outside the tables: its path and its syntax tree."""
    for path in sorted((ROOT / "conformance").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("conformance/tables/"):
            yield name, ast.parse(path.read_text("utf-8"))


def literals(nodes: list[ast.expr | None]) -> set[str]:
    """The names of operations and faults among literals, and in literal collections of them."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ROWS:
            found.add(node.value)
        elif isinstance(node, (ast.Set, ast.List, ast.Tuple)):
            found |= literals(list(node.elts))
    return found


def told_apart(node: ast.AST) -> set[str]:
    """The names of operations and faults that a piece of code compares with."""
    if isinstance(node, ast.Compare):
        return literals([node.left, *node.comparators])
    if isinstance(node, (ast.Set, ast.List, ast.Tuple)):
        return literals(list(node.elts))
    if isinstance(node, ast.MatchValue):
        return literals([node.value])
    return literals(list(node.keys)) if isinstance(node, ast.Dict) else set()


def is_a_row(node: ast.AST) -> bool:
    """Whether an expression looks like the name of an operation or a fault."""
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return isinstance(node.value, ast.Name) and node.value.id in ("operation", "row", "fault")
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "operation"
    return isinstance(node, ast.Attribute) and node.attr in ("operation", "fault")


def test_no_module_outside_the_tables_tells_single_operations_or_faults_apart():
    found = [
        f"{name}:{node.lineno}: {sorted(words)}"
        for name, tree in files()
        if not name.startswith(tuple(PLACES))
        for node in ast.walk(tree)
        if (words := told_apart(node) - set(WORDS))
    ]
    assert found == []


def test_no_module_at_all_compares_the_name_of_a_row():
    found = [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, tree in files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(is_a_row(each) for each in ast.walk(node)) and told_apart(node)
    ]
    assert found == []


def test_each_exception_is_needed():
    found = [(name, words) for name, tree in files() for node in ast.walk(tree) if (words := told_apart(node))]
    assert set().union(*(words for _, words in found)) >= set(WORDS)
    used = {place for place in PLACES for name, words in found if name.startswith(place) and words - set(WORDS)}
    assert used == set(PLACES)


MADE_UP = """
from conformance.tables.faults import FAULTS, SYSTEM, _fault
from conformance.tables.operations import DATA, OPERATIONS, SENDS, _op
from conformance.worker.adapters import StdlibAdapter
from conformance.worker.faults.process_faults import ProcessFaults

OPERATION = _op("murmur", "data:data times:int", "count", "Sends it several times.", main="data", times=2, moves=SENDS,
                arrow=DATA, unit="bytes")
FAULT = _fault("nudge", "actor:actor", "Nothing happens to the actor's process.", main="actor", by=SYSTEM,
               needs="process")


class Murmuring(StdlibAdapter):
    def murmur(self, sock, data, times):
        return sum(sock.send(data) for _ in range(times))


def nudge(self, actor):
    self._actor(actor)


OPERATIONS["murmur"], FAULTS["nudge"], ProcessFaults.nudge = OPERATION, FAULT, nudge
"""

SCENARIO = """
summary: Somebody murmurs.
sources: [nobody]
transports: [unix]
given: connected
actors: {child: {process: own, beside: server}}
steps:
  - client: {murmur: {text: ab}, returns: 4, measures: murmured}
  - server: {recv_exactly: 4, returns: {text: abab}}
  - client: {murmur: {data: {text: c}, times: 1}, returns: {at_least: 1}}
"""


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """The file in which a row and a method each make an operation and a fault; the tables are as before afterwards."""
    from conformance.worker.faults.process_faults import ProcessFaults

    path = tmp_path / "made_up.py"
    path.write_text(MADE_UP, "utf-8")
    for table, name in ((OPERATIONS, "murmur"), (FAULTS, "nudge")):
        monkeypatch.setitem(table, name, None)  # so that what the module puts there is taken out again
    monkeypatch.setattr(ProcessFaults, "nudge", None, raising=False)
    spec = importlib.util.spec_from_file_location("made_up", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return path


@pytest.fixture
def outcome_of(made_up, tmp_path):
    """Runs a scenario on its first transport under the implementation with the made-up method."""
    runner = Runner(OWN, WorkerOptions())

    def run(text: str):
        path = tmp_path / "made-up.yaml"
        path.write_text(text, "utf-8")
        scenario = load_one(path, tmp_path)
        return runner.run(Cell(scenario, *scenario.cells()[0], f"{made_up}:Murmuring"))

    yield run
    runner.close()


def test_a_row_and_a_method_make_an_operation(outcome_of):
    outcome = outcome_of(SCENARIO.replace("actors: {child: {process: own, beside: server}}\n", ""))
    assert outcome.verdict.kind == "pass", outcome.verdict
    record = cell_record(outcome)
    assert (record.measures, record.units) == ({"murmured": 4}, {"murmured": "bytes"})
    assert [step.says for step in record.steps] == ["murmur 'ab'", "recv_exactly 4", "murmur 'c' times=1"]
    assert any("'ab'" in line.text and "▶" in line.text for line in diagram(record))


def test_a_row_makes_an_operation_known_to_the_schema_and_the_reference(made_up):
    schema = json_schema.schema()
    document = yaml.safe_load(SCENARIO)
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    document["steps"][0]["client"]["murmur"] = {"data": {"text": "ab"}, "tims": 2}
    assert list(Draft202012Validator(schema).iter_errors(document)) != []
    page = " ".join(pages.operations().split())
    assert "**`murmur`** (**data**: data, [times: int = 2]) → count. Sends it several times." in page
    assert "**`system: nudge`** (**actor**: actor). Nothing happens to the actor's process." in page


@pytest.mark.skipif(sys.platform == "win32", reason="an actor has a process of its own where there is os.fork()")
def test_a_row_and_a_method_make_a_fault(outcome_of):
    text = SCENARIO.partition("actors:")[0] + "actors: {client: {process: own}}\nsteps:\n  - system: {nudge: client}\n"
    outcome = outcome_of(text)
    assert outcome.verdict.kind == "pass", outcome.verdict
    assert outcome.cell.scenario.tags == ("fault",)
