"""Whether a PNG picture is whole, and one alone: its chunks, one after the other, to the last.

Source: PNG, third edition (W3C): 5.3 (chunk layout), 5.4 (a chunk that the pixels depend on has a capital first
letter), 10.1 (the IDAT chunks together are one zlib stream), 11.3.6.1 (acTL: how many pictures, before the pixels).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from zlib import crc32

Body = bytes | bytearray

START = b"\x89PNG\r\n\x1a\n"
_ANIMATED, _PIXELS, _LAST = b"acTL", b"IDAT", b"IEND"
_AROUND_BYTES = 12  # a chunk's length, name and checksum


class Flaw(Enum):
    CUT = "cut"
    """The file ends before its last chunk does."""
    DAMAGED = "damaged"
    """A chunk that the pixels depend on has not the checksum that it states, or is no chunk."""


def flaw(body: Body) -> Flaw | None:
    """The first that is met, chunk by chunk; None of a whole picture. What follows the last chunk is not looked at."""
    for start, name, end in _chunks(body):
        if end > len(body):
            return Flaw.CUT
        if not name.isalpha():
            return Flaw.DAMAGED
        stated = int.from_bytes(body[end - 4 : end], "big")
        if name[:1].isupper() and crc32(memoryview(body)[start + 4 : end - 4]) != stated:
            return Flaw.DAMAGED
        if name == _LAST:
            return None
    return Flaw.CUT


def picture_count(body: Body) -> int:
    """More than one in an animated PNG, which says so before its pixels."""
    for start, name, _ in _chunks(body):
        if name == _ANIMATED:
            return int.from_bytes(body[start + 8 : start + 12], "big")
        if name == _PIXELS:
            break
    return 1


def _chunks(body: Body) -> Iterator[tuple[int, bytes, int]]:
    """(start, name, end) of each; the last one's end may be beyond the body's."""
    start = len(START)
    while start < len(body):
        end = start + _AROUND_BYTES + int.from_bytes(body[start : start + 4], "big")
        yield start, bytes(body[start + 4 : start + 8]), end
        start = end
