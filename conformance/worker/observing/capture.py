"""Captures: the packets that leave or reach a host while a cell runs (packet(7)), and the times of its steps.

The kernel keeps the packets while a step runs, and the worker reads them after each step. Before the capture is closed
the network must be idle, so that no packet is missing.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, Optional

from conformance.model.captures import AnyCapture, CapturedPacket, CaptureRecord, NamedAddress, NoCapture, StepTimes
from conformance.model.errors import HarnessError
from conformance.tables.transports import Transport
from conformance.worker.network.namespaces import on_host
from conformance.worker.network.networks import Host

SNAPSHOT = 512
"""Bytes that are kept of each packet: all headers, and the beginning of the data."""

LIMIT = 2.0
"""Seconds within which the network must be idle, times the host's scale."""

ANSWERS_WITHIN = 0.06
"""Seconds that an answer may still take when nothing else is under way, times the host's scale: longer than the 40 ms
for which Linux delays an acknowledgement without showing it."""

_PAUSE = 0.002
_EVERY_PROTOCOL = 0x0003
_TIMESTAMPS, _TIMESTAMP = 35, struct.Struct("@ll")
"""SO_TIMESTAMPNS (asm-generic/socket.h) and the struct timespec that comes with each packet."""

_BUFFER, _ANY_BUFFER, _BUFFER_BYTES = 8, 33, 1 << 25
"""SO_RCVBUF, and SO_RCVBUFFORCE, which root may use to exceed the system's limit."""

_LEVEL, _STATISTICS = 263, 6
"""SOL_PACKET, PACKET_STATISTICS: packets seen, and packets lost because the buffer was full."""

_OUTGOING = 4
_HEADER4, _HEADER6 = 20, 40
_ICMP, _TCP, _UDP, _ICMP6, _ICMP_HEADER = 1, 6, 17, 58, 8


Flow = frozenset[tuple[str, int]]
"""The two ends of a conversation: addresses and ports."""


