"""Every row of the tables has its method with the row's parameters, and uses only types that the language knows."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from conformance.language.value_syntax import READERS
from conformance.tables.capabilities import CAPABILITIES
from conformance.tables.faults import ACTORS, FAULTS, ROWS
from conformance.tables.operations import OPERATIONS, PARAMETER_TYPES, RESULT_TYPES, Operation
from conformance.worker.actors.process_main import Process
from conformance.worker.adapters import ShapedAdapter
from conformance.worker.calls.harness_operations import HarnessOperations
from conformance.worker.calls.perform import python_name
from conformance.worker.calls.programs import Programs
from conformance.worker.capability_checks import findings
from conformance.worker.faults.fault_kinds import KINDS
from conformance.worker.network.networks import SharedHosts

OWNERS = {
    "verb": ShapedAdapter,
    "program": Programs,
    "harness": HarnessOperations,
    "process": Process,
}
OBJECTS = {"socket", "file", "poller", "lock", "memory", "any", None}
MAKES = {"socket", "pair", "file", "pipe", "poller", "lock", "memory", "descriptor", None}

rows = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)


def method(row: Operation) -> Any:
    owners = KINDS if row.kind == "fault" else (OWNERS[row.kind],)
    (found,) = [getattr(owner, python_name(row.name)) for owner in owners if hasattr(owner, python_name(row.name))]
    return found


@rows
def test_each_row_has_a_method_where_its_kind_says(row: Operation) -> None:
    assert callable(method(row))


@rows
def test_a_methods_parameters_are_those_of_its_row(row: Operation) -> None:
    taken = list(inspect.signature(method(row)).parameters)[1:]
    if row.on is not None:
        taken = taken[1:]
    assert taken == [python_name(each.name) for each in row.parameters]


@rows
def test_rows_use_known_types(row: Operation) -> None:
    results = [row.result] if isinstance(row.result, str) else [kind for _, kind in row.result]
    assert set(results) <= set(RESULT_TYPES)
    for each in row.parameters:
        assert each.type in PARAMETER_TYPES
        assert each.type in READERS
        assert bool(each.choices) == (each.type == "word")
        assert not (each.choices and each.among)


@rows
def test_rows_name_known_kinds_of_objects(row: Operation) -> None:
    assert row.on in OBJECTS
    assert row.makes in MAKES
    assert row.main is None or row.parameter(row.main) is not None
    assert row.summary.endswith(".")


def test_faults_and_operations_share_no_name() -> None:
    assert not set(OPERATIONS) & set(FAULTS)


def test_each_fault_is_done_by_somebody_and_needs_a_known_capability() -> None:
    for row in FAULTS.values():
        assert row.by in ACTORS
        assert row.needs in CAPABILITIES


def test_every_capability_and_fault_has_a_finding_without_hosts() -> None:
    found = findings(SharedHosts({}, "nobody made any"))
    assert set(found["capabilities"]) == set(CAPABILITIES)
    assert set(found["faults"]) == set(FAULTS)
    assert found["faults"]["cut"] == "nobody made any"
