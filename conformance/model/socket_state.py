"""Evidence: the state of one socket of a cell at the moment when a step was over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from conformance.model.codec import Count, Name


@dataclass(frozen=True)
class SocketState:
    """One socket. Sizes are bytes of data; SYN and FIN are not counted."""

    socket: Optional[Name]
    """Its name; None where nothing in the scenario has one, such as a connection that waits to be accepted."""
    state: Name = ""
    """Of TCP, as RFC 9293 calls the state; empty where the system does not say."""
    local: Name = ""
    peer: Name = ""
    unread: Count = 0
    """Bytes that have arrived and were not read."""
    unacknowledged: Count = 0
    """Bytes that were handed over and are not acknowledged."""
    unsent: Count = 0
    """Those of the unacknowledged bytes that were not even sent."""
    retransmits: Count = 0
    """Segments sent again so far."""
    queued: Count = 0
    """Of a listener: connections that wait to be accepted."""
    timer: Name = ""
    """Which timer runs."""