class Stamping:
    """Makes the kernel stamp packets as they pass, as long as this object lives.

    The kernel starts some time after it was asked to (net/core/dev.c, net_enable_timestamp). Until then a packet is
    stamped when it is read, which is later than the packets that followed it. So the constructor sends packets to
    itself until their stamps are right.
    """

    def __init__(self) -> None:
        """HarnessError if packets are not stamped as they pass."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(LIMIT)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(self._socket.getsockname())
        deadline = time.monotonic() + LIMIT
        while not self._works():
            if time.monotonic() > deadline:
                raise HarnessError("packets are not stamped as they pass")

    def _works(self) -> bool:
        self._socket.send(b"x")
        read = time.time_ns()
        return _stamp(self._socket.recvmsg(1, 64)[1]) < read


@cache
def _stamping() -> Stamping:
    """The stamping of this worker, made once."""
    return Stamping()


class Capture:
    """The packets of one cell."""

    def __init__(
        self, transport: Transport, places: Mapping[str, Host], addresses: Mapping[str, Any],
        host_of: Mapping[str, str], strangers: Callable[[], AbstractSet[Flow]],
    ) -> None:  # fmt: skip
        """Starts listening on every host. ``strangers``: returns the connections of earlier cells."""
        self._transport = transport
        self._places = places
        self._addresses = addresses
        self._host_of = host_of
        self._sockets: dict[str, socket.socket] = {}
        self._packets: list[CapturedPacket] = []
        self._lost = 0
        self._strangers = strangers() if self._own_hosts() else frozenset()
        self._steps: dict[int, tuple[Optional[int], Optional[int]]] = {}
        self._buffer = bytearray(SNAPSHOT)
        self.lacking = self._begin()
        """Why nothing can be captured; empty if packets can."""

    def _begin(self) -> str:
        if transport_has_no_packets(self._transport):
            return f"no packets go between sockets on {self._transport.name}"
        if sys.platform != "linux":
            return "packets can be captured on Linux only"
        try:
            _stamping()
            for name, host in self._hosts().items():
                self._sockets[name] = _tap() if host.namespace is None else on_host(host.namespace, _tap)
                if host.namespace is None:
                    self._sockets[name].bind(("lo", _EVERY_PROTOCOL))
        except PermissionError:
            self.close()
            return "packets of this machine's loopback can be captured by root only; inet has hosts of its own"
        except (OSError, HarnessError) as error:
            self.close()
            return f"packets cannot be captured here: {getattr(error, 'strerror', None) or error}"
        return ""

    def _hosts(self) -> dict[str, Host]:
        """The hosts of our own; else this machine's loopback interface, as one host."""
        return self._own_hosts() or {"loopback": Host(None, "127.0.0.1", "::1")}

    def _own_hosts(self) -> dict[str, Host]:
        own = {name: place for name, place in self._places.items() if place.namespace is not None}
        return own if self._transport.hosts else {}

    def close(self) -> None:
        """Stops listening."""
        for each in self._sockets.values():
            each.close()
        self._sockets = {}

    # while the cell runs

    def begins(self, step: int) -> None:
        """Notes that a step begins now."""
        self._steps[step] = time.time_ns(), None

    def over(self, steps: list[int]) -> None:
        """These steps are over: reads their packets."""
        now = time.time_ns()
        for step in steps:
            self._steps[step] = self._steps.get(step, (None, None))[0], now
        self._take()

    def _take(self) -> bool:
        """Reads the packets that the kernel has kept. True if there were any."""
        before = len(self._packets)
        for name, each in self._sockets.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._take_one(name, each)
        return len(self._packets) > before

    def _take_one(self, host: str, tap: socket.socket) -> None:
        size, extra, _, where = tap.recvmsg_into([self._buffer], 64, socket.MSG_TRUNC)
        interface, protocol, kind, hardware, _ = where
        if interface == "lo" and (host != "loopback" or kind != _OUTGOING):
            return
        content = bytes(self._buffer[:size])
        self._packets.append(CapturedPacket(host, interface, _stamp(extra), kind, hardware, protocol, size, content))

    # afterwards

    def finish(
        self, settled: Callable[[], bool], answered: Callable[[], bool], scale: float
    ) -> tuple[AnyCapture, tuple[CapturedPacket, ...]]:
        """Waits until the network is idle, closes the capture, and returns its record and the packets."""
        if self.lacking:
            return NoCapture(self.lacking), ()
        idle = self._await_idle(settled, answered, scale)
        for each in self._sockets.values():
            self._lost += struct.unpack("II", each.getsockopt(_LEVEL, _STATISTICS, 8))[1]
        self.close()
        known = ((name, address) for name, address in self._addresses.items() if isinstance(address, tuple))
        packets = tuple(self._own())
        captured = CaptureRecord(
            packets=len(packets),
            lost=self._lost,
            complete=idle and not self._lost,
            steps=tuple(StepTimes(step, *times) for step, times in self._steps.items()),
            hosts={ip: name for name, host in self._hosts().items() for ip in (host.ip4, host.ip6)},
            actors=dict(self._host_of),
            sockets=tuple(NamedAddress(address[0], address[1], name) for name, address in known),
        )
        return captured, packets

    def _await_idle(self, settled: Callable[[], bool], answered: Callable[[], bool], scale: float) -> bool:
        """True if the network became idle: no packet under way or unread, and no answer due soon."""
        poller = select.poll()
        for each in self._sockets.values():
            poller.register(each, select.POLLIN)
        deadline, quiet = time.monotonic() + LIMIT * scale, time.monotonic()
        while time.monotonic() < deadline:
            idle = settled()
            if self._take():
                quiet = time.monotonic()
            elif idle and (answered() or time.monotonic() - quiet >= ANSWERS_WITHIN * scale):
                return True
            poller.poll(_PAUSE * 1000)
        return False

    def _own(self) -> Iterator[CapturedPacket]:
        """The cell's own packets: on hosts that the worker made, all but those of earlier cells; else by port."""
        if self._own_hosts():
            yield from (packet for packet in self._packets if _flow(packet.content) not in self._strangers)
            return
        ports = {address[1] for address in self._addresses.values() if isinstance(address, tuple)}
        for packet in self._packets:
            if not ports.isdisjoint(port for _, port in _flow(packet.content)):
                yield packet


def _stamp(extra: list[tuple[int, int, bytes]]) -> int:
    """The time that came with a packet, in nanoseconds since the epoch."""
    stamps = (_TIMESTAMP.unpack(data) for _, what, data in extra if what == _TIMESTAMPS)
    seconds, nanoseconds = next(stamps, (0, 0))
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def transport_has_no_packets(transport: Transport) -> bool:
    """True if the transport works within the kernel, without packets."""
    return "ip" not in transport.groups


def _tap() -> socket.socket:
    """A socket that gets every packet of the thread's network namespace, with a time stamp."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
    tap.setblocking(False)
    tap.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
    for option in (_BUFFER, _ANY_BUFFER):
        with contextlib.suppress(OSError):
            tap.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
    return tap


def _flow(packet: bytes) -> Flow:
    """The two ends of a TCP or UDP packet, or of the packet that an ICMP message quotes; empty for any other."""
    version = packet[0] >> 4 if packet else 0
    if len(packet) < {4: _HEADER4, 6: _HEADER6}.get(version, len(packet) + 1):
        return frozenset()
    size = (packet[0] & 0xF) * 4 if version == 4 else _HEADER6
    protocol = packet[9] if version == 4 else packet[6]
    if protocol in (_TCP, _UDP) and len(packet) >= size + 4:
        family, ends = (socket.AF_INET, packet[12:20]) if version == 4 else (socket.AF_INET6, packet[8:40])
        half = len(ends) // 2
        addresses = (socket.inet_ntop(family, end) for end in (ends[:half], ends[half:]))
        return frozenset(zip(addresses, struct.unpack_from("!HH", packet, size)))
    if protocol in (_ICMP, _ICMP6):
        return _flow(packet[size + _ICMP_HEADER :])
    return frozenset()
