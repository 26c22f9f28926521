"""Fixtures for tests of the commands and the plugin: a small corpus, deviating implementations, one recorded run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from conformance.cli import main

ROOT = Path(__file__).resolve().parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # so it is in what a shell runs in the background, and whatever is started would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

ELSEWHERE = "linux" if sys.platform == "win32" else "windows"
"""A family that this machine is not of."""

SCENARIOS = {
    "talk/half-close": """
        summary: A reply follows a half-close.
        why: Only one direction was shut down.
        tags: [quick]
        sources: ["POSIX.1-2024 shutdown()"]
        transports: [loopback, socketpair]
        given: connected
        steps:
          - client: {sendall: {text: GET /}}
          - client: {shutdown: SHUT_WR}
          - server: {recv_until_eof: {}, returns: {text: GET /}}
          - server: {sendall: {text: "200"}}
          - server: {close: {}}
          - client: {recv_until_eof: {}, returns: {text: "200"}}
    """,
    "talk/words": """
        summary: What is sent at once over a local connection is received at once.
        level: platform
        sources: ["Linux man-pages unix(7)"]
        transports: [socketpair]
        given: connected
        cases:
          short: {word: {text: a}}
          long: {word: {text: abc}}
        steps:
          - client: {sendall: $word}
          - server: {recv: 9, returns: $word}
    """,
    "talk/speed": """
        summary: One byte there and back.
        level: measure
        sources: ["Python Socket Programming HOWTO, IPC"]
        transports: [socketpair]
        given: connected
        steps:
          - together:
              - server: {echo: {times: 3, size: 1}}
              - client: {ping: {times: 3, size: 1}, measures: round_trip_seconds}
    """,
    "talk/elsewhere": f"""
        summary: Something of another family of systems.
        only: {ELSEWHERE}
        sources: ["its manual"]
        transports: [socketpair]
        given: connected
        steps:
          - client: {{sendall: {{text: a}}}}
    """,
    "bad/wrong": """
        summary: An expectation that no implementation meets.
        sources: ["nobody"]
        transports: [socketpair]
        given: connected
        steps:
          - client: {sendall: {text: no}}
          - server: {recv: 9, returns: {text: yes}}
          - server: {close: {}}
    """,
}

WRAPPERS = """
    import os
    import socket
    import time


    class OneByte(socket.socket):
        def recv(self, size, *flags):
            return super().recv(min(size, 1), *flags)


    class Slow(socket.socket):
        def recv(self, size, *flags):
            time.sleep(0.3)
            return super().recv(size, *flags)


    class Exits(socket.socket):
        def __init__(self, *arguments, **keywords):
            os._exit(3)


    class ExitsUnderACell(socket.socket):  # usable, as the examination sees it
        def __init__(self, *arguments, **keywords):
            if keywords.get("fileno"):
                os._exit(3)
            super().__init__(*arguments, **keywords)


    class Dies(socket.socket):
        def recv(self, size, *flags):
            os._exit(7)


    class Stops(socket.socket):
        def recv(self, size, *flags):
            os.kill(os.getpid(), 19)
            return super().recv(size, *flags)


    class Waits(socket.socket):
        def recv(self, size, *flags):
            time.sleep(60)
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a program under test: this tree, a plain terminal, nothing of the pytest that runs us."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "CONFORMANCE_"))}
    kept.update(PYTHONPATH=str(ROOT), COLUMNS="100", PYTHONDONTWRITEBYTECODE="1", PYTHONIOENCODING="utf-8")
    return {**kept, **changes}


