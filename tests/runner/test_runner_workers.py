"""Workers that die, hang or are killed, and killed controllers: what a run loses and leaves behind."""

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.language.corpus import load_one
from conformance.model.cell import Cell
from conformance.model.errors import HarnessError
from conformance.model.plan import Placement
from conformance.platforms.base import Interpreter
from conformance.runner import cells as cells_module
from conformance.runner.cells import Runner
from conformance.runner.launch import OWN, WorkerOptions
from conformance.runner.process import WorkerProcess

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def runner():
    made = Runner(OWN, WorkerOptions(), limit=0.5)
    yield made
    made.close()


@pytest.fixture
def cell(repository):
    """The first cell of one of the small scenarios."""

    def make(name, implementation="stdlib"):
        root = repository / "scenarios"
        scenario = load_one(root / f"{name}.yaml", root)
        case, transport = scenario.cells()[-1]
        wrapper = f"{repository}/wrappers.py:{implementation}" if implementation != "stdlib" else implementation
        return Cell(scenario, case, transport, wrapper)

    return make


def test_a_worker_serves_many_cells(runner, cell):
    assert [runner.run(cell(name)).verdict.kind for name in ("talk/half-close", "bad/wrong")] == ["pass", "fail"]


@posix
@pytest.mark.parametrize(
    "implementation, kind, observed",
    [
        ("Dies", "fail", "crashed: exited with status 7"),
        ("Exits", "inconclusive", ""),
        ("Waits", "fail", "hung"),
    ],
)
def test_a_worker_that_breaks_costs_its_cell_only(runner, cell, monkeypatch, implementation, kind, observed):
    monkeypatch.setattr(cells_module, "GRACE", 0.3)
    verdict = runner.run(cell("talk/words", implementation)).verdict
    assert verdict.kind == kind
    assert verdict.observed.startswith(observed)
    assert runner.run(cell("talk/words")).verdict.kind == "pass"


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="only waitid sees a child that is stopped and leaves it so")
def test_a_worker_that_is_stopped_is_killed_at_once_and_blames_nobody(runner, cell):
    pid = runner._ready().hello.pid
    began = time.monotonic()
    verdict = runner.run(cell("talk/words", "Stops")).verdict
    assert time.monotonic() - began < 4
    assert (verdict.kind, verdict.reason) == (
        "inconclusive", "the worker's process was stopped by a signal in step 2; it was killed"
    )  # fmt: skip
    assert not Path(f"/proc/{pid}/stat").exists()
    assert runner.run(cell("talk/words")).verdict.kind == "pass"


@posix
def test_a_worker_that_is_killed_from_outside_costs_its_cell_only(runner, cell):
    process = runner._ready()
    killer = threading.Timer(0.2, os.kill, (process.hello.pid, signal.SIGKILL))
    killer.start()
    outcome = runner.run(cell("talk/words", "Waits"))
    killer.join()
    assert outcome.observations[2].reason == "was killed by SIGKILL"
    assert runner.run(cell("talk/words")).verdict.kind == "pass"


@posix
def test_a_worker_that_was_killed_between_cells_costs_no_more_than_the_next(runner, cell):
    process = runner._ready()
    os.kill(process.hello.pid, signal.SIGKILL)
    assert runner.run(cell("talk/words")).verdict.kind in ("pass", "inconclusive")
    assert runner.run(cell("talk/words")).verdict.kind == "pass"


@pytest.mark.skipif(sys.platform != "linux", reason="the children of a process are told on Linux")
def test_a_worker_that_can_make_no_processes_any_more_is_replaced(runner, cell):
    own = cell("talk/words")
    own = replace(own, scenario=replace(own.scenario, actors={"client": Placement(own_process=True)}))
    assert runner.run(own).verdict.kind == "pass"
    worker = runner._ready().hello.pid
    fork_server = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()[-1]
    os.kill(int(fork_server), signal.SIGKILL)
    assert runner.run(own).verdict.kind == "inconclusive"
    assert runner.run(own).verdict.kind == "pass"
    assert runner._ready().hello.pid != worker


def test_a_runner_that_was_closed_starts_no_other_worker(runner, cell):
    assert runner.run(cell("talk/words")).verdict.kind == "pass"
    runner.close()
    assert runner.run(cell("talk/words")).verdict.reason == "the run was ended"
    assert runner._worker is None


