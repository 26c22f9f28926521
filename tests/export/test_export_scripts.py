"""Exported programs do what the cell does: each scenario that threads can play is run as a program and as a cell."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.engine import data
from conformance.export.standalone import program, why_not
from conformance.language.corpus import bundled, load_all
from conformance.model import observation as o
from conformance.model.cell import MEASURE, Cell
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.recording import cell_record
from conformance.tables.operations import OPERATIONS
from conformance.tables.selectors import Host
from conformance.tables.transports import TRANSPORTS

_LINE = re.compile(r"^ *(\d+) .*?: (returned|raised|waits|hung)(?: (.*))?$")
_PARTS = 4
_WORDS = {o.RETURNED: "returned", o.RAISED: "raised", o.BLOCKED: "waits", o.HUNG: "hung"}


def scenarios():
    """Every bundled scenario."""
    return load_all((bundled(),)).scenarios


def chosen(scenario):
    """One cell of a scenario that needs no hosts; another transport and case from scenario to scenario."""
    cells = [Cell(scenario, case, over) for case, over in scenario.cells() if not TRANSPORTS[over].hosts]
    return cells[zlib.crc32(scenario.id.encode()) % len(cells)] if cells else None


def printed(text):
    """What a program printed of each step: the word and what followed; multi-line results are not read."""
    found = (_LINE.match(line) for line in text.splitlines())
    return {int(line[1]): (line[2], line[3] or "") for line in found if line}


def differences(cell, runner, host, folder):
    """The steps at which a program does something else than the cell."""
    record = cell_record(runner.run(cell))
    if record.verdict != "pass":
        return []
    path = folder / (re.sub(r"\W", "-", cell.id) + ".py")
    path.write_text(program(cell, host), "utf-8")
    seen = printed(output_of(path))
    return [
        f"{cell.id} step {step.number} {step.says}: cell {step.did}, program {seen.get(step.number)}"
        for step in record.steps
        if step.observation.kind in _WORDS and not alike(step, seen.get(step.number))
    ]


def output_of(path):
    """What a program printed; so far as it came where it did not end."""
    command = [sys.executable, "-I", "-S", str(path)]
    with tempfile.TemporaryDirectory() as folder:  # one that does not end cannot clean up
        return _printed(command, {**os.environ, "TMPDIR": folder})


def test_a_program_removes_its_folder(exported, tmp_path):
    host, cells = exported
    cell = next(each for each in cells if "tempfile.mkdtemp()" in program(each, host))
    path, folder = tmp_path / "program.py", tmp_path / "left"
    path.write_text(program(cell, host), "utf-8")
    folder.mkdir()
    assert _printed([sys.executable, str(path)], {**os.environ, "TMPDIR": str(folder)})
    assert list(folder.iterdir()) == []


def _printed(command, environment):
    settings = {"capture_output": True, "text": True, "timeout": 8, "check": False, "env": environment}
    try:
        return subprocess.run(command, **settings).stdout
    except subprocess.TimeoutExpired as ended:
        return (ended.stdout or b"").decode()


def alike(step, seen):
    """Whether a program printed what the record of a step says, as far as both can be compared."""
    if seen is None or seen[0] != _WORDS[step.observation.kind]:
        return False
    canonical = step.observation.canonical
    if step.observation.kind == o.RAISED:
        return canonical["name"] in seen[1] or canonical["class"] in seen[1] or _same_errno(canonical["name"], seen[1])
    if (
        step.observation.kind != o.RETURNED
        or step.free
        or step.measured
        or OPERATIONS[step.operation].varies
        or step.operation == "drain"
    ):  # room varies
        return True
    if isinstance(canonical, bool):  # a record calls an option true that Python gives as a number
        return seen[1] in (str(canonical), str(int(canonical)))
    kind = "count" if isinstance(canonical, int) else OPERATIONS[step.operation].result
    if kind == "data":
        return alike_data(canonical, seen[1])
    return kind not in ("count", "bool", "ready") or str(canonical) == seen[1]


def _varies(step):
    """Whether no two runs need to give the same result; how much a buffer took is such a result."""
    return OPERATIONS[step.operation].varies or step.operation == "drain"


def _same_errno(name, line):
    import errno

    return any(errno.errorcode.get(getattr(errno, word, None)) == name for word in re.findall(r"E[A-Z]+", line))


def alike_data(canonical, shown):
    """Whether data is the same; long data by its size."""
    if re.match(r"\d+ bytes with SHA-256", shown):
        return data.size_of(canonical) == int(shown.split()[0])
    return data.canonical(ast.literal_eval(shown)) == canonical


@pytest.fixture(scope="module")
def exported():
    """The host, and the cells that can be exported."""
    runner = Runner(OWN, WorkerOptions())
    host = Host.of(vars(runner.facts))
    runner.close()
    cells = [cell for cell in map(chosen, scenarios()) if cell and cell.scenario.level != MEASURE]
    return host, [cell for cell in cells if not why_not(cell, host)]


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_program_observes_what_the_cell_observes(exported, tmp_path, part):
    host, cells = exported
    mine = cells[part::_PARTS]
    assert len(mine) > 50

    def run(number):
        runner = Runner(OWN, WorkerOptions())
        try:
            return [line for cell in mine[number::4] for line in differences(cell, runner, host, tmp_path)]
        finally:
            runner.close()

    with ThreadPoolExecutor(4) as pool:
        assert [line for lines in pool.map(run, range(4)) for line in lines] == []


def test_what_needs_hosts_faults_or_processes_says_why_it_is_no_program(exported):
    host, _ = exported
    by_id = {scenario.id: scenario for scenario in scenarios()}
    for name, words in (("dying/send-into-a-cut-link", "hosts"), ("ipc/fork-shares-the-socket", "process")):
        scenario = by_id[name]
        case, over = scenario.cells()[0]
        assert words in why_not(Cell(scenario, case, over), host)


def test_a_program_imports_the_standard_library_only(exported):
    host, cells = exported
    for cell in cells:
        tree = ast.parse(program(cell, host))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert names <= set(sys.stdlib_module_names)
        assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
