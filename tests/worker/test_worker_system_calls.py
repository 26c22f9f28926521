"""System calls have names on every architecture, by the ABI of the process. /proc is faked for other systems."""

from __future__ import annotations

import platform
import struct
import threading
from pathlib import Path

import pytest

from conformance.worker.host import host_facts as facts
from conformance.worker.waiting import probes
from conformance.worker.waiting.system_calls import SYSTEM_CALLS, abi_of, call_name
from conformance.worker.waiting.watch import ProcProbe, Watch, WindowProbe


@pytest.mark.parametrize(
    "machine, bits, abi",
    [
        ("x86_64", 64, "x86_64"),
        ("x86_64", 32, "i386"),
        ("i686", 32, "i386"),
        ("i686", 64, "x86_64"),
        ("aarch64", 64, "generic"),
        ("aarch64", 32, "arm"),
        ("armv8l", 32, "arm"),
        ("armv7l", 32, "arm"),
        ("riscv64", 64, "generic"),
        ("loongarch64", 64, "generic"),
        ("ppc64le", 64, "ppc64"),
        ("s390x", 64, "s390x"),
        ("mips64", 64, "mips64"),
        ("mips64", 32, ""),
        ("riscv64", 32, ""),
        ("sparc64", 64, ""),
    ],
)
def test_the_table_is_that_of_the_process_and_not_of_the_kernel(machine: str, bits: int, abi: str) -> None:
    assert abi_of(machine, bits) == abi


@pytest.mark.parametrize(
    "abi, calls",
    [
        ("x86_64", {45: "recvfrom", 202: "futex", 230: "clock_nanosleep", 72: "fcntl"}),
        ("i386", {371: "recvfrom", 168: "poll", 240: "futex", 422: "futex", 142: "select", 414: "ppoll"}),
        ("arm", {292: "recvfrom", 291: "recv", 285: "accept", 240: "futex", 413: "pselect6", 252: "epoll_wait"}),
        ("generic", {207: "recvfrom", 202: "accept", 98: "futex", 22: "epoll_pwait"}),
        ("ppc64", {337: "recvfrom", 330: "accept", 221: "futex", 238: "epoll_wait"}),
        ("s390x", {371: "recvfrom", 238: "futex", 168: "poll", 262: "clock_nanosleep"}),
        ("mips64", {5044: "recvfrom", 5042: "accept", 5194: "futex", 5209: "epoll_wait"}),
    ],
)
def test_numbers_are_those_of_the_kernels_tables(abi: str, calls: dict[int, str]) -> None:
    assert {number: SYSTEM_CALLS[abi].get(number) for number in calls} == calls


@pytest.mark.parametrize("abi", SYSTEM_CALLS)
def test_every_abi_names_the_calls_that_python_waits_and_hangs_in(abi: str) -> None:
    assert {"read", "recvfrom", "sendto", "connect", "accept4", "ppoll", "epoll_pwait", "futex", "clock_nanosleep"} <= {
        *SYSTEM_CALLS[abi].values()
    }


@pytest.mark.parametrize("abi", ["i386", "s390x"])
@pytest.mark.parametrize(
    "arguments, name", [("0x3 0xffc8", "connect"), ("0xc 0xffc8", "recvfrom"), ("0x63 0", "socketcall")]
)
def test_the_first_argument_of_socketcall_names_the_call(abi: str, arguments: str, name: str) -> None:
    assert call_name(SYSTEM_CALLS[abi], 102, arguments) == name


def test_an_unknown_call_has_its_number() -> None:
    assert call_name(SYSTEM_CALLS["x86_64"], 9999, "0x1") == "system call 9999"


class FakeProc:
    """The folder of one thread under ``/proc/…/task``."""

    def __init__(self, tasks: Path) -> None:
        self.tasks = str(tasks)
        self.thread = tasks / "7"
        self.thread.mkdir()

    def shows(self, syscall: str, schedstat: str | None) -> None:
        (self.thread / "syscall").write_text(syscall)
        (self.thread / "schedstat").unlink(missing_ok=True)
        if schedstat is not None:
            (self.thread / "schedstat").write_text(schedstat)


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.mark.parametrize("schedstat, seen", [("900 100 3\n", True), ("0 0 0\n", False), ("", False), (None, False)])
def test_a_thread_is_seen_only_if_its_runs_are_counted(proc: FakeProc, schedstat: str | None, seen: bool) -> None:
    proc.shows("45 0x3 0x7f00 0x1 0x0 0x0 0x0 0x7ff0 0x7f10\n", schedstat)
    assert ProcProbe(SYSTEM_CALLS["x86_64"], proc.tasks).sees(7) is seen


