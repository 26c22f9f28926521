"""The sections of the corpus: its folders in the order of the HOWTO, and the HOWTO's headings."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "creating": "Creating a Socket",
    "ipc": "IPC",
    "using": "Using a Socket",
    "binary": "Binary Data",
    "disconnecting": "Disconnecting",
    "dying": "When Sockets Die",
    "nonblocking": "Non-blocking Sockets",
    "portability": "Portability: one program on several systems",
}
"""Heading by folder."""
