"""Faults of the network between two hosts of our own: what each does, and how all are undone."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Optional

from conformance.tables.transports import Transport
from conformance.worker.namespaces import on_host
from conformance.worker.netlink import Netlink, attribute
from conformance.worker.scope import Missing, Unsupported

Place = tuple[Optional[int], str, str]
"""The descriptor of a host's namespace, if it is one of our own, and its IPv4 and IPv6 addresses."""

INTERFACE = "veth0"
"""What the provisioner calls each host's end of the link."""

PREFIX4, PREFIX6 = 24, 64

_TBF_PARAMETERS, _TBF_BURST, _ETHERNET = 1, 6, 1
_RATE = struct.Struct("=BBHhHI")
_TBF = struct.Struct(f"={_RATE.size}s{_RATE.size}sIII")
BURST, QUEUE_BYTES = 3000, 256 * 1024


class NetworkFaults:
    """The faults of one cell; also remembers what there is to undo."""

    def __init__(self, transport: Transport, host_of: Mapping[str, str], places: Mapping[str, Place]) -> None:
        self._transport = transport
        self._host_of = host_of
        self._places = places
        self._queues: set[str] = set()
        self._down: set[str] = set()
        self._without_address: set[str] = set()

    # faults

    def cut(self, host: str) -> None:
        """Both ends send into a black hole; both have their carrier still."""
        self._host(host)
        for name in self._places:
            self._set_queue(name, "blackhole")

    def repair(self, host: str) -> None:
        """The end of :meth:`cut`."""
        self._host(host)
        self._reset_queues()

    def link(self, state: str, of: str) -> None:
        """Down: the host's end goes down, and so the other end has no carrier either."""
        name = self._host(of)
        if state == "down":
            self._on(name, lambda link: link.set_up(False))
            self._down.add(name)
        else:
            self._link_up(name)

    def address(self, state: str, of: str) -> None:
        """The address of the transport's family goes, or comes back."""
        name = self._host(of)
        if state == "removed":
            self._on(name, lambda link: link.remove_address(*self._own(name)))
            self._without_address.add(name)
        else:
            self._restore_address(name)

    def rate(self, rate: int, of: str) -> None:
        """A token bucket (tc-tbf(8)) at the host's end."""
        self._set_queue(self._host(of), "tbf", rate_options(rate))

    # undoing

    def undo(self) -> None:
        """Puts everything back as it was, and forgets what neighbours were found dead meanwhile."""
        touched = bool(self._queues or self._down or self._without_address)
        self._reset_queues()
        for name in list(self._down):
            self._link_up(name)
        for name in list(self._without_address):
            self._restore_address(name)
        if touched:
            for name in self._places:
                self._on(name, Netlink.forget_neighbours)

    def _reset_queues(self) -> None:
        for name in list(self._queues):
            self._on(name, Netlink.reset_queue)
            self._queues.discard(name)

    def _link_up(self, name: str) -> None:
        """IPv6 addresses go when a link goes down, so all are given again."""
        self._on(name, lambda link: link.set_up(True))
        self._down.discard(name)
        for each in self._places:
            if each not in self._down and not self._down:
                self._on(each, Netlink.wait_until_running)
        if name not in self._without_address:
            self._on(name, lambda link: self._give_addresses(link, name))

    def _give_addresses(self, link: Netlink, name: str) -> None:
        _, ip4, ip6 = self._places[name]
        link.add_address(ip4, PREFIX4)
        try:
            link.add_address(ip6, PREFIX6)
        except OSError:
            return  # a host without IPv6 had none before either

    def _restore_address(self, name: str) -> None:
        self._on(name, lambda link: link.add_address(*self._own(name)))
        self._without_address.discard(name)

    # hosts

    def _host(self, actor: str) -> str:
        """The host on which an actor lives."""
        if not self._transport.hosts:
            raise Unsupported(f"there is no network between actors on {self._transport.name}")
        if actor not in self._host_of:
            raise Missing(f'there is no actor "{actor}"')
        name = self._host_of[actor]
        if self._places[name][0] is None:
            raise Unsupported("the network between hosts that are not our own cannot be disturbed")
        return name

    def _own(self, name: str) -> tuple[str, int]:
        """The host's address of the transport's family, and its prefix length."""
        _, ip4, ip6 = self._places[name]
        return (ip6, PREFIX6) if self._transport.ip6 else (ip4, PREFIX4)

    def _set_queue(self, name: str, kind: str, options: bytes = b"") -> None:
        self._on(name, lambda link: link.set_queue(kind, options))
        self._queues.add(name)

    def _on(self, name: str, work: Callable[[Netlink], None]) -> None:
        descriptor = self._places[name][0]
        assert descriptor is not None
        on_link(descriptor, work)


def on_link(descriptor: int, work: Callable[[Netlink], None]) -> None:
    """Does something to a host's end of the link. Unsupported where the kernel refuses."""

    def talk() -> None:
        with Netlink(INTERFACE) as link:
            work(link)

    try:
        on_host(descriptor, talk)
    except OSError as error:
        raise Unsupported(f"the network of a host cannot be changed: {error.strerror or error}") from None


def rate_options(rate: int) -> bytes:
    """Options of tbf (linux/pkt_sched.h: tc_tbf_qopt) for so many bytes a second."""
    bucket = _TBF.pack(_RATE.pack(0, _ETHERNET, 0, 0, 0, rate), bytes(_RATE.size), QUEUE_BYTES, 0, 0)
    return attribute(_TBF_PARAMETERS, bucket) + attribute(_TBF_BURST, struct.pack("=I", BURST))
