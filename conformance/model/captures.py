"""Captures: the packets of a cell, and the part of a record that describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Optional, Union

from conformance.model.codec import LIST, Count, Name, Rule, is_sound


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and path.isprintable() and is_sound(path) and parts[0] != "/" and ".." not in parts


FileInFolder = Annotated[str, Rule(_is_inside, "a path below the record's folder")]


@dataclass(frozen=True)
class StepTimes:
    """When a step began and ended, in nanoseconds since the epoch; None if it did not begin."""

    json_form: ClassVar[str] = LIST

    step: Count
    began: Optional[Count]
    ended: Optional[Count]


@dataclass(frozen=True)
class NamedAddress:
    """An address and port, and the name of the socket that has it."""

    json_form: ClassVar[str] = LIST

    host: Name
    port: Count
    name: Name


@dataclass(frozen=True)
class CapturedPacket:
    """A packet as one interface of one host saw it (packet(7))."""

    json_form: ClassVar[str] = LIST

    host: Name
    interface: Name
    nanoseconds: Count
    """Since the epoch."""
    kind: Count
    """sll_pkttype: whether it came in or went out."""
    hardware: Count
    """sll_hatype."""
    protocol: Count
    """The EtherType."""
    size: Count
    """Bytes of the whole packet, from the network header on."""
    content: bytes
    """The first bytes of the packet."""


@dataclass(frozen=True)
class CaptureRecord:
    """The capture of a cell in a record; its packets are in a file beside the record."""

    packets: Count
    """The number of packets."""
    lost: Count
    """Packets that the kernel could not keep."""
    complete: bool
    """Whether no packet was lost, and the network was idle before the capture was closed."""
    steps: tuple[StepTimes, ...]
    hosts: Mapping[Name, Name]
    """Address to host."""
    actors: Mapping[Name, Name]
    """Actor to host."""
    sockets: tuple[NamedAddress, ...]
    file: Optional[FileInFolder] = None


@dataclass(frozen=True)
class NoCapture:
    """Why nothing was captured."""

    lacking: str


AnyCapture = Union[CaptureRecord, NoCapture, None]
"""None if no capture was asked for."""
