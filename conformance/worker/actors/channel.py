"""Messages between processes of one worker: pickled, each after its length, over a stream of AF_UNIX."""

from __future__ import annotations

import os
import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!I")
_MOST_DESCRIPTORS = 64


class Channel:
    """One end of a channel. ``receive`` raises EOFError once the other end is closed everywhere."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        """The number of the descriptor."""
        return self._socket.fileno()

    def send(self, message: Any, descriptors: Sequence[int] = ()) -> None:
        """Sends one message, together with copies of descriptors."""
        body = pickle.dumps(message, protocol=4)
        socket.send_fds(self._socket, [_LENGTH.pack(len(body))], list(descriptors))
        self._socket.sendall(body)

    def receive(self) -> tuple[Any, list[int]]:
        """The next message, and the descriptors that came with it; they are not inheritable."""
        head, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH.size, _MOST_DESCRIPTORS)
        for number in descriptors:
            os.set_inheritable(number, False)
        head += self._exactly(_LENGTH.size - len(head)) if head else b""
        if not head:
            raise EOFError
        return pickle.loads(self._exactly(_LENGTH.unpack(head)[0])), descriptors

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """Closes this end."""
        self._socket.close()


def pair() -> tuple[Channel, Channel]:
    """Both ends of a new channel."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Channel(one), Channel(other)


def adopted(number: int) -> Channel:
    """The channel with this descriptor, which was received."""
    return Channel(socket.socket(fileno=number))
