"""A small client of the kernel's netlink (netlink(7)): of one host its links, addresses, routes and queues.

It speaks for the network namespace of the thread that makes it.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import TypeVar

from conformance.worker.host.host_facts import emulator, kernel_byteorder

REQUEST, ACK, REPLACE, EXCLUSIVE, CREATE, DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x300

_ROUTE_PROTOCOL = 0
_ERROR, _DONE = 2, 3
_NEWLINK, _GETLINK, _NEWADDR, _DELADDR = 16, 18, 20, 21
_NEWROUTE = 24
_NEWQDISC, _DELQDISC = 36, 37

ORDER = "<" if kernel_byteorder() == "little" else ">"
"""How struct writes the kernel's order of bytes."""

_HEADER = struct.Struct(f"{ORDER}IHHII")
_LINK = struct.Struct(f"{ORDER}BxHiII")
_ADDRESS = struct.Struct(f"{ORDER}BBBBI")
_QUEUE = struct.Struct(f"{ORDER}BxxxiIII")
_ROUTE = struct.Struct(f"{ORDER}BBBBBBBBI")

_IFF_UP = 1
_IFLA_MTU, _IFLA_TXQLEN, _IFLA_OPERSTATE, _OPERSTATE_UP = 4, 13, 16, 6
_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_NODAD = 1, 2, 0x02
_RTA_DST, _RTA_OIF, _RTA_PREFSRC, _RTA_METRICS, _RTAX_ADVMSS = 1, 4, 7, 8, 8
_TABLE_MAIN, _PROTOCOL_STATIC, _SCOPE_LINK, _UNICAST = 254, 4, 253, 1
_TCA_KIND, _TCA_OPTIONS = 1, 2
_ROOT, _HANDLE = 0xFFFFFFFF, 0x10000

PATIENCE = 5.0
"""Seconds that the kernel may take to answer, or a link to come up."""

_RTMGRP_LINK = 1

Speaker = TypeVar("Speaker", bound="Conversation")


def attribute(kind: int, content: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack(f"{ORDER}HH", 4 + len(content), kind) + content + b"\0" * (-len(content) % 4)


def _socket(protocol: int) -> socket.socket:
    """A netlink socket whose messages reach the kernel as they are.

    qemu-user rewrites what such a socket carries, and knows but a part of it (linux-user/fd-trans.c). Of a descriptor
    that was passed over AF_UNIX it does not know what it is, and leaves it alone.
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
    """Questions to a part of the kernel by its netlink protocol, and the answers."""

    def __init__(self, protocol: int) -> None:
        self._socket = _socket(protocol)
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
        """The bodies of the answers. OSError where the kernel refuses."""
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
        """Sends several messages at once, all with the current number, and takes in so many acknowledgements."""
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


class Netlink(Conversation):
    """A conversation with the kernel about the interface ``name``."""

    def __init__(self, name: str) -> None:
        self._index = socket.if_nametoindex(name)
        super().__init__(_ROUTE_PROTOCOL)

    # requests

    def set_up(self, up: bool) -> None:
        """Sets the interface up or down."""
        self._request(_NEWLINK, 0, _LINK.pack(0, 0, self._index, _IFF_UP if up else 0, _IFF_UP))

    def is_running(self) -> bool:
        """Whether the interface is up and has its carrier."""
        answer = next(self.ask(_GETLINK, 0, _LINK.pack(0, 0, self._index, 0, 0)))
        return dict(attributes(answer[_LINK.size :])).get(_IFLA_OPERSTATE, b"")[:1] == bytes([_OPERSTATE_UP])

    def wait_until_running(self) -> None:
        """Waits until :meth:`is_running`; the kernel tells of each change."""
        with _socket(_ROUTE_PROTOCOL) as news:
            news.settimeout(PATIENCE)
            news.bind((0, _RTMGRP_LINK))
            while not self.is_running():
                news.recv(65536)

    def set_mtu(self, size: int) -> None:
        """The interface carries packets of at most so many bytes."""
        self._request(
            _NEWLINK, 0, _LINK.pack(0, 0, self._index, 0, 0) + attribute(_IFLA_MTU, struct.pack(f"{ORDER}I", size))
        )

    def add_address(self, address: str, prefix: int) -> None:
        """Gives the interface an address, without duplicate address detection; nothing where it has it."""
        self._address(_NEWADDR, CREATE | REPLACE, address, prefix)

    def remove_address(self, address: str, prefix: int) -> None:
        """Takes an address away."""
        self._address(_DELADDR, 0, address, prefix)

    def _address(self, kind: int, flags: int, address: str, prefix: int) -> None:
        family, packed = _packed(address)
        nodad = _IFA_F_NODAD if family == socket.AF_INET6 else 0
        body = _ADDRESS.pack(family, prefix, nodad, 0, self._index)
        self._request(kind, flags, body + attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed))

    def add_route(self, to: str, own: str, mss: int = 0) -> None:
        """What goes to one address goes through the interface, from the host's ``own`` address.

        With ``mss``, connections that go there ask for segments with at most so many bytes of data.
        """
        family, packed = _packed(to)
        scope = _SCOPE_LINK if family == socket.AF_INET else 0
        body = _ROUTE.pack(family, 8 * len(packed), 0, 0, _TABLE_MAIN, _PROTOCOL_STATIC, scope, _UNICAST, 0)
        body += attribute(_RTA_DST, packed) + attribute(_RTA_PREFSRC, _packed(own)[1]) + (metrics(mss) if mss else b"")
        self._request(_NEWROUTE, CREATE | REPLACE, body + attribute(_RTA_OIF, struct.pack(f"{ORDER}I", self._index)))

    def set_queue_length(self, packets: int) -> None:
        """How many packets the interface may keep until they are taken."""
        length = attribute(_IFLA_TXQLEN, struct.pack(f"{ORDER}I", packets))
        self._request(_NEWLINK, 0, _LINK.pack(0, 0, self._index, 0, 0) + length)

    def set_queue(self, kind: str, options: bytes = b"") -> None:
        """What the interface sends goes through a queue of this kind."""
        body = _QUEUE.pack(0, self._index, _HANDLE, _ROOT, 0) + attribute(_TCA_KIND, kind.encode() + b"\0")
        self._request(_NEWQDISC, CREATE | REPLACE, body + (attribute(_TCA_OPTIONS, options) if options else b""))

    def reset_queue(self) -> None:
        """The end of :meth:`set_queue`."""
        self._request(_DELQDISC, 0, _QUEUE.pack(0, self._index, _HANDLE, _ROOT, 0))

    # messages

    def _request(self, kind: int, flags: int, body: bytes) -> None:
        for _ in self.ask(kind, flags | ACK, body):
            pass


def metrics(mss: int) -> bytes:
    """The attribute of a route whose connections ask for segments with at most so many bytes of data."""
    return attribute(_RTA_METRICS, attribute(_RTAX_ADVMSS, struct.pack(f"{ORDER}I", mss)))


def attributes(content: bytes) -> Iterable[tuple[int, bytes]]:
    """Kind and content of each attribute."""
    while len(content) >= 4:
        length, kind = struct.unpack_from(f"{ORDER}HH", content)
        if length < 4:
            return
        yield kind, content[4:length]
        content = content[(length + 3) & ~3 :]


def _packed(address: str) -> tuple[int, bytes]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)
