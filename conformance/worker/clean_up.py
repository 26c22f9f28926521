"""Cleans up after a cell, so that nothing of it is left for the next one."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from typing import Any

from conformance.worker.adapters.shaped import Poller
from conformance.worker.stage import Stage

LIMIT = 0.5
"""Seconds within which threads must end once their sockets are shut down, times the host's scale."""

_LIMIT_OF_PARKED = 0.02
"""The same for a first try if a call is parked: closing its socket may be what ends it."""

GONE_LIMIT = 5.0
"""Seconds within which a killed process must be gone, times the host's scale."""


def clean_up(stage: Stage, parked: bool) -> bool:
    """Releases waiting calls, closes all objects, ends processes and the cell's own network, and removes its folder.

    Returns False if the worker must be replaced. ``parked``: a call is still waiting.
    """
    scope, network = stage.performer.scope, stage.hosts.network
    stage.side_records.close()
    stage.faults.packets.undo()
    network.abandon()
    things = stage.performer.things()
    for _, thing in things:
        _release(thing)
    ended = stage.actors.join(_LIMIT_OF_PARKED if parked else LIMIT)
    for adapter, thing in things:
        with contextlib.suppress(Exception):
            adapter.close(thing)
    ended = ended or stage.actors.join(LIMIT)
    gone = stage.actors.processes.end(GONE_LIMIT * stage.context.scale)
    stage.performer.restore()
    if os.path.isdir(scope.folder):
        shutil.rmtree(scope.folder, ignore_errors=True)
    if network.held:
        network.close()
        stage.context.watch_over([])
    return ended and gone and not stage.actors.process_missing


def _release(thing: Any) -> None:
    """Ends calls that wait for an object, if that is possible."""
    with contextlib.suppress(Exception):
        if isinstance(thing, Poller):
            thing.release()
        elif hasattr(thing, "shutdown"):
            thing.shutdown(socket.SHUT_RDWR)
