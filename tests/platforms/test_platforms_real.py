"""Real platforms, where they are set up: what their Python says, and how a worker's pipes behave."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.platforms import PLATFORMS, Interpreter, cache_directory

pytestmark = pytest.mark.platform

REPOSITORY = Path(__file__).resolve().parents[2]
MESSAGES = 1000

WORKER = r"""
import json, os, select, socket, sys, threading
sys.path.insert(0, %(repository)r)
import conformance.platforms.cache as imported

def loopback():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    answers = []
    def serve():
        peer, _ = listener.accept()
        for _ in range(100):
            peer.sendall(peer.recv(64))
        peer.close()
    def ask():
        with socket.create_connection(listener.getsockname()) as client:
            for number in range(100):
                client.sendall(b"%%d" %% number)
                answers.append(int(client.recv(64)))
    threads = [threading.Thread(target=work) for work in (serve, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listener.close()
    return answers == list(range(100))

def empty_select():
    try:
        return repr(select.select([], [], [], 0))
    except OSError as error:
        return type(error).__name__

def unix_sockets():
    try:
        one, other = socket.socketpair(socket.AF_UNIX)
    except (AttributeError, OSError):
        return False
    one.close()
    other.close()
    return True

facts = {
    "os": os.name, "byteorder": sys.byteorder, "htons": socket.htons(1),
    "implementation": sys.implementation.name, "version": list(sys.version_info[:2]),
    "imported": imported.__file__,
    "loopback": loopback(), "select": empty_select(), "unix": unix_sockets(),
}
sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n")
sys.stdout.buffer.flush()
for line in sys.stdin.buffer:
    message = json.loads(line)
    message["answer"] = message["number"] * 2
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()
"""


@pytest.fixture(scope="module", params=list(PLATFORMS))
def entered(request: pytest.FixtureRequest) -> Iterator[tuple[str, Interpreter]]:
    """Each platform that is set up, entered for this module's tests."""
    name = str(request.param)
    cache = cache_directory()
    finding = PLATFORMS[name].probe(cache)
    if not finding.available:
        pytest.skip(f"{name}: {finding.detail}; {finding.remedy}")
    try:
        yield name, PLATFORMS[name].interpreter(cache)
    finally:
        PLATFORMS[name].leave(cache)


@pytest.fixture(scope="module")
def talk(entered: tuple[str, Interpreter]) -> tuple[dict[str, object], list[bytes], bytes, int]:
    """A worker's facts, its answers to all messages, what it said after them, and its exit status."""
    _, interpreter = entered
    program = WORKER % {"repository": interpreter.guest_path(REPOSITORY)}
    worker = subprocess.Popen(
        [*interpreter.argv, "-u", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=interpreter.environ(),
    )
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        facts = json.loads(worker.stdout.readline())
        answers = []
        for number in range(MESSAGES):
            worker.stdin.write(json.dumps({"number": number, "text": "é\r\n"}).encode() + b"\n")
            worker.stdin.flush()
            answers.append(worker.stdout.readline())
        worker.stdin.close()
        rest = worker.stdout.read()
    return facts, answers, rest, worker.returncode


Talk = tuple[dict[str, object], list[bytes], bytes, int]


def test_a_thousand_messages_pass_a_workers_pipes_unharmed(talk: Talk) -> None:
    _, answers, rest, status = talk
    assert not any(answer.endswith(b"\r\n") for answer in answers)
    expected = [{"number": n, "text": "é\r\n", "answer": n * 2} for n in range(MESSAGES)]
    assert [json.loads(answer) for answer in answers] == expected
    assert (rest, status) == (b"", 0)


def test_two_threads_talk_over_loopback(talk: Talk) -> None:
    assert talk[0]["loopback"] is True


def test_a_worker_imports_the_package_from_the_hosts_folder(talk: Talk) -> None:
    assert str(talk[0]["imported"]).replace("\\", "/").endswith("conformance/platforms/cache.py")


def test_a_platform_is_what_its_name_says(entered: tuple[str, Interpreter], talk: Talk) -> None:
    name, facts = entered[0], talk[0]
    if name == "s390x":
        assert (facts["byteorder"], facts["htons"], facts["os"]) == ("big", 1, "posix")
    elif name == "windows-wine":
        assert (facts["byteorder"], facts["os"], facts["unix"]) == ("little", "nt", False)
        assert facts["select"] == "OSError"
    elif name == "pypy3":
        assert facts["implementation"] == "pypy"
    else:
        major, minor = name.removeprefix("cpython").split(".")
        assert (facts["implementation"], facts["version"]) == ("cpython", [int(major), int(minor)])


def test_the_executable_starts_the_same_platform_again(entered: tuple[str, Interpreter], talk: Talk) -> None:
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import sys; print(sys.byteorder)'])"
    said = run_there(entered[1], "-c", again).stdout
    assert said.split() == [str(talk[0]["byteorder"]).encode()]


def test_a_killed_worker_closes_its_pipes_at_once(entered: tuple[str, Interpreter]) -> None:
    interpreter = entered[1]
    program = "import time; print('up', flush=True); time.sleep(60)"
    worker = subprocess.Popen(
        [*interpreter.argv, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=interpreter.environ(),
    )
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == b"up"
    worker.kill()
    rest, _ = worker.communicate(timeout=10)
    assert rest == b""


def test_installed_pytest_runs_a_test_on_the_platform(entered: tuple[str, Interpreter], tmp_path: Path) -> None:
    check = "import importlib.util as u; print(u.find_spec('pytest') is not None)"
    if run_there(entered[1], "-c", check).stdout.strip() != b"True":
        pytest.skip("pytest is not installed there: install(cache, ['pytest'], report)")
    (tmp_path / "test_trivial.py").write_text("def test_trivial(tmp_path):\n    (tmp_path / 'x').touch()\n")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_trivial.py")
    done = run_there(entered[1], *words, cwd=tmp_path)
    assert b"1 passed" in done.stdout, done.stdout
    assert done.returncode == 0


def run_there(interpreter: Interpreter, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*interpreter.argv, *words],
        env=interpreter.environ(),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
