"""Facts about a host under an emulator: those of the kernel, not those that the emulator shows."""

from __future__ import annotations

import sys

import pytest

from conformance.worker.host import host_facts as facts
from conformance.worker.network import links, netlink

X86_64 = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00"
S390X = b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x02\x00\x16"


@pytest.mark.parametrize("header, machine, order", [(X86_64, "x86_64", "little"), (S390X, "s390x", "big")])
def test_under_qemu_user_the_kernel_is_that_of_the_emulators_own_program(monkeypatch, header, machine, order) -> None:
    monkeypatch.setattr(facts, "_qemu_binary", lambda: "/usr/bin/qemu-s390x-static")
    monkeypatch.setattr(facts, "_header_of_qemu", lambda: header)
    assert (facts.kernel_machine(), facts.kernel_byteorder()) == (machine, order)


def test_without_an_emulator_the_kernel_has_the_order_of_bytes_of_this_python(monkeypatch) -> None:
    monkeypatch.setattr(facts, "_qemu_binary", lambda: None)
    assert facts.kernel_byteorder() == sys.byteorder


@pytest.mark.skipif(sys.platform != "linux", reason="netlink exists on Linux only")
def test_under_qemu_user_netlink_uses_a_descriptor_that_was_passed(monkeypatch) -> None:
    monkeypatch.setattr(netlink, "emulator", lambda: "qemu-user")
    with netlink.RouteNetlink() as kernel:
        assert links.is_running(kernel, "lo") in (True, False)


@pytest.mark.parametrize(
    "version, is_it",
    [
        ("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", True),
        ("Linux version 6.1.0 (gVisor)", True),
        ("Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", False),
    ],
)
def test_gvisor_is_detected_by_the_kernel_version_that_it_shows(monkeypatch, tmp_path, version, is_it) -> None:
    (tmp_path / "version").write_text(version)
    monkeypatch.setattr("builtins.open", lambda path, *more, **named: (tmp_path / "version").open(*more, **named))
    assert facts._is_gvisor() is is_it
