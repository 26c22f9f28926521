"""Correct wrappers of a socket, by inheritance and by delegation: no scenario may tell them from the original.

Mutants inherit from :class:`PassThrough`, so that each differs from a correct wrapper in its one bug only.
"""

from __future__ import annotations

import select
import socket
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Optional


class PassThrough(socket.socket):
    """A subclass without a bug. Sockets that it accepts are of the same class."""

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
    """A subclass without a bug that notes which of its attributes are used, also by the standard library."""

    attributes_used: ClassVar[set[str]] = set()
    """The names noted since this was last cleared, in this process."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        Noting.attributes_used.add("__init__")
        super().__init__(*arguments, **keywords)

    def __getattribute__(self, name: str) -> Any:
        Noting.attributes_used.add(name)
        return super().__getattribute__(name)

    def __enter__(self) -> Any:
        Noting.attributes_used.add("__enter__")
        return super().__enter__()

    def __exit__(self, *details: Any) -> None:
        Noting.attributes_used.add("__exit__")
        super().__exit__(*details)

    def __del__(self) -> None:
        Noting.attributes_used.add("__del__")
        original: Any = super()
        original.__del__()


class WrappingModule(ModuleType):
    """A module like ``socket`` whose sockets are of another class."""

    def __init__(self, name: str, made: type[PassThrough]) -> None:
        super().__init__(name)
        self.socket = made
        self.mutated = ""
        """The name of the function that differs from the original, if one does."""

    def __getattr__(self, name: str) -> Any:
        return select.select if name == "select" else getattr(socket, name)

    def socketpair(self, *arguments: Any, **keywords: Any) -> list[socket.socket]:
        """As the original."""
        return [self.socket(each.family, each.type, each.proto, each.detach())
                for each in socket.socketpair(*arguments, **keywords)]  # fmt: skip


class _NotingModule(WrappingModule):
    """Notes which of its functions are used, beside the attributes of its sockets."""

    def __getattribute__(self, name: str) -> Any:
        Noting.attributes_used.add(name)
        return super().__getattribute__(name)


NOTING = _NotingModule("noting", Noting)
"""The correct wrapper that notes which of its attributes are used."""


class Composed:
    """Holds a socket without being one; everything that it does not wrap is looked up in that socket."""

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
        """Like the original; the new connection is wrapped too."""
        real, address = self._real.accept()
        return self._around(real), address

    def dup(self) -> Composed:
        """Like the original; the duplicate is wrapped too."""
        return self._around(self._real.dup())
