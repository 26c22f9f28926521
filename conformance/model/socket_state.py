"""Evidence: the state of one socket of a cell at the moment when a step was over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from conformance.model.codec import Count, Name


@dataclass(frozen=True)
class SocketState:
    """One socket. Sizes are bytes of data; SYN and FIN are not counted."""

    socket: Optional[Name]
    """Its name; None if it has no name in the scenario, like a connection that waits to be accepted."""
    state: Name = ""
    """The TCP state in the words of RFC 9293; empty if unknown."""
    local: Name = ""
    peer: Name = ""
    unread: Count = 0
    """Bytes that have arrived and are not read yet."""
    unacknowledged: Count = 0
    """Bytes written to the socket and not acknowledged yet."""
    unsent: Count = 0
    """The part of ``unacknowledged`` that was not sent either."""
    retransmits: Count = 0
    """Retransmitted segments so far."""
    queued: Count = 0
    """Of a listener: connections that wait to be accepted."""
    timer: Name = ""
    """Which timer runs."""
