"""Capture files: pcapng, which Wireshark and tcpdump read. Each interface of each host is an interface in the file."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpkt import pcapng as blocks
from dpkt.dpkt import Error as DpktError

import conformance
from conformance.model.captures import CapturedPacket
from conformance.model.errors import RecordError

OUTGOING = 4
"""PACKET_OUTGOING of packet(7): what the host itself sends."""

_COOKED = struct.Struct("!HHH8sH")
"""The header of LINKTYPE_LINUX_SLL: kind, hardware type, size of the hardware address, the address, protocol."""

_COMMENT, _APPLICATION, _NAME, _DESCRIPTION, _RESOLUTION, _FLAGS = 1, 4, 2, 3, 9, 2
"""Options, by number: opt_comment, shb_userappl, if_name, if_description, if_tsresol, epb_flags."""

_NANOSECONDS = bytes([9])
_INBOUND, _OUTBOUND = 1, 2
_SIZE_OF_PACKET = 24
"""The offset of the packet's length in an enhanced packet block, where dpkt writes the length of what is kept."""


@dataclass(frozen=True)
class Packet:
    """A packet as one interface of one host saw it."""

    host: str
    interface: str
    nanoseconds: int
    """Since the epoch."""
    outgoing: bool
    protocol: int
    """The EtherType."""
    content: bytes
    """The kept bytes, from the network header on."""


def written(packets: Sequence[CapturedPacket], title: str, comments: Mapping[int, str]) -> bytes:
    """A worker's packets as the content of a file; ``comments`` by number of the packet, from 0."""
    taps = list(dict.fromkeys((packet.host, packet.interface) for packet in packets))
    about = _options({_COMMENT: title, _APPLICATION: f"conformance {conformance.__version__}"})
    parts = [bytes(blocks.SectionHeaderBlockLE(opts=about))]
    for host, interface in taps:
        words = f"host {host}, interface {interface}"
        options = _options({_NAME: f"{host}/{interface}", _DESCRIPTION: words, _RESOLUTION: _NANOSECONDS})
        kind = blocks.DLT_LINUX_SLL
        parts.append(bytes(blocks.InterfaceDescriptionBlockLE(linktype=kind, snaplen=0, opts=options)))
    for number, packet in enumerate(packets):
        parts.append(_packet(packet, taps.index((packet.host, packet.interface)), comments.get(number)))
    return b"".join(parts)


def _packet(packet: CapturedPacket, tap: int, comment: str | None) -> bytes:
    stamp = packet.nanoseconds
    data = _COOKED.pack(packet.kind, packet.hardware, 0, bytes(8), packet.protocol) + packet.content
    flags = struct.pack("<I", _OUTBOUND if packet.kind == OUTGOING else _INBOUND)
    options = _options({**({_COMMENT: comment} if comment else {}), _FLAGS: flags})
    block = bytes(
        blocks.EnhancedPacketBlockLE(
            iface_id=tap, ts_high=stamp >> 32, ts_low=stamp & 0xFFFFFFFF, pkt_data=data, opts=options
        )
    )
    whole = struct.pack("<I", packet.size + _COOKED.size)
    return block[:_SIZE_OF_PACKET] + whole + block[_SIZE_OF_PACKET + len(whole) :]


def _options(values: Mapping[int, str | bytes]) -> list[Any]:
    made = (
        blocks.PcapngOptionLE(code=code, data=value.encode() if isinstance(value, str) else value)
        for code, value in values.items()
    )
    return [*made, blocks.PcapngOptionLE(code=0)]


def packets(content: bytes) -> list[Packet]:
    """The packets of a file that :func:`written` made, in order of time; RecordError where the file is damaged."""
    try:
        return sorted(_packets(content), key=lambda packet: packet.nanoseconds)
    except (DpktError, struct.error, ValueError, KeyError, IndexError) as error:
        raise RecordError(f"a capture is damaged, or none of conformance's ({error}); run again to make one") from None


def _packets(content: bytes) -> Iterator[Packet]:
    taps: list[tuple[str, str]] = []
    for kind, block in _blocks(content):
        if kind == blocks.PCAPNG_BT_IDB:
            options = {option.code: option.data for option in blocks.InterfaceDescriptionBlockLE(block).opts}
            host, _, interface = options[_NAME].decode().partition("/")
            taps.append((host, interface))
        elif kind == blocks.PCAPNG_BT_EPB:
            yield _read_packet(blocks.EnhancedPacketBlockLE(block), taps)


def _read_packet(block: Any, taps: Sequence[tuple[str, str]]) -> Packet:
    data = bytes(block.pkt_data)
    kind, _, _, _, protocol = _COOKED.unpack_from(data)
    stamp = block.ts_high << 32 | block.ts_low
    host, interface = taps[block.iface_id]
    return Packet(host, interface, stamp, kind == OUTGOING, protocol, data[_COOKED.size :])


def _blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        kind, size = struct.unpack_from("<II", content)
        if size < 12 or size > len(content):
            raise ValueError("a block is cut off")
        yield kind, content[:size]
        content = content[size:]


def put(path: Path, content: bytes) -> None:
    """Writes a file as a whole, or not at all. OSError where that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
