"""Opens a JPEG or PNG picture as a clip of one frame, at 0 seconds.

Owns: the decoding of pictures by OpenCV, which applies their EXIF orientation; boxes are in pixels of the turned
picture. OpenCV decodes the beginning of a cut picture and fills the rest with grey, so this module looks for the
picture's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from detector.core.errors import TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame, Pixels
from detector.core.opencv import MAX_FRAME_PIXELS, cv2

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"


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
    return body.find(_END_OF_IMAGE, _jpeg_scan_offset(body)) >= 0


def _jpeg_scan_offset(body: bytes | bytearray) -> int:
    """Where a JPEG's compressed pixels begin: past its segments, one of which may hold a whole JPEG thumbnail."""
    offset = len(_JPEG)
    while offset + 4 <= len(body) and body[offset] == 0xFF and body[offset + 1] != _START_OF_SCAN:
        offset += 2 + int.from_bytes(body[offset + 2 : offset + 4], "big")
    return offset
