"""Where a JPEG picture ends, whether others follow it, and its metadata in an order that every OpenCV reads.

Owns: the markers. What is between them is for a decoder to read.

Source: ISO/IEC 10918-1, B.1.1: a marker may follow any number of fill bytes, 0xFF; TEM (01), RSTn (D0 to D7) and SOI
(D8) have no segment. Bytes between two segments are skipped, as libjpeg does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Body = bytes | bytearray

START = b"\xff\xd8"
_NEXT = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
_END_OF_IMAGE, _START_OF_SCAN, _APP1, _APP2 = 0xD9, 0xDA, 0xE1, 0xE2
_EXIF = b"Exif\x00"
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
    size, is_of_many, count = b"", False, 0
    for kind, _, content, end in _segments(body, start):
        count += 1
        if kind == _END_OF_IMAGE:
            return Picture(content, size, is_of_many, count)
        if kind in _FRAMES:
            size = bytes(body[content + 3 : content + 7])
        elif kind in (_APP1, _APP2):
            is_of_many |= any(body.find(name, content, end) >= 0 for name in _MORE_IN_ONE)
    return Picture(len(body) if count == _MOST_MARKERS else None, size, is_of_many, count)


def exif_first(body: Body) -> Body:
    """The picture without APP1 segments before its Exif, such as XMP: OpenCV before 4.13 looks at the first alone.

    The same body where there are none, or where it is no JPEG.
    """
    others: list[tuple[int, int]] = []
    for kind, start, content, end in _segments(body, 0) if body.startswith(START) else ():
        if kind == _START_OF_SCAN:
            break
        if kind == _APP1 and body.startswith(_EXIF, content + 2):
            return _without(body, others)
        others += [(start, end)] if kind == _APP1 else []
    return body


def _without(body: Body, spans: list[tuple[int, int]]) -> Body:
    for start, end in reversed(spans):
        body = body[:start] + body[end:]
    return body


def _segments(body: Body, start: int) -> Iterator[tuple[int, int, int, int]]:
    """(marker, its place, that of the segment's length, its end), as many as any picture needs; fill bytes included."""
    offset = start + len(START)
    for _ in range(_MOST_MARKERS):
        marker = _MARKER.search(body, offset)
        if marker is None:
            return
        kind, offset = marker[1][0], marker.end()
        if kind not in (_END_OF_IMAGE, _START_OF_SCAN):  # a scan's few bytes hold no marker, and pixels follow
            offset += int.from_bytes(body[offset : offset + 2], "big")
        yield kind, marker.start(), marker.end(), offset


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
