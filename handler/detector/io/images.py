"""Opens a JPEG or PNG picture as a clip of one frame, at 0 seconds.

Owns: the decoding of pictures by OpenCV, which turns them as their EXIF orientation says; boxes are in pixels of the
turned picture. OpenCV decodes the beginning of a cut picture and fills the rest with grey, so their ends are looked
for here. Everything else that is wrong with a picture is OpenCV's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from detector.core.errors import TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame, Pixels
from detector.core.opencv import MAX_FRAME_PIXELS, cv2

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
# ISO/IEC 10918-1, B.1.1: a marker may follow any number of fill bytes, 0xFF; TEM (01), RSTn (D0 to D7) and SOI (D8)
# have no segment. Bytes between two segments are skipped, as libjpeg does.
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_MOST_MARKERS = 100_000


@contextmanager
def open_image(body: bytes | bytearray, frame_interval: int) -> Iterator[Clip]:  # noqa: ARG001  one frame, any interval
    """Raises UnreadableMedia or TruncatedMedia."""
    pixels = _decoded(body)
    height, width = pixels.shape[:2]
    yield Clip(width, height, iter([Frame(0, 0.0, pixels, is_bgr=True)]))


def _decoded(body: bytes | bytearray) -> Pixels:
    if not body.startswith((_JPEG, _PNG)):
        raise UnreadableMedia(f"the body is neither a JPEG nor a PNG picture; it begins with {bytes(body[:8])!r}")
    if not _is_whole(body):
        raise TruncatedMedia(f"the picture is cut: its end marker is not in the {len(body)} bytes that arrived")
    if _is_animated(body):
        raise UnreadableMedia(
            "the picture is an animated PNG, of many pictures; send it as a video: ffmpeg -i IN OUT.mp4"
        )
    try:
        pixels = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # a header that promises more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        limit = f"larger than {MAX_FRAME_PIXELS} pixels"
        raise UnreadableMedia(f"the picture is damaged, or {limit}: {error.err}") from error
    if pixels is None:
        raise UnreadableMedia(f"the picture of {len(body)} bytes cannot be decoded: it is damaged")
    return np.asarray(pixels, np.uint8)


def _is_whole(body: bytes | bytearray) -> bool:
    if body.startswith(_PNG):
        return b"IEND" in body
    return _has_jpeg_end(body)


def _is_animated(body: bytes | bytearray) -> bool:
    """Whether a PNG has an acTL chunk of several frames, which comes before the pixels (PNG, 11.3.6.1)."""
    place = body.find(b"acTL", 0, max(body.find(b"IDAT"), 0)) if body.startswith(_PNG) else -1
    return place > 0 and int.from_bytes(body[place + 4 : place + 8], "big") > 1


def _has_jpeg_end(body: bytes | bytearray) -> bool:
    """Whether the end marker is there, outside all segments: one of them may hold a whole JPEG thumbnail.

    A file of more markers than any picture needs is left to the decoder, which is faster at refusing it.
    """
    offset = len(_JPEG)
    for _ in range(_MOST_MARKERS):
        marker = _MARKER.search(body, offset)
        if marker is None:
            return False
        if marker[1][0] == _END_OF_IMAGE:
            return True
        offset = marker.end()
        if marker[1][0] != _START_OF_SCAN:  # its few bytes hold no marker, and compressed pixels follow
            offset += int.from_bytes(body[offset : offset + 2], "big")
    return True
