"""The taped socket: a ``socket.socket`` whose calls take events from a tape. Wrappers and subclasses stand above it.

All effects are real: a short count is a system call with fewer bytes, and the rest of the data is still there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterable
from typing import Any, Optional, Union

from conformance.tape.events import BLOCK, INTERRUPT, RESET, Event, Tape
from conformance.tape.player import TapePlayer, of_thread

_DONTWAIT = getattr(socket, "MSG_DONTWAIT", 0)
_HARMLESS = {
    "send": _DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0) | getattr(socket, "MSG_MORE", 0),
    "recv": _DONTWAIT | getattr(socket, "MSG_CMSG_CLOEXEC", 0),
}
"""The flags under which a count may be short. MSG_PEEK, MSG_WAITALL, MSG_OOB and others make promises about it."""

_UNDER_WAY = (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))
"""Errors of a connect whose attempt continues; after EAGAIN of AF_UNIX no attempt does."""

_LINGER = "HH" if os.name == "nt" else "ii"
"""The form of a struct linger."""


class TapedSocket(socket.socket):
    """A socket that takes events from its own player, or else from that of the thread."""

    __slots__ = ("_player",)

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        self._player: Optional[TapePlayer] = None
        super().__init__(family, type, proto, fileno)

    # calls whose count may be short

    def send(self, data: Any, *flags: int) -> int:
        """Like the original, with at most as many bytes as the tape allows."""
        limit = self._limit("send", *flags[:1])
        if limit is not None and limit < _nbytes(data):
            self._note("send", limit)
            data = memoryview(data).cast("B")[:limit]
        return super().send(data, *flags)

    def recv(self, bufsize: int, *flags: int) -> bytes:
        """Like the original, with at most as many bytes as the tape allows."""
        return super().recv(self._fewer(bufsize, *flags), *flags)

    def recvfrom(self, bufsize: int, *flags: int) -> tuple[bytes, Any]:
        """Like the original, with at most as many bytes as the tape allows."""
        return super().recvfrom(self._fewer(bufsize, *flags), *flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Like the original, with at most as many bytes as the tape allows."""
        return super().recv_into(buffer, self._into(buffer, nbytes, flags), flags)

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """Like the original, with at most as many bytes as the tape allows."""
        return super().recvfrom_into(buffer, self._into(buffer, nbytes, flags), flags)

    if hasattr(socket.socket, "sendmsg"):

        def sendmsg(self, buffers: Iterable[Any], *more: Any) -> int:
            """Like the original, with at most as many bytes as the tape allows."""
            parts = list(buffers)
            limit = self._limit("send", *more[1:2])
            if limit is not None and limit < sum(map(_nbytes, parts)):
                self._note("send", limit)
                parts = _first(parts, limit)
            return super().sendmsg(parts, *more)

    if hasattr(socket.socket, "recvmsg"):

        def recvmsg(self, bufsize: int, *more: int) -> tuple[bytes, list[Any], int, Any]:
            """Like the original, with at most as many bytes as the tape allows."""
            return super().recvmsg(self._fewer(bufsize, *more[1:2]), *more)

        def recvmsg_into(self, buffers: Iterable[Any], *more: int) -> tuple[int, list[Any], int, Any]:
            """Like the original, with at most as many bytes as the tape allows."""
            parts = list(buffers)
            limit = self._limit("recv", *more[1:2])
            if limit is not None and limit < sum(map(_nbytes, parts)):
                self._note("recv", limit)
                parts = _first(parts, limit)
            return super().recvmsg_into(parts, *more)

    # calls that do everything or fail

    def sendall(self, data: Any, *flags: int) -> None:
        """Like the original; its loop is in C, below the tape."""
        self._limit("sendall", *flags[:1])
        super().sendall(data, *flags)

    def accept(self) -> tuple[socket.socket, Any]:
        """Like the original; the new socket uses the same player."""
        self._limit("accept")
        made, address = super().accept()
        return self._sharing(made), address

    def dup(self) -> TapedSocket:
        """Like the original; the duplicate uses the same player."""
        made = super().dup()
        made._player = getattr(self, "_player", None)
        return made

    def connect(self, address: Any) -> None:
        """As the original."""
        event = self._next("connect")
        try:
            super().connect(address)
        except BlockingIOError as error:
            if event != INTERRUPT or error.errno not in _UNDER_WAY:
                raise
            self._note("connect", INTERRUPT)
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR)) from None

    def connect_ex(self, address: Any) -> int:
        """As the original."""
        event = self._next("connect")
        found = super().connect_ex(address)
        if event == INTERRUPT and found in _UNDER_WAY:
            self._note("connect", INTERRUPT)
            return errno.EINTR
        return found

    # the tape

    def _limit(self, call: str, flags: int = 0) -> Optional[int]:
        """Plays the next event. Returns the most bytes that the call may move (None: any), or raises its error."""
        event = self._next(call)
        if isinstance(event, int):
            legal = super().type == socket.SOCK_STREAM and isinstance(flags, int)
            legal = legal and not flags & ~_HARMLESS.get(call, 0)
            return event if legal and (call != "recv" or event >= self._at_least()) else None
        if event == BLOCK and (super().gettimeout() == 0 or (isinstance(flags, int) and flags & _DONTWAIT)):
            self._note(call, event)
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))  # EAGAIN, except on Windows
        if event == RESET and call != "accept" and self._ended():
            self._note(call, event)
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return None

    def _at_least(self) -> int:
        """Bytes for which a call waits (SO_RCVLOWAT); 1 if the system does not have that option."""
        try:
            return super().getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
        except OSError:
            return 1

    def _next(self, call: str) -> Event:
        player = self._playing()
        return player.next(call) if player is not None else ""

    def _note(self, call: str, event: Event) -> None:
        player = self._playing()
        if player is not None:
            player.note(call, event)

    def _playing(self) -> Optional[TapePlayer]:
        player = getattr(self, "_player", None) or of_thread()
        return player if player is not None and (not player.numbers or super().fileno() in player.numbers) else None

    def _fewer(self, size: int, flags: int = 0) -> int:
        limit = self._limit("recv", flags)
        if limit is None or not isinstance(size, int) or size <= limit:
            return size
        self._note("recv", limit)
        return limit

    def _into(self, buffer: Any, nbytes: int, flags: int) -> int:
        """The argument ``nbytes`` for the original: unchanged, or smaller than the buffer."""
        limit = self._limit("recv", flags)
        if limit is None or not isinstance(nbytes, int) or (nbytes or _nbytes(buffer)) <= limit:
            return nbytes
        self._note("recv", limit)
        return limit

    def _ended(self) -> bool:
        """Ends the connection: the kernel answers later calls as after a reset. False if there is no connection.

        The peer sees the end of the stream now, and a reset when this socket is closed.
        """
        if super().type != socket.SOCK_STREAM:
            return False
        with contextlib.suppress(OSError):
            super().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        try:
            super().shutdown(socket.SHUT_RDWR)
        except OSError:
            return False
        return True

    def _sharing(self, made: socket.socket) -> socket.socket:
        """A socket made from this one, with the same player."""
        player = getattr(self, "_player", None)
        if player is None:
            return made
        own = made if isinstance(made, TapedSocket) else _taken_over(made)
        own._player = player
        return own


