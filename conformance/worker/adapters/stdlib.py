"""The standard library's sockets, with which all other implementations are compared."""

from __future__ import annotations

import socket

from conformance.worker.adapters.shaped import ShapedAdapter

PLAIN = "stdlib"
"""The implementation that is the plain socket module."""


class StdlibAdapter(ShapedAdapter):
    """``socket.socket`` itself."""

    def __init__(self) -> None:
        super().__init__(socket, PLAIN)
