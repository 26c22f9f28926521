"""The tape: short counts, would-blocks, interruptions and resets, played to the calls of a socket. Needs no privileges.

``taped(sock, "send=3,1 recv=1")`` is a socket for a program that is to be tested; ``shortest`` shrinks what fails.
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
