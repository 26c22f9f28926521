"""Evidence: the state and the queues of a cell's sockets at the moment when a step is over."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional

from conformance.model.socket_state import SocketState
from conformance.tables.transports import Transport
from conformance.worker.network.namespaces import on_host
from conformance.worker.observing.sock_diag import LISTEN, UNANSWERED, SockDiag, TcpEnd, descriptor_state

if sys.platform != "win32":
    import fcntl
    import termios

Descriptors = Callable[[], "Iterator[tuple[str, int]]"]
"""Yields name and descriptor of each socket in this process."""

_QUEUED_KINDS = frozenset(["SOCK_STREAM", "SOCK_SEQPACKET"])
"""Types of AF_UNIX sockets for which FIONREAD counts all that is unread; of datagrams it counts the first one only."""


class Evidence:
    """Looks at the sockets of one cell. Looking changes nothing and waits for nothing."""

    def __init__(
        self, transport: Transport, namespaces: Mapping[str, Optional[int]], descriptors: Descriptors,
        addresses: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """``namespaces``: by host, if the worker made the hosts; ``addresses``: by name, closed sockets included."""
        self._transport = transport
        self._descriptors = descriptors
        self._addresses = addresses
        self._own_hosts = bool(transport.hosts and namespaces and None not in namespaces.values())
        self._names: dict[int, str] = {}
        self._families = [socket.AF_INET6, socket.AF_INET] if transport.ip6 else [socket.AF_INET]
        self._speakers: list[SockDiag] = []
        self._before: set[int] = set()
        if sys.platform == "linux" and "tcp" in transport.groups:
            for namespace in namespaces.values() if self._own_hosts else [None]:
                self._begin(namespace)

    def _begin(self, namespace: Optional[int]) -> None:
        """Opens a sock_diag conversation in a namespace, if the kernel answers; notes the sockets that exist now."""
        with contextlib.suppress(OSError):
            speaker = SockDiag() if namespace is None else on_host(namespace, SockDiag)
            self._speakers.append(speaker)
            try:
                self._before.update(*(speaker.identities(family) for family in self._families))
            except OSError:
                self._speakers.pop().close()

    def close(self) -> None:
        """Ends the conversations with the kernel."""
        for speaker in self._speakers:
            speaker.close()

    def strangers(self) -> set[frozenset[tuple[str, int]]]:
        """The ends of the connections that existed before the cell."""
        ends = (end for speaker in self._speakers for family in self._families for end in speaker.tcp(family))
        return {frozenset((end.local, end.peer)) for end in ends if end.identity in self._before}

    def answered(self) -> bool:
        """True if no socket waits for an acknowledgement of data, SYN or FIN."""
        states = self.look() if self._speakers else ()
        return not any(each.unacknowledged or each.state in UNANSWERED for each in states)

    def look(self) -> list[SocketState]:
        """The sockets as they are now; empty if the system does not show them."""
        if self._speakers:
            return self._tcp()
        return [state for name, number in self._descriptors() for state in self._by_descriptor(name, number)]

    # TCP: all sockets of the hosts, of all processes

    def _tcp(self) -> list[SocketState]:
        descriptors = dict(self._descriptors())
        inodes = {_inode(number): name for name, number in descriptors.items() if _inode(number)}
        known = {address for address in self._addresses.values() if isinstance(address, tuple)}
        states = []
        for end in self._ends(None if self._own_hosts else {address[1] for address in known}):
            if self._own_hosts or {end.local, end.peer} & known:
                name = self._name(end, inodes)
                states.append(_state(name, end, descriptors.get(name or "", -1)))
        return sorted(states, key=lambda each: (each.socket is None, each.socket or ""))

    def _ends(self, ports: Optional[set[int]]) -> Iterator[TcpEnd]:
        for speaker in self._speakers:
            for family in self._families:
                yield from speaker.tcp(family, self._before, ports)

    def _name(self, end: TcpEnd, inodes: Mapping[int, str]) -> Optional[str]:
        """The name of a socket: by its descriptor if this process has one, else by its address. It never changes."""
        if end.inode in inodes:
            self._names[end.identity] = inodes[end.inode]
        elif end.inode and end.identity not in self._names:
            alike = [name for name, address in self._addresses.items() if address == end.local]
            taken = set(self._names.values())
            fitting = [name for name in alike if (name == "listener") == (end.state == LISTEN)] or alike
            free = [name for name in fitting if name not in taken]
            if free:
                self._names[end.identity] = free[0]
        return self._names.get(end.identity)

    # without sock_diag: one descriptor at a time

    def _by_descriptor(self, name: str, number: int) -> Iterator[SocketState]:
        if "tcp" in self._transport.groups:
            state = descriptor_state(number)
            if state:
                yield SocketState(name, state, unread=_unread(number))
        elif self._transport.family == "AF_UNIX" and self._transport.type in _QUEUED_KINDS:
            yield SocketState(name, unread=_unread(number))


def _state(name: Optional[str], end: TcpEnd, number: int) -> SocketState:
    """A socket as sock_diag describes it; ``number``: its descriptor in this process, or -1.

    In TIME-WAIT the kernel keeps state and data apart, so only the descriptor shows unread bytes.
    """
    left = _unread(number) if end.state == "TIME-WAIT" and number >= 0 else 0
    peer = "" if end.state == LISTEN else _written(end.peer)
    return SocketState(
        name, end.state, _written(end.local), peer, left or end.unread, end.unacknowledged, end.unsent,
        end.retransmits, end.queued, end.timer,
    )  # fmt: skip


def _written(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _inode(number: int) -> int:
    try:
        return os.fstat(number).st_ino
    except OSError:
        return 0


def _unread(number: int) -> int:
    """Bytes that can be read (FIONREAD); 0 if unknown."""
    if sys.platform == "win32":
        return 0
    try:
        (size,) = struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, b"\0\0\0\0"))
    except (OSError, ValueError):
        return 0
    return max(0, int(size))
