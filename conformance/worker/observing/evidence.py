"""Evidence: in which state each end of a cell's connections is, and what lies in its queues, when a step was over."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional

from conformance.tables.transports import Transport
from conformance.worker.network.namespaces import on_host
from conformance.worker.observing.sock_diag import LISTEN, UNANSWERED, SockDiag, TcpEnd, descriptor_state

if sys.platform != "win32":
    import fcntl
    import termios

Found = dict[str, Any]
"""One socket: ``socket`` (its name, or None), ``state`` and the sizes that are not 0, as docs/records.md says."""

Descriptors = Callable[[], "Iterator[tuple[str, int]]"]
"""Tells the names and descriptors of the sockets in this process."""

_QUEUED_KINDS = frozenset(["SOCK_STREAM", "SOCK_SEQPACKET"])
"""Types of AF_UNIX sockets for which FIONREAD counts all that is unread; of datagrams it counts the first one only."""

_SIZES = ("unread", "unacknowledged", "unsent", "retransmits", "queued")


class Evidence:
    """Looks at the sockets of one cell. It changes nothing and waits for nothing."""

    def __init__(
        self, transport: Transport, namespaces: Mapping[str, Optional[int]], descriptors: Descriptors,
        addresses: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """``namespaces``: by host, where hosts are our own; ``addresses``: by name, also of sockets closed since."""
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
        """Begins a conversation in a namespace, if the kernel answers; what is there already is not the cell's."""
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
        """The ends of the connections that were there before the cell."""
        found = (end for speaker in self._speakers for family in self._families for end in speaker.tcp(family))
        return {frozenset((end.local, end.peer)) for end in found if end.identity in self._before}

    def answered(self) -> bool:
        """Whether nobody waits for an acknowledgement: of data, SYN or FIN."""
        return not any(
            found.get("unacknowledged") or found.get("state") in UNANSWERED
            for found in (self.look() if self._speakers else ())
        )

    def look(self) -> list[Found]:
        """The sockets as they are now; none where the system does not say."""
        if self._speakers:
            return self._tcp()
        return [found for name, number in self._descriptors() for found in self._by_descriptor(name, number)]

    # TCP, whoever owns the socket

    def _tcp(self) -> list[Found]:
        descriptors = dict(self._descriptors())
        inodes = {_inode(number): name for name, number in descriptors.items() if _inode(number)}
        known = {address for address in self._addresses.values() if isinstance(address, tuple)}
        found = []
        for end in self._ends(None if self._own_hosts else {address[1] for address in known}):
            if self._own_hosts or {end.local, end.peer} & known:
                name = self._name(end, inodes)
                found.append({**_found(name, end), **self._left_unread(end, descriptors.get(name or "", -1))})
        return sorted(found, key=lambda each: (each["socket"] is None, each["socket"] or ""))

    def _left_unread(self, end: TcpEnd, number: int) -> Found:
        """What a socket in TIME-WAIT still has for its owner: the kernel keeps the state apart from the data."""
        return _unread(number) if end.state == "TIME-WAIT" and number >= 0 else {}

    def _ends(self, ports: Optional[set[int]]) -> Iterator[TcpEnd]:
        for speaker in self._speakers:
            for family in self._families:
                yield from speaker.tcp(family, self._before, ports)

    def _name(self, end: TcpEnd, inodes: Mapping[int, str]) -> Optional[str]:
        """The name of a socket in this process by its descriptor; of any other by its address. A name stays."""
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

    # where only descriptors can be asked

    def _by_descriptor(self, name: str, number: int) -> Iterator[Found]:
        if "tcp" in self._transport.groups:
            state = descriptor_state(number)
            if state:
                yield {"socket": name, "state": state, **_unread(number)}
        elif self._transport.family == "AF_UNIX" and self._transport.type in _QUEUED_KINDS:
            yield {"socket": name, **_unread(number)}


def _found(name: Optional[str], end: TcpEnd) -> Found:
    found: Found = {"socket": name, "state": end.state, "local": _written(end.local)}
    if end.state != LISTEN:
        found["peer"] = _written(end.peer)
    found.update({size: getattr(end, size) for size in _SIZES if getattr(end, size)})
    if end.timer:
        found["timer"] = end.timer
    return found


def _written(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _inode(number: int) -> int:
    try:
        return os.fstat(number).st_ino
    except OSError:
        return 0


def _unread(number: int) -> Found:
    """Bytes that are there to be read, where there are any (FIONREAD)."""
    if sys.platform == "win32":
        return {}
    try:
        (size,) = struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, b"\0\0\0\0"))
    except (OSError, ValueError):
        return {}
    return {"unread": size} if size > 0 else {}
