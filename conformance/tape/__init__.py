"""Tapes make the calls of a socket return short counts, would-blocks, interruptions and resets, without privileges.

``taped(sock, "send=3,1 recv=1")`` makes a socket for a program under test; ``shortest`` shortens a tape that fails.
"""

from conformance.tape.events import LEGAL, Tape, TapeError, splits
from conformance.tape.player import TapePlayer, playing
from conformance.tape.shrinking import shortest
from conformance.tape.taped import TapedSocket, install, taped

Deck = TapePlayer
"""The old name."""

__all__ = [
    "LEGAL", "Deck", "Tape", "TapeError", "TapePlayer", "TapedSocket", "install", "playing", "shortest", "splits",
    "taped",
]  # fmt: skip
