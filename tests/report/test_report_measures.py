"""Measures side by side: figures with their units, cases or records as columns."""

import pytest

from conformance.model.record import CellRecord
from conformance.report.measures import Measured, figure, measured
from conformance.tables.faults import ROWS
from conformance.tables.transports import TRANSPORTS


def cell(scenario: str, transport: str, case: str = "", unit: str = "s", **measures: float) -> CellRecord:
    return CellRecord(
        id=f"{scenario}[{case}-{transport}]", scenario=scenario, case=case, transport=transport,
        implementation="stdlib", level="measure", hosts={}, verdict="pass", steps=(), seconds=0.1,
        measures=measures, units=dict.fromkeys(measures, unit),
    )  # fmt: skip


@pytest.mark.parametrize(
    "value, unit, words",
    [
        (0.0000314159, "s", "31.4 µs"),
        (0.04, "s", "40.0 ms"),
        (2.5, "s", "2.50 s"),
        (120.0, "s", "120 s"),
        (0.0, "s", "0.00 ns"),
        (976_123_456.0, "bytes/s", "976 MB/s"),
        (1_234_567_890.0, "bytes/s", "1.23 GB/s"),
        (12.0, "bytes/s", "12.0 B/s"),
        (212992, "bytes", "212,992 bytes"),
        (7, "", "7"),
        (0.5, "", "0.50"),
        (278, "records", "278 records"),
    ],
)
def test_a_figure_has_three_digits_and_its_unit_and_counts_are_exact(value, unit, words):
    assert figure(value, unit) == words


def test_one_record_has_cases_as_columns_and_transports_as_rows_in_their_order():
    cells = [cell("ipc/a", "unix", "page", time=3e-6), cell("ipc/a", "loopback", "page", time=2e-6),
             cell("ipc/a", "loopback", "byte", time=1e-6)]  # fmt: skip
    rows = (("loopback", ("2.00 µs", "1.00 µs")), ("unix", ("3.00 µs", "")))
    assert measured({"": cells}) == [Measured("time", ("page", "byte"), rows)]


def test_what_several_scenarios_measure_is_one_table_and_names_them():
    cells = [cell("ipc/pipe", "none", time=1e-6), cell("ipc/a", "unix", time=3e-6)]
    (table,) = measured({"": cells})
    assert [name for name, _ in table.rows] == ["ipc/a unix", "ipc/pipe"]


def test_several_records_are_the_columns():
    one, two = [cell("ipc/a", "unix", "byte", time=1e-6)], [cell("ipc/a", "unix", "byte", time=2e-6)]
    (table,) = measured({"stdlib": one, "mine": two})
    assert table == Measured("time", ("stdlib", "mine"), (("byte unix", ("1.00 µs", "2.00 µs")),))


def test_cells_that_measure_nothing_make_no_table():
    assert measured({"": [cell("using/a", "unix")]}) == []


@pytest.mark.parametrize(
    "operation, option, transport, unit",
    [
        ("ping", None, "unix", "s"),
        ("take", None, "none", "bytes/s"),
        ("fill", None, "loopback", "bytes"),
        ("fill", None, "unix-dgram", "records"),
        ("getsockopt", "SO_SNDBUF", "unix", "bytes"),
        ("getsockopt", "SO_RCVTIMEO", "unix", "s"),
        ("getsockopt", "IP_TTL", "udp", ""),
        ("send", None, "unix", "bytes"),
        ("bind_many", None, "udp", ""),
    ],
)
def test_a_quantity_has_the_unit_of_what_was_counted(operation, option, transport, unit):
    assert ROWS[operation].unit_on(TRANSPORTS[transport], option) == unit
