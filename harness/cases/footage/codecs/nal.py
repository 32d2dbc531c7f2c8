"""The units of an H.264 or HEVC stream: behind start codes, or with their lengths before them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_START = re.compile(rb"\x00\x00\x01")
_HEADER_BYTES = 128  # as much of a unit as a parameter set or the head of a slice takes


def units(packet: bytes, length_bytes: int | None) -> list[bytes] | None:
    """The beginnings of the units, without the bytes that keep start codes out; None where they do not add up.

    `length_bytes` as `avcC` and `hvcC` say it; None for start codes.
    """
    found = list(_behind_start_codes(packet) if length_bytes is None else _with_lengths(packet, length_bytes))
    return None if not found or b"" in found else [unit.replace(b"\x00\x00\x03", b"\x00\x00") for unit in found]


def _behind_start_codes(packet: bytes) -> Iterator[bytes]:
    for start in _START.finditer(packet):
        yield packet[start.end() : start.end() + _HEADER_BYTES]


def _with_lengths(packet: bytes, length_bytes: int) -> Iterator[bytes]:
    place = 0
    while place < len(packet):
        size = int.from_bytes(packet[place : place + length_bytes], "big")
        place += length_bytes
        yield packet[place : place + min(size, _HEADER_BYTES)] if place + size <= len(packet) else b""
        place += size
