"""Where a JPEG picture ends, and whether others follow it.

Owns: the markers. What is between them is for a decoder to read.

Source: ISO/IEC 10918-1, B.1.1: a marker may follow any number of fill bytes, 0xFF; TEM (01), RSTn (D0 to D7) and SOI
(D8) have no segment. Bytes between two segments are skipped, as libjpeg does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Body = bytes | bytearray

START = b"\xff\xd8"
_NEXT = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOFn, without DHT, JPG and DAC
_MOST_MARKERS, _MOST_MARKERS_OF_STREAM = 100_000, 2_000_000
# CIPA DC-007 (multi-picture format), and Google's containers of a picture, its depth and its gain map.
_MORE_IN_ONE = (b"MPF\x00", b"http://ns.google.com/photos/1.0/container/", b"http://ns.adobe.com/hdr-gain-map/")


@dataclass(frozen=True)
class Picture:
    """`end` is the place after the end marker; None where there is none, outside all segments."""

    end: int | None
    size: bytes = b""
    """Height and width, as they are written."""
    is_of_many: bool = False
    """It says that the pictures behind it are part of it: a second view, its depth, its preview."""
    marker_count: int = 0


def read(body: Body, start: int = 0) -> Picture:
    """The picture that begins at `start`. A segment may hold a whole thumbnail, with an end marker of its own.

    A picture of more markers than any needs is taken for whole: it is left to the decoder, which is faster at refusing.
    """
    offset, size, is_of_many = start + len(START), b"", False
    for count in range(_MOST_MARKERS):
        marker = _MARKER.search(body, offset)
        if marker is None:
            return Picture(None, size, is_of_many, count)
        offset, kind = marker.end(), marker[1][0]
        if kind == _END_OF_IMAGE:
            return Picture(offset, size, is_of_many, count + 1)
        if kind == _START_OF_SCAN:  # its few bytes hold no marker, and compressed pixels follow
            continue
        end = offset + int.from_bytes(body[offset : offset + 2], "big")
        if kind in _FRAMES:
            size = bytes(body[offset + 3 : offset + 7])
        elif 0xE1 <= kind <= 0xE2:
            is_of_many |= any(body.find(name, offset, end) >= 0 for name in _MORE_IN_ONE)
        offset = end
    return Picture(len(body), size, is_of_many, _MOST_MARKERS)


def is_stream(body: Body) -> bool:
    """Whether another picture of the same size follows the first one (Motion JPEG), which does not claim it as its own.

    Cameras write previews, which are smaller, behind a picture's end.
    """
    first = read(body)
    if first.end is None or first.is_of_many or not first.size:
        return False
    second = _following(body, first.end)
    return second is not None and read(body, second).size == first.size


def ends_whole(body: Body) -> bool:
    """Whether the last picture of a stream has its end; a stream of more markers than any has is taken for whole."""
    start: int | None = 0
    left = _MOST_MARKERS_OF_STREAM
    while start is not None and left > 0:
        picture = read(body, start)
        if picture.end is None:
            return False
        start, left = _following(body, picture.end, exactly=False), left - picture.marker_count
    return True


def _following(body: Body, end: int, *, exactly: bool = True) -> int | None:
    """Where the picture after `end` begins: at once, but for zeros that fill a block up; or else wherever one does."""
    start = body.find(_NEXT, end)
    if start < 0 or (exactly and body[end:start].strip(b"\x00")):
        return None
    return start