def taped(sock: socket.socket, tape: Union[Tape, str], interrupted_by: Optional[int] = None) -> TapedSocket:
    """A taped socket that takes over the descriptor and timeout of a connected or listening one.

    ``interrupted_by``: the signal of ``interrupt`` events. TapeError if a text is not a tape.
    """
    player = TapePlayer(Tape.parse(tape) if isinstance(tape, str) else tape, interrupted_by=interrupted_by)
    own = _taken_over(sock)
    own._player = player
    return own


def install() -> None:
    """Replaces ``socket.socket`` by the taped socket in this process, for good.

    Call it before the code under test is imported. Then classes that inherit ``socket.socket``, modules that import its
    name, and code that looks it up when it makes a socket all get the taped one. Code that uses ``_socket``, system
    calls or a C library of its own does not.
    """
    socket.socket = TapedSocket  # type: ignore[misc]  # this is the point


def _taken_over(sock: socket.socket) -> TapedSocket:
    timeout, kind = sock.gettimeout(), (sock.family, sock.type, sock.proto)
    own = TapedSocket(*kind, fileno=sock.detach())
    own.settimeout(timeout)
    return own


def _nbytes(data: Any) -> int:
    """Bytes of a buffer; 0 for anything else, so that the original raises its own error."""
    try:
        view = memoryview(data)
    except TypeError:
        return 0
    return view.nbytes if view.c_contiguous else 0


def _first(parts: list[Any], limit: int) -> list[memoryview]:
    """The first bytes of several buffers."""
    found, left = [], limit
    for part in parts:
        view = memoryview(part).cast("B")[:left]
        found.append(view)
        left -= len(view)
        if not left:
            break
    return found
