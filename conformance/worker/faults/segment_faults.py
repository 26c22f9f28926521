"""Faults that forge TCP segments."""

from __future__ import annotations

from typing import Any

from conformance.model.errors import Missing, Unsupported
from conformance.worker.adapters.shaped import ShapedAdapter
from conformance.worker.calls.scope import Scope
from conformance.worker.faults.target_hosts import TargetHosts
from conformance.worker.network import forged_segments
from conformance.worker.network.namespaces import on_host


class SegmentFaults:
    """The forged segments of one cell."""

    does = ("inject",)

    def __init__(self, targets: TargetHosts, scope: Scope, adapter: ShapedAdapter) -> None:
        self._targets = targets
        self._scope = scope
        self._adapter = adapter

    def inject(self, segment: str, from_: str, to: str, sequence: str) -> None:
        """Sends a forged segment from one actor's host to another actor's socket."""
        namespace = self._targets.namespace(from_)
        source, target = self._address_of(from_), self._address_of(to)
        expected = forged_segments.expected_numbers(self._adapter.descriptor(self._scope.object(to)))
        try:
            on_host(namespace, lambda: forged_segments.send_segment(segment, sequence, expected, source, target))
        except PermissionError:
            raise Unsupported("raw sockets need CAP_NET_RAW") from None

    def _address_of(self, name: str) -> Any:
        if name not in self._scope.addresses:
            raise Missing(f'"{name}" has no address')
        return self._scope.addresses[name]
