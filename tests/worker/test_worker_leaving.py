"""Nothing is left behind, however a run ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

CONTROLLER = """
import sys
from conformance.language.corpus import load_all
from conformance.runner.cells import Runner, cells_of
from conformance.runner.launch import OWN, WorkerOptions
from pathlib import Path
runner = Runner(OWN, WorkerOptions(hosts=True))
worker = runner._ready()
print(worker.hello.pid, flush=True)
cells = cells_of(load_all([Path(sys.argv[1])]).scenarios, (), ("stdlib",))
for cell in cells:
    runner.run(cell)
"""

SCENARIO = """
summary: It waits for long.
sources: [none]
transports: [loopback]
given: connected
limit: 100
actors: {client: {process: own}}
steps:
  - client: {fork: child}
  - child: {recv: 1, blocks: true}
  - client: {recv: 1, blocks: true}
  - server: {recv: 1}
"""


def descendants(pid: int) -> set[int]:
    """This process and all its descendants, also those in other sessions."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def ends(pids: set[int], seconds: float) -> set[int]:
    """The processes that still live after this many seconds."""
    poller = select.poll()
    handles = {}
    for pid in pids:
        try:
            handles[os.pidfd_open(pid)] = pid
        except ProcessLookupError:
            continue
    for handle in handles:
        poller.register(handle, select.POLLIN)
    left = dict(handles)
    while left:
        ready = poller.poll(seconds * 1000)
        if not ready:
            break
        for handle, _ in ready:
            poller.unregister(handle)
            left.pop(handle)
    for handle in handles:
        os.close(handle)
    return set(left.values())


def namespaces(pids: set[int]) -> set[str]:
    """The network namespaces that these processes live in or hold by a descriptor."""
    entries = [f"/proc/{pid}/fd/{name}" for pid in pids for name in listed(f"/proc/{pid}/fd")]
    targets = [target(entry) for entry in (*entries, *(f"/proc/{pid}/ns/net" for pid in pids))]
    return {each for each in targets if each.startswith("net:")}


def listed(folder: str) -> list[str]:
    """The names in a folder; empty if its process is gone."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def target(link: str) -> str:
    """The target of a link; empty if its process is gone."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def all_processes() -> set[int]:
    """All processes of the machine."""
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}


@pytest.fixture
def controller(tmp_path: Path) -> subprocess.Popen[str]:
    """A run that hangs in its last step, with a folder for temporary files of its own."""
    scenario = tmp_path / "long.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(scenario)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root, "TMPDIR": str(tmp_path / "temporary")},
    )


@pytest.mark.parametrize("victim", ["controller", "worker"])
def test_killing_a_run_leaves_no_process_namespace_or_folder(
    controller: subprocess.Popen[str], tmp_path: Path, victim: str
) -> None:
    assert controller.stdout is not None
    worker = int(controller.stdout.readline())
    family = waiting_family(worker)
    assert len(family) >= 6  # worker, watchdog, fork server, an actor's process, its child, and that one's supervisor
    hosts = namespaces(family) - namespaces({os.getpid()})
    os.kill(controller.pid if victim == "controller" else worker, signal.SIGKILL)
    still = ends(family, 10.0)
    controller.kill()
    controller.wait(5.0)
    assert still == set()
    assert not hosts & namespaces(all_processes())
    assert list((tmp_path / "temporary").iterdir()) == []


def waiting_family(worker: int) -> set[int]:
    """The worker's processes, once both actors' processes have started and all of them wait."""
    while True:
        family = descendants(worker)
        if len(family) >= 6 and all(in_recv(pid) for pid in family):
            return family


def in_recv(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/syscall").read_text().startswith("running")
    except OSError:
        return False