def ran(command: list[str], folder: Path, **changes: str) -> Ended:
    done = subprocess.run(
        command, cwd=folder, env=environment(**changes), capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def _conformance(*arguments: object, folder: Path, **changes: str) -> Ended:
    return ran([sys.executable, "-m", "conformance", *map(str, arguments)], folder, **changes)


def _pytest(*arguments: object, folder: Path, **changes: str) -> Ended:
    cache = () if any("cache_dir" in str(each) for each in arguments) else ("-p", "no:cacheprovider")
    return ran([sys.executable, "-m", "pytest", *cache, *map(str, arguments)], folder, **changes)


@pytest.fixture(scope="session")
def conformance() -> Callable[..., Ended]:
    """``python -m conformance`` in a process of its own; ``folder``: where, further keywords: its environment."""
    return _conformance


@pytest.fixture(scope="session")
def run_pytest() -> Callable[..., Ended]:
    """``pytest`` in a process of its own, in the same way."""
    return _pytest


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python program that runs beside the test, in a session of its own."""

    def begin(*arguments: object, folder: Path, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env=environment(**changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    return begin


@pytest.fixture(scope="session")
def surroundings() -> Callable[..., dict[str, str]]:
    """The environment of a program under test, for tests that start one in their own way."""
    return environment


@pytest.fixture
def a_repository(tmp_path: Path) -> Path:
    """A user's repository that a test may change."""
    return _write_corpus(tmp_path / "repository")


def _write_corpus(folder: Path) -> Path:
    """The small corpus, in a repository of a user: scenarios, wrappers, and YAML that is not ours."""
    for name, text in SCENARIOS.items():
        path = folder / "scenarios" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    (folder / "wrappers.py").write_text(dedent(WRAPPERS), "utf-8")
    (folder / "imports.py").write_text("import no_such_module\n\nNothing = no_such_module.socket\n", "utf-8")
    (folder / "other.yaml").write_text("key: value\n", "utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\nconformance_scenarios = scenarios\naddopts = --strict-markers\n", "utf-8"
    )
    (folder / "known.yaml").write_text(
        "deviations:\n  - {scenario: bad/wrong, observed: \"returned 'no'\", reason: nobody meets it}\n", "utf-8"
    )
    return folder


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository; tests must not change it."""
    return _write_corpus(tmp_path_factory.mktemp("repository"))


@dataclass(frozen=True)
class Recorded:
    """One run of the whole small corpus with two implementations."""

    ended: Ended
    folder: Path
    stdlib: Path
    one_byte: Path


@pytest.fixture(scope="session")
def recorded(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The run that tests of records, reports and comparisons share."""
    reports = tmp_path_factory.mktemp("reports")
    both = ("-i", "stdlib", "-i", "wrappers.py:OneByte")
    ended = _conformance("run", "scenarios", *both, "--reports", reports, folder=repository)
    assert ended.status == 1, ended
    (folder,) = reports.iterdir()
    (stdlib,), (one_byte,) = (folder.glob(f"{name}/*.jsonl") for name in ("stdlib", "wrappers.py-OneByte"))
    return Recorded(ended, folder, stdlib, one_byte)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs a command in this process; for commands that need no worker."""
    monkeypatch.setenv("COLUMNS", "100")

    def tell(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["conformance", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return tell


class Leftovers:
    """The processes and folders that a program made, and whether they are gone (Linux: /proc)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[int, str] = {}

    def remember(self, controller: int) -> None:
        """Remembers this process and all its descendants, by number and start time."""
        parents = {pid: fields[1] for pid, fields in _processes().items()}
        below = {controller}
        while more := {pid for pid, parent in parents.items() if int(parent) in below} - below:
            below |= more
        self._started = {pid: fields[19] for pid, fields in _processes().items() if pid in below}
        assert len(self._started) > 1, "no worker was running"

    def processes(self) -> list[int]:
        """The remembered processes that still live."""
        now = _processes()
        return [pid for pid, began in self._started.items() if pid in now and now[pid][19] == began]

    def folders(self) -> list[Path]:
        """The existing folders of workers."""
        return list(self.folder.glob("cf-*"))

    def appeared(self, workers: int, within: float) -> bool:
        """True if so many workers exist, or soon will."""
        return _soon(lambda: len(self.folders()) >= workers, within)

    def recorded(self, reports: Path, within: float) -> bool:
        """True if the first cell is in a record below ``reports``, or soon will be."""
        return _soon(lambda: any(path.read_bytes().count(b"\n") >= 2 for path in reports.rglob("*.jsonl")), within)

    def no_folder(self, within: float) -> bool:
        """True if all folders are gone, or soon will be."""
        return _soon(lambda: not self.folders(), within)

    def gone(self, within: float) -> bool:
        """True if all processes and folders are gone, or soon will be."""
        return _soon(lambda: not self.processes() and not self.folders(), within)


def _soon(holds: Callable[[], bool], within: float) -> bool:
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _processes() -> dict[int, list[str]]:
    """Process id to the fields of its stat file, after the name: state, parent and so on; zombies are left out."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                found[int(path.parent.name)] = fields
    return found


@pytest.fixture
def leftovers() -> Iterator[Leftovers]:
    """The leftovers of a program whose TMPDIR is ``folder`` (short, because paths of AF_UNIX must be)."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    folder = Path(tempfile.mkdtemp(prefix="left-", dir="/tmp"))
    yield Leftovers(folder)
    shutil.rmtree(folder, ignore_errors=True)
