"""Optional records of a cell beside its observations: evidence of socket states, and packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from conformance.model.captures import AnyCapture, CapturedPacket
from conformance.model.socket_state import SocketState
from conformance.worker.observing.capture import Capture
from conformance.worker.observing.evidence import Evidence


class SideRecords:
    """The evidence and the capture of one cell; a capture needs evidence."""

    def __init__(self, evidence: Optional[Evidence] = None, capture: Optional[Capture] = None) -> None:
        self._evidence = evidence
        self.capture = capture

    def learn_names(self) -> None:
        """Learns the names of sockets while their descriptors are in this process."""
        if self._evidence:
            self._evidence.look()

    def begins(self, step: int) -> None:
        """A step begins."""
        if self.capture:
            self.capture.begins(step)

    def over(self, steps: list[int]) -> list[SocketState]:
        """These steps are over. Returns the evidence of this moment; empty if it was not asked for."""
        if self.capture:
            self.capture.over(steps)
        return self._evidence.look() if self._evidence else []

    def captured(self, settled: Callable[[], bool], scale: float) -> tuple[AnyCapture, tuple[CapturedPacket, ...]]:
        """All packets of the cell, read once the network has settled; None if they were not asked for."""
        if self.capture is None or self._evidence is None:
            return None, ()
        return self.capture.finish(settled, self._evidence.answered, scale)

    def close(self) -> None:
        """Ends evidence and capture."""
        if self._evidence:
            self._evidence.close()
        if self.capture:
            self.capture.close()
