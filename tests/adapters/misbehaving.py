"""Implementations that misbehave: they hang, hold the interpreter, die, raise and return nonsense."""

import ctypes
import os
import signal
import socket
import threading


class HangsForEver(socket.socket):
    def recv(self, size, flags=0):
        while not threading.Event().wait(3600):
            pass


class HoldsTheInterpreter(socket.socket):
    """Sleeps in C without giving up the lock of the interpreter."""

    def recv(self, size, flags=0):
        ctypes.PyDLL(None).sleep(1000)


class HoldsTheInterpreterWhenMade(socket.socket):
    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        ctypes.PyDLL(None).sleep(1000)


class Exits(socket.socket):
    def recv(self, size, flags=0):
        os._exit(7)


class KillsItself(socket.socket):
    def recv(self, size, flags=0):
        os.kill(os.getpid(), signal.SIGKILL)


class ReadsFromNull(socket.socket):
    def recv(self, size, flags=0):
        ctypes.string_at(0)


class ExitsWhenMade(socket.socket):
    def __init__(self, *arguments, **keywords):
        os._exit(3)


class Panic(BaseException):
    pass


class RaisesBaseException(socket.socket):
    def recv(self, size, flags=0):
        raise Panic("not an Exception")


class RaisesSystemExit(socket.socket):
    def recv(self, size, flags=0):
        raise SystemExit(3)


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    @property
    def errno(self):
        raise RuntimeError("no number")


class RaisesTheUnspeakable(socket.socket):
    def recv(self, size, flags=0):
        raise UnspeakableError


class RaisesOddNumbers(socket.socket):
    """The errno of its error is an object that no format can hold."""

    def recv(self, size, flags=0):
        raise OSError([object()], object())


class _Nonsense:
    def __repr__(self):
        raise RuntimeError("no words")


class ReturnsNonsense(socket.socket):
    def recv(self, size, flags=0):
        return _Nonsense()

    def getsockname(self):
        return _Nonsense()

    def connect_ex(self, address):
        return _Nonsense()

    def send(self, data, flags=0):
        return 10**5000


class ReturnsItself(socket.socket):
    """Returns a value that contains itself."""

    def recv(self, size, flags=0):
        knot = []
        knot.append(knot)
        return knot


class _Hostile:
    """Raises for every attribute and operation."""

    def _raises(self, *arguments):
        raise RuntimeError("asked")

    __repr__ = __str__ = __eq__ = __hash__ = __len__ = __bool__ = __int__ = __index__ = __iter__ = __getitem__ = _raises
    __abs__ = __add__ = __radd__ = __lt__ = __gt__ = __float__ = __bytes__ = _raises


class _HostileNumber(_Hostile, int):
    pass


class _HostileBytes(_Hostile, bytes):
    pass


class _Claims:
    """Converts itself to a number."""

    def __index__(self):
        return 3

    __int__ = __index__

    def __repr__(self):
        return "3?"


def _knot():
    knot = []
    knot.append(knot)
    return knot


def _knots():
    """Returns a value that contains itself too often to be written out."""
    knots = []
    knots += [knots] * 1000
    return knots


VALUES = {
    "nothing": None, "true": True, "text": "3", "empty": b"", "float": 3.0, "claim": _Claims(), "knot": _knot(),
    "hostile": _Hostile(), "knots": _knots(),
    "hostile-number": _HostileNumber(3), "hostile-bytes": _HostileBytes(b"abc"),
    "huge": 10**5000, "long": ["x" * 1000] * 1000, "object": object(),
}  # fmt: skip


def _returning(value):
    """A class of sockets whose calls all return this value."""

    class Returns(socket.socket):
        def given(self, *arguments):
            return value

        send = sendto = sendmsg = recv_into = recv = recvfrom = recvfrom_into = recvmsg = recvmsg_into = given
        accept = getsockopt = connect_ex = getblocking = dup = getsockname = given

    return Returns


def _with_timeout(value):
    """A class of sockets whose timeout is this value."""
    return type("Timeout", (socket.socket,), {"gettimeout": lambda self: value})


for _name, _value in VALUES.items():
    globals()["returns_" + _name.replace("-", "_")] = _returning(_value)
    globals()["timeout_" + _name.replace("-", "_")] = _with_timeout(_value)


class OddNumber(socket.socket):
    """Its fileno returns no descriptor, except to calls of the interpreter."""

    odd = "five"

    def fileno(self):
        return self.odd


class HugeNumber(OddNumber):
    odd = 10**30


class TrueNumber(OddNumber):
    odd = True


class WordlessError(OSError):
    @property
    def errno(self):
        raise RuntimeError("no number")

    def __str__(self):
        raise SystemExit(3)


class RaisesWithoutWords(socket.socket):
    def recv(self, size, flags=0):
        raise WordlessError


class NoNames(socket.socket):
    """Raises another error than AttributeError for missing attributes, and for those that are read last."""

    def __getattribute__(self, name):
        if name in ("fileno", "getsockname", "type"):
            raise RuntimeError(f"no {name}")
        return super().__getattribute__(name)


class Nowhere(socket.socket):
    """Its address is no address."""

    def getsockname(self):
        return [1, 2, 3]


class TakesNoDescriptor:
    """Cannot be made of an existing descriptor, as ``socketpair`` needs."""

    def __init__(self, family, type, proto):
        self._real = socket.socket(family, type, proto)


def factory(family=-1, type=-1, proto=-1, fileno=None):
    return socket.socket(family, type, proto, fileno)


not_callable = 3
