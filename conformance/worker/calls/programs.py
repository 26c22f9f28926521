"""Programs: the loops of the HOWTO, over the verbs of the adapter."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any, Optional

from conformance.engine.data import pattern
from conformance.model.errors import WrongType
from conformance.worker.adapters.returned import descriptor_of
from conformance.worker.adapters.shaped import ShapedAdapter, Socket, constant
from conformance.worker.calls.canonical import bytes_of
from conformance.worker.calls.scope import Scope
from conformance.worker.calls.shared_memory import SharedMemory
from conformance.worker.waiting.settling import STANDSTILL

CHUNK = 64 * 1024
FIRST_PROBE = 0.3
"""Seconds until TCP first probes a closed window, which may make room again: a retransmission timeout (RFC 9293 section
3.8.6.1), in Linux 0.2 s and a round trip (tcp_send_probe0())."""
MOST = 64 * 1024 * 1024
"""``fill`` stops here: some systems take whatever they are given."""


class Programs:
    """The programs of one cell; each method is an operation of kind ``program``."""

    def __init__(self, adapter: ShapedAdapter, scope: Scope) -> None:
        self._adapter = adapter
        self._scope = scope
        self._residue: dict[int, bytes] = {}
        self._source = b""

    def mysend(self, sock: Socket, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            try:
                taken = self._sent(sock, data[sent:])
            except BlockingIOError:
                select.select([], [descriptor_of(sock)], [])
                continue
            if taken == 0:
                raise RuntimeError("socket connection broken")
            sent += taken

    def myreceive(self, sock: Socket, size: int) -> bytes:
        chunks: list[bytes] = []
        left = size
        while left > 0:
            try:
                chunk = self._received(sock, min(left, 2048))
            except BlockingIOError:
                select.select([descriptor_of(sock)], [], [])
                continue
            if chunk == b"":
                raise RuntimeError("socket connection broken")
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)

    def recv_exactly(self, sock: Socket, size: int) -> bytes:
        parts: list[bytes] = []
        left = size
        while left > 0:
            part = self._received(sock, min(left, CHUNK * 4))
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def recv_until_eof(self, sock: Socket) -> bytes:
        parts: list[bytes] = []
        while part := self._received(sock, CHUNK):
            parts.append(part)
        return b"".join(parts)

    def recv_message(self, sock: Socket, prefix: int, already: Optional[bytes]) -> bytes:
        """A decimal length of ``prefix`` digits, then so many bytes."""
        head = already or b""
        head += self.recv_exactly(sock, prefix - len(head))
        return self.recv_exactly(sock, int(head))

    def recv_delimited(self, sock: Socket, delimiter: bytes) -> dict[str, bytes]:
        collected = self._residue.pop(id(sock), b"")
        while delimiter not in collected:
            part = self._received(sock, CHUNK)
            if not part:
                return {"message": collected, "residue": b""}
            collected += part
        message, _, residue = collected.partition(delimiter)
        self._residue[id(sock)] = residue
        return {"message": message, "residue": residue}

    def fill(self, sock: Socket, record: Optional[int]) -> int:
        """Counts bytes on a stream, records elsewhere. Full means refused for as long as :meth:`_patience`."""
        stream = "stream" in self._scope.transport.groups
        before = self._adapter.gettimeout(sock)
        self._adapter.setblocking(sock, False)
        sent, count, refused = 0, 0, 0.0
        try:
            while sent < MOST:
                size = record or (CHUNK if stream else 1)
                try:
                    taken = self._sent(sock, self._piece(sent, size))
                    if not taken:
                        raise BlockingIOError  # an implementation that takes nothing refuses
                    sent += taken
                except BlockingIOError:
                    now = time.monotonic()
                    refused = refused or now
                    if now - refused >= self._patience():
                        break
                    select.select([], [descriptor_of(sock)], [], self._patience() / 4)
                except OSError:
                    break  # some systems refuse a full queue by ENOBUFS
                else:
                    count, refused = count + 1, 0.0
        finally:
            self._adapter.settimeout(sock, before)
        return sent if stream else count

    def _piece(self, start: int, size: int) -> bytes:
        if len(self._source) < start + size:
            self._source = pattern(max(16 * CHUNK, 2 * (start + size)))
        return self._source[start : start + size]

    def _patience(self) -> float:
        """Seconds for which a full socket refuses: as long as the network needs to empty its queues.

        Where there is no AF_UNIX, a pair of sockets is a connection over loopback.
        """
        groups = self._scope.transport.groups
        if "tcp" in groups or ("stream" in groups and not hasattr(socket, "AF_UNIX")):
            return FIRST_PROBE
        return STANDSTILL if "ip" in groups else 0.0

    def poll_recv(self, sock: Socket, cpu: float) -> int:
        """What the HOWTO warns of: a loop that asks again and again instead of waiting."""
        calls, until = 0, time.thread_time() + cpu
        while time.thread_time() < until:
            try:
                self._received(sock, 1)
            except BlockingIOError:
                calls += 1
        return calls

    def drain(self, sock: Socket) -> int:
        """Counts bytes on a stream, records elsewhere."""
        stream = "stream" in self._scope.transport.groups
        before = self._adapter.gettimeout(sock)
        self._adapter.setblocking(sock, False)
        received, count = 0, 0
        try:
            while True:
                part = self._received(sock, CHUNK)
                if stream and not part:
                    break
                received, count = received + len(part), count + 1
        except BlockingIOError:
            pass
        finally:
            self._adapter.settimeout(sock, before)
        return received if stream else count

    def take(self, thing: Any, size: int) -> float:
        """Bytes per second from the first piece on: the time before the sender began does not count."""
        first = len(self._received(thing, min(size, CHUNK)))
        began = time.perf_counter()
        rest = len(self.recv_exactly(thing, size - first))
        return rest / max(time.perf_counter() - began, 1e-9)

    def echo(self, thing: Any, times: int, size: int, through: Any) -> None:
        for _ in range(times):
            self._send_all(thing if through is None else through, self.recv_exactly(thing, size))

    def ping(self, thing: Any, times: int, size: int, through: Any) -> float:
        """The median of the seconds of a round trip: a single slow one tells more about the machine."""
        payload = pattern(size)
        found = []
        for _ in range(times):
            began = time.perf_counter()
            self._send_all(thing if through is None else through, payload)
            self.recv_exactly(thing, size)
            found.append(time.perf_counter() - began)
        return sorted(found)[times // 2]

    def _received(self, thing: Any, size: int) -> bytes:
        """Receives from a socket or shared memory, or reads from the end of a pipe."""
        if isinstance(thing, SharedMemory):
            return thing.receive(size)
        part = self._adapter.read(thing, size) if isinstance(thing, int) else self._adapter.recv(thing, size, 0)
        return bytes_of(part)

    def _sent(self, sock: Socket, data: bytes) -> int:
        """Sends by a single call; how much of the data it took."""
        taken = self._adapter.send(sock, data, 0)
        if not isinstance(taken, int) or isinstance(taken, bool):
            raise WrongType(taken, "a count")
        return int.__add__(taken, 0)

    def _send_all(self, thing: Any, data: bytes) -> None:
        """Sends all data into a socket, shared memory or the end of a pipe."""
        if isinstance(thing, SharedMemory):
            thing.send_all(data)
            return
        if not isinstance(thing, int):
            self._adapter.sendall(thing, data, 0)
            return
        while data:
            data = data[self._adapter.write(thing, data) :]

    def _fresh(self) -> Socket:
        """A new socket of the transport's kind; it stays open."""
        row = self._scope.transport
        family, kind = constant(row.family or "AF_INET"), constant(row.type or "SOCK_STREAM")
        made = self._adapter.socket(family, kind, 0).objects
        self._scope.abandon(self._adapter, made)
        return made

    def connect_until_stuck(self, to: Any, at_most: int) -> int:
        """How many fresh sockets connect at once."""
        for done in range(at_most):
            made = self._fresh()
            self._adapter.setblocking(made, False)
            if not self._connects(made, to):
                return done
        return at_most

    def _connects(self, sock: Socket, to: Any) -> bool:
        try:
            self._adapter.connect(sock, to)
        except BlockingIOError:
            if "local" in self._scope.transport.groups:
                return False  # EAGAIN: the queue is full; nothing is under way
            number = descriptor_of(sock)
            if number < 0 or not select.select([], [number], [number], STANDSTILL * 4)[1]:
                return False
            return bool(self._adapter.getsockopt(sock, "SO_ERROR", socket.SOL_SOCKET, None) == 0)
        except OSError:
            return False
        return True

    def bind_many(self, address: Any, at_most: int) -> int:
        """How many fresh sockets can be bound to an address; all stay open."""
        for done in range(at_most):
            made = self._fresh()
            try:
                self._adapter.bind(made, address)
            except OSError:
                return done
        return at_most

    def send_numbered(self, sock: Socket, times: int) -> None:
        for number in range(times):
            self._adapter.sendall(sock, struct.pack("!QQ", number, number), 0)

    def collect_numbered(self, sock: Socket, times: int) -> int:
        """How many came whole and in order."""
        for number in range(times):
            if self.recv_exactly(sock, 16) != struct.pack("!QQ", number, number):
                return number
        return times