def test_a_thread_whose_system_calls_are_hidden_is_not_seen(proc: FakeProc) -> None:
    (proc.thread / "schedstat").write_text("900 100 3\n")
    assert not ProcProbe(SYSTEM_CALLS["x86_64"], proc.tasks).sees(7)


@pytest.mark.parametrize(
    "abi, syscall, waits",
    [
        ("mips64", "5044 0x3 0x7f00 0x1\n", True),
        ("arm", "292 0x3 0x7f00 0x1\n", True),
        ("i386", "102 0xc 0xffc8\n", True),
        ("ppc64", "221 0x7f00 0x189\n", False),
    ],
)
def test_a_wait_is_proved_in_a_declared_call_only(proc: FakeProc, abi: str, syscall: str, waits: bool) -> None:
    proc.shows(syscall, "900 100 3\n")
    watch = Watch(ProcProbe(SYSTEM_CALLS[abi], proc.tasks), 7, frozenset(["recvfrom"]), 1.0)
    assert watch.waiting() is None  # one look proves nothing
    assert (watch.waiting() is not None) is waits


def test_a_run_between_two_looks_proves_nothing(proc: FakeProc) -> None:
    watch = Watch(ProcProbe(SYSTEM_CALLS["s390x"], proc.tasks), 7, frozenset(["recvfrom"]), 1.0)
    for runs in range(3, 9):
        proc.shows("371 0x3 0x7f00 0x1\n", f"900 100 {runs}\n")
        assert watch.waiting() is None


@pytest.mark.parametrize(
    "abi, syscall, name",
    [("x86_64", "202 0x7f00", "futex"), ("arm", "407 0x1 0x0", "clock_nanosleep"), ("generic", "32 0x3 0x2", "flock")],
)
def test_a_hang_is_named_by_its_call_whether_or_not_calls_may_wait_there(
    proc, abi: str, syscall: str, name: str
) -> None:
    proc.shows(syscall + "\n", "900 100 3\n")
    wait = Watch(ProcProbe(SYSTEM_CALLS[abi], proc.tasks), 7, frozenset(), 1.0).whereabouts()
    assert wait is not None
    assert wait.call == name


@pytest.mark.skipif(
    not isinstance(probes.best_probe()[0], ProcProbe), reason="the kernel's account of threads is Linux's"
)
def test_a_thread_that_hangs_in_a_lock_is_seen_in_futex() -> None:
    lock = threading.Lock()
    lock.acquire()
    thread = threading.Thread(target=lock.acquire, daemon=True)
    thread.start()
    watch = Watch(probes.best_probe()[0], int(thread.native_id or 0), frozenset(["futex"]), 1.0)
    while watch.waiting() is None:
        pass
    found = watch.whereabouts()
    lock.release()
    assert found is not None
    assert found.call == "futex"


def test_a_32_bit_python_on_a_64_bit_kernel_reads_32_bit_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_qemu_binary", lambda: None)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(struct, "calcsize", lambda form: 4)
    assert abi_of(facts.kernel_machine(), facts.kernel_word_bits()) == "i386"


@pytest.mark.parametrize("class_, bits", [(1, 32), (2, 64)])
def test_under_qemu_user_the_word_size_is_that_of_the_emulator(
    monkeypatch: pytest.MonkeyPatch, class_: int, bits: int
) -> None:
    monkeypatch.setattr(facts, "_qemu_binary", lambda: "/usr/bin/qemu-s390x-static")
    monkeypatch.setattr(facts, "_header_of_qemu", lambda: b"\x7fELF" + bytes([class_]) + bytes(15))
    assert facts.kernel_word_bits() == bits


def test_without_a_table_for_the_machine_the_window_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "kernel_machine", lambda: "sparc64")
    assert isinstance(probes._linux_probe(), WindowProbe)
