"""A JPEG or PNG by Pillow, which is not the handler's decoder (OpenCV): its size, turned as its EXIF data say; and
whether a JPEG is one of a stream.

A picture of which a part is missing has no facts: Pillow decodes it to its end.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from PIL import ExifTags, Image

from harness.cases.footage.facts import ClipFacts

# CIPA DC-008 (Exif), 4.6.4: from 5 on, the picture's rows are shown as columns.
_ROWS_ARE_COLUMNS = range(5, 9)
# ISO/IEC 10918-1, B.1.1: markers, but those without a segment.
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
_END, _SCAN, _APPLICATIONS = 0xD9, 0xDA, (0xE1, 0xE2)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# The multi-picture format, and containers of a picture with its depth or gain map.
_MORE = (b"MPF\x00", b"http://ns.google.com/photos/1.0/container/", b"http://ns.adobe.com/hdr-gain-map/")


def still_facts(path: Path) -> ClipFacts | None:
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
            picture.load()
            width, height = picture.size
    except Exception:  # Pillow raises OSError, SyntaxError, ValueError, struct.error... for what is damaged
        return None
    if orientation in _ROWS_ARE_COLUMNS:
        width, height = height, width
    return ClipFacts(width, height, 1, 0.0)


def is_stream(path: Path) -> bool:
    """Whether a second JPEG of the same size follows at once, but for zeros, which the first does not call its own."""
    body = path.read_bytes()
    first = _jpeg(body, 0)
    if first is None or first[2]:
        return False
    start = body.find(b"\xff\xd8\xff", first[0])
    second = _jpeg(body, start) if start >= 0 and not body[first[0] : start].strip(b"\x00") else None
    return second is not None and second[1] == first[1] != b""


def _jpeg(body: bytes, start: int) -> tuple[int, bytes, bool] | None:
    """(end, height and width as written, whether others behind it are its own) of a JPEG; None where it has no end."""
    place, size, has_more = start + 2, b"", False
    while found := _MARKER.search(body, place):
        kind, place = found[1][0], found.end()
        if kind == _END:
            return place, size, has_more
        if kind == _SCAN:
            continue
        segment = body[place : place + int.from_bytes(body[place : place + 2], "big")]
        if kind in _FRAMES:
            size = segment[3:7]
        has_more |= kind in _APPLICATIONS and any(name in segment for name in _MORE)
        place += len(segment)
    return None