def test_a_worker_that_cannot_be_started_makes_its_cells_inconclusive(cell, tmp_path):
    runner = Runner(Interpreter((str(tmp_path / "no-python"),)), WorkerOptions())
    verdict = runner.run(cell("talk/words")).verdict
    assert verdict.kind == "inconclusive"
    assert "no-python: No such file" in verdict.reason


def test_a_worker_that_says_nothing_sensible_is_told_with_its_last_words(tmp_path):
    script = tmp_path / "strange.py"
    script.write_text("import sys\nprint('hello')\nsys.exit('I am no worker')\n")
    with pytest.raises(HarnessError, match=r"the worker did not start \(exit status 1\): I am no worker"):
        WorkerProcess(Interpreter((sys.executable, str(script))), WorkerOptions())


def test_ending_a_worker_leaves_no_folder_and_no_process(leftovers, cell, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(leftovers.folder))
    process = WorkerProcess(OWN, WorkerOptions())
    leftovers.remember(os.getpid())
    assert list(leftovers.folder.glob("cf-*"))
    assert process.end().status == 0
    assert process.hello.pid not in leftovers.processes()
    assert leftovers.no_folder(within=5)


def namespace_links(pid):
    """The network namespace that a process is in and those that it holds open, as paths below /proc."""
    for link in (*Path(f"/proc/{pid}/fd").glob("*"), Path(f"/proc/{pid}/ns/net")):
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith("net:"):
                yield link


@contextlib.contextmanager
def held_open(pids):
    """The numbers of the namespaces of these processes, kept open so that the kernel gives none of them to another."""
    found, own = {}, os.stat("/proc/self/ns/net").st_ino
    for link in (link for pid in pids for link in namespace_links(pid)):
        with contextlib.suppress(OSError):
            descriptor = os.open(link, os.O_RDONLY)
            number = os.fstat(descriptor).st_ino
            if number == own or found.setdefault(number, descriptor) != descriptor:
                os.close(descriptor)
    yield found.keys()
    for descriptor in found.values():
        os.close(descriptor)


def namespaces_of_others():
    """The numbers of the namespaces that any process but this one is in or holds open."""
    others = [path.name for path in Path("/proc").glob("[0-9]*") if path.name != str(os.getpid())]
    found = set()
    for link in (link for pid in others for link in namespace_links(pid)):
        with contextlib.suppress(OSError):
            found.add(link.stat().st_ino)
    return found


def test_kill_9_of_the_controller_leaves_no_worker_no_namespace_and_no_folder(start, repository, leftovers):
    (leftovers.folder / "waits.yaml").write_text(
        "summary: Waits, short and long.\nlimit: 60\nsources: [nobody]\ntransports: [inet, unix]\ngiven: connected\n"
        "cases: {short: {step: {getsockname: {}}}, long: {step: {recv: 1}}, longer: {step: {recv: 2}}}\n"
        "steps:\n  - client: $step\n"
    )
    arguments = ("run", "-n", "2", "--reports", leftovers.folder / "r", leftovers.folder / "waits.yaml")
    with start("-m", "conformance", *arguments, folder=repository, TMPDIR=str(leftovers.folder)) as process:
        assert leftovers.recorded(leftovers.folder / "r", within=60), process.communicate()
        assert leftovers.appeared(2, within=60), process.communicate()
        leftovers.remember(process.pid)
        with held_open(leftovers.processes()) as held:
            process.kill()
            process.communicate(timeout=30)
            assert leftovers.gone(within=15), leftovers.processes()
            assert len(held) >= 2
            assert not held & namespaces_of_others()


def test_an_interrupted_start_leaves_no_worker(start, repository, leftovers):
    """At any time: while files are read, workers start, or cells run."""
    for delay in (0.3, 0.7):
        arguments = ("run", "scenarios", "--reports", leftovers.folder / "r", "-i", "wrappers.py:Slow")
        with start("-m", "conformance", *arguments, folder=repository, TMPDIR=str(leftovers.folder)) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        assert process.returncode in (130, 1, -signal.SIGINT), err
        assert leftovers.no_folder(within=5)
