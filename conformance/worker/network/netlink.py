"""The netlink protocol (netlink(7)): requests to the kernel, their attributes, and the answers.

A conversation is about the network namespace of the thread that begins it. The messages are in modules of their own:
``links``, ``interface_addresses``, ``routes``, ``queues``, ``nftables``, ``destroy``. The package pyroute2 could
replace them all, but a worker must run with the standard library alone.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import TypeVar

from conformance.worker.host.host_facts import emulator, kernel_byteorder

REQUEST, ACK, REPLACE, EXCLUSIVE, CREATE, DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x300

_ERROR, _DONE = 2, 3

ORDER = "<" if kernel_byteorder() == "little" else ">"
"""The kernel's byte order, as struct writes it."""

_HEADER = struct.Struct(f"{ORDER}IHHII")

PATIENCE = 5.0
"""Seconds that the kernel may take to answer, or a link to come up."""

Speaker = TypeVar("Speaker", bound="Conversation")


def attribute(kind: int, content: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack(f"{ORDER}HH", 4 + len(content), kind) + content + b"\0" * (-len(content) % 4)


def netlink_socket(protocol: int) -> socket.socket:
    """A netlink socket whose messages reach the kernel unchanged.

    qemu-user rewrites the messages of a netlink socket, and knows only some of them (linux-user/fd-trans.c). It does
    not know what a descriptor is that was passed over AF_UNIX, and leaves its messages alone.
    """
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    if emulator() != "qemu-user":
        return made
    one, other = socket.socketpair()
    with made, one, other:
        socket.send_fds(one, [b"\0"], [made.fileno()])
        _, (passed,), _, _ = socket.recv_fds(other, 1, 1)
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol, fileno=passed)


class Conversation:
    """Questions to one part of the kernel, chosen by the number of its protocol, and the answers."""

    def __init__(self, protocol: int) -> None:
        self._socket = netlink_socket(protocol)
        self._socket.settimeout(PATIENCE)
        self._socket.bind((0, 0))
        self._number = 0

    def __enter__(self: Speaker) -> Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the conversation."""
        self._socket.close()

    def ask(self, kind: int, flags: int, body: bytes) -> Iterator[bytes]:
        """The bodies of the answers. OSError if the kernel refuses."""
        self._number += 1
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, REQUEST | flags, self._number, 0) + body)
        for found, answer in self._answers():
            if found == _DONE:
                return
            if found == _ERROR:
                (code,) = struct.unpack_from(f"{ORDER}i", answer)
                if code:
                    raise OSError(-code, os.strerror(-code))
                return
            yield answer
            if not flags & (ACK | DUMP):
                return

    def tell(self, messages: bytes, answers: int) -> None:
        """Sends several messages at once, all with the current number, and reads this many acknowledgements."""
        self._socket.send(messages)
        for _, (found, answer) in zip(range(answers), self._answers()):
            code = struct.unpack_from(f"{ORDER}i", answer)[0] if found == _ERROR else 0
            if code:
                raise OSError(-code, os.strerror(-code))

    def _answers(self) -> Iterator[tuple[int, bytes]]:
        while True:
            received = self._socket.recv(1 << 17)
            while len(received) >= _HEADER.size:
                length, kind, _, number, _ = _HEADER.unpack_from(received)
                if number == self._number:
                    yield kind, received[_HEADER.size : length]
                received = received[(length + 3) & ~3 :]


class RouteNetlink(Conversation):
    """A conversation in the protocol of links, addresses, routes and queues (rtnetlink(7))."""

    def __init__(self) -> None:
        super().__init__(0)

    def request(self, kind: int, flags: int, body: bytes) -> None:
        """Sends one request and waits until the kernel has done it. OSError if the kernel refuses."""
        for _ in self.ask(kind, flags | ACK, body):
            pass


def attributes(content: bytes) -> Iterable[tuple[int, bytes]]:
    """Kind and content of each attribute."""
    while len(content) >= 4:
        length, kind = struct.unpack_from(f"{ORDER}HH", content)
        if length < 4:
            return
        yield kind, content[4:length]
        content = content[(length + 3) & ~3 :]


def packed_address(address: str) -> tuple[int, bytes]:
    """The family of an address, and the address as messages carry it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def number(value: int) -> bytes:
    """A 32-bit number as attributes carry it."""
    return struct.pack(f"{ORDER}I", value)
