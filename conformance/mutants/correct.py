"""Right ways to wrap a socket, by inheritance and by delegation: no scenario may ever tell them from the original.

The wrong ones inherit from :class:`PassThrough`, so that the one bug of each is all that they differ in.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, ClassVar, Optional


class PassThrough(socket.socket):
    """A subclass without a bug. What it accepts is of its own class, as wrappers want it."""

    def accept(self) -> tuple[socket.socket, Any]:
        """As the original."""
        made, address = super().accept()
        return self._adopt(made), address

    def _adopt(self, made: socket.socket) -> socket.socket:
        timeout = made.gettimeout()
        own = type(self)(made.family, made.type, made.proto, made.detach())
        own.settimeout(timeout)
        return own


class Noting(PassThrough):
    """A subclass without a bug that notes which of its attributes anybody uses, the standard library included."""

    attributes_used: ClassVar[set[str]] = set()
    """The names noted since this was last cleared, in this process."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        Noting.attributes_used.add("__init__")
        super().__init__(*arguments, **keywords)

    def __getattribute__(self, name: str) -> Any:
        Noting.attributes_used.add(name)
        return super().__getattribute__(name)


class Composed:
    """Holds a socket, and is none: everything that it does not wrap is looked up there."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None) -> None:
        self._real = socket.socket(family, type, proto, fileno)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> Composed:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._real.close()

    @classmethod
    def _around(cls, real: socket.socket) -> Composed:
        made = cls.__new__(cls)
        made._real = real
        return made

    def accept(self) -> tuple[Composed, Any]:
        """As the original; the new connection is wrapped too."""
        real, address = self._real.accept()
        return self._around(real), address

    def dup(self) -> Composed:
        """As the original; the duplicate is wrapped too."""
        return self._around(self._real.dup())
