"""Opens a JPEG or PNG picture as a clip of one frame, at 0 seconds.

Owns: the decoding of pictures by OpenCV, which turns them as their EXIF orientation says; boxes are in pixels of the
turned picture. OpenCV decodes the beginning of a cut picture and fills the rest with grey, so `pictures` looks for
their ends before. Everything else that is wrong with a picture is OpenCV's to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from detector.core.errors import TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame
from detector.core.opencv import MAX_FRAME_PIXELS, cv2
from detector.core.planes import Pixels
from detector.io.pictures import jpeg, png


@contextmanager
def open_image(body: bytes | bytearray, frame_interval: int) -> Iterator[Clip]:  # noqa: ARG001  one frame, any interval
    """Raises UnreadableMedia or TruncatedMedia."""
    pixels = _decoded(body)
    height, width = pixels.shape[:2]
    yield Clip(width, height, iter([Frame(0, 0.0, pixels, is_bgr=True)]))


def _decoded(body: bytes | bytearray) -> Pixels:
    _refuse_incomplete(body)
    try:
        pixels = cv2.imdecode(np.frombuffer(jpeg.exif_first(body), np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # a header that promises more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        limit = f"larger than {MAX_FRAME_PIXELS} pixels"
        raise UnreadableMedia(f"the picture is damaged, or {limit}: {error.err}") from error
    if pixels is None:
        raise UnreadableMedia(f"the picture of {len(body)} bytes cannot be decoded: it is damaged")
    return np.asarray(pixels, np.uint8)


def _refuse_incomplete(body: bytes | bytearray) -> None:
    if not body.startswith((jpeg.START, png.START)):
        raise UnreadableMedia(f"the body is neither a JPEG nor a PNG picture; it begins with {bytes(body[:8])!r}")
    flaw = png.flaw(body) if body.startswith(png.START) else None
    is_cut = flaw is png.Flaw.CUT or (body.startswith(jpeg.START) and jpeg.read(body).end is None)
    if is_cut:
        raise TruncatedMedia(f"the picture is cut: its end marker is not in the {len(body)} bytes that arrived")
    if flaw:
        raise UnreadableMedia(f"the picture of {len(body)} bytes is damaged: a chunk is not what its checksum says")
    if body.startswith(png.START) and png.picture_count(body) > 1:
        raise UnreadableMedia(
            "the picture is an animated PNG, of many pictures; send it as a video: ffmpeg -i IN OUT.mp4"
        )
