"""Opens any video that OpenCV can read as a clip of sampled frames.

Owns: decoding with OpenCV's FFmpeg backend, presentation times, and the errors about a video that cannot be read.
May not: keep a frame, or leave a file behind: OpenCV reads the body from an anonymous file (`storage`).

Where possible, the sampled frames are read without decoding all the others (`skipping`). Otherwise every frame is
decoded (`grab`) and only the sampled ones are converted to pixels (`retrieve`), which also applies the container's
rotation (CAP_PROP_ORIENTATION_AUTO, on by default in this backend).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from detector.core.errors import EmptyMedia, RequestError, TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame, Pixels
from detector.core.opencv import MAX_FRAME_PIXELS, cv2
from detector.io import containers, skipping, storage
from detector.io.containers import Container
from detector.io.gops import CannotSkip
from detector.speed.prefetch import prefetched

logger = logging.getLogger(__name__)

_RE_ENCODE = "check it with ffprobe, and re-encode it: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4"


@contextmanager
def open_video(body: bytes | bytearray, frame_interval: int) -> Iterator[Clip]:
    """Raises UnreadableMedia, EmptyMedia or TruncatedMedia; a cut clip is refused before any prediction."""
    container = containers.recognised(body)
    if container is None and containers.is_text(body):
        raise UnreadableMedia(f"the body is a text, not a video; it begins with {bytes(body[:32])!r}")
    with storage.named(body) as path:
        if container and container.missing_bytes(body):
            _refuse_cut(path, body, container)
        # Both decoders need some time for the first picture, so they start together.
        with prefetched(skipping.sampled(path, frame_interval)) as skipped, _capturing(path) as capture:
            if not capture.isOpened():
                raise _unopened(body, container)
            yield _clip(capture, skipped, frame_interval)


@contextmanager
def _capturing(path: str) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # off by default in OpenCV 4.11.0 alone
    try:
        yield capture
    finally:
        capture.release()


def _clip(capture: cv2.VideoCapture, skipped: Iterator[Frame], frame_interval: int) -> Clip:
    """The clip's size is that of its first picture, since rotation is applied only when pixels are made."""
    _refuse_giant_frames(capture)
    if not capture.grab():
        raise _without_frames(capture)
    first = _pixels(capture, 0)
    height, width = first.shape[:2]
    return Clip(width, height, _sampled(capture, skipped, frame_interval, first))


def _sampled(
    capture: cv2.VideoCapture, skipped: Iterator[Frame], frame_interval: int, first: Pixels
) -> Iterator[Frame]:
    """Frames 0, N, 2N... of a capture whose first frame has been grabbed, skipping as long as that is possible."""
    last_index = -1
    try:
        for frame in skipping.checked(skipped, first):
            yield frame
            last_index = frame.frame_index
        return
    except CannotSkip as reason:
        logger.debug("every frame after %d is decoded: %s", last_index, reason)
    yield from _grabbed(capture, frame_interval, last_index)


def _grabbed(capture: cv2.VideoCapture, frame_interval: int, last_index: int) -> Iterator[Frame]:
    """The sampled frames after `last_index`."""
    clock = PresentationClock(_frame_seconds(capture))
    frame_index = 0
    while True:
        pts_seconds = clock.at(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if frame_index % frame_interval == 0 and frame_index > last_index:
            yield Frame(frame_index, pts_seconds, _pixels(capture, frame_index), is_bgr=True)
        if not capture.grab():
            return
        frame_index += 1


def _pixels(capture: cv2.VideoCapture, frame_index: int) -> Pixels:
    made, pixels = capture.retrieve()
    if not made:
        raise UnreadableMedia(f"frame {frame_index} of the video cannot be converted to pixels; {_RE_ENCODE}")
    return np.asarray(pixels, np.uint8)


class PresentationClock:
    """Presentation times counted from the first picture, strictly increasing.

    After `grab`, OpenCV gives the frame's own time stamp (from its stream's start, so MP4 edit lists and the offset of
    MPEG-TS are applied already). An AVI with B-frames gives the time of the last packet instead, and zero for the
    frames that the decoder returns at the end. Where a time stamp is missing or jumps back, the clock continues from
    the frame before.
    """

    def __init__(self, frame_seconds: float) -> None:
        self._frame_seconds = frame_seconds
        self._origin: float | None = None
        self._last = 0.0

    def at(self, stamp_seconds: float) -> float:
        """The presentation time of the next frame, whose container time stamp is `stamp_seconds`."""
        if self._origin is None:
            self._origin = stamp_seconds
        elif stamp_seconds - self._origin <= self._last:
            self._origin = stamp_seconds - (self._last + self._frame_seconds)
        self._last = stamp_seconds - self._origin
        return self._last


def _frame_seconds(capture: cv2.VideoCapture) -> float:
    rate = capture.get(cv2.CAP_PROP_FPS)
    return 1 / rate if 0.01 < rate < 1000 else 1 / 25


def _refuse_giant_frames(capture: cv2.VideoCapture) -> None:
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > MAX_FRAME_PIXELS:
        raise UnreadableMedia(f"frames of {width} x {height} are larger than the {MAX_FRAME_PIXELS} pixels allowed")


@dataclass(frozen=True)
class _Reach:
    """The readable length of a capture: its number of frames, and the time of the last one."""

    frame_count: int
    last_seconds: float


def _reach(capture: cv2.VideoCapture) -> _Reach:
    """Decode to the end without converting pixels; a capture that could not be opened has no frames."""
    clock, count, last = PresentationClock(_frame_seconds(capture)), 0, 0.0
    while capture.grab():
        count, last = count + 1, clock.at(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return _Reach(count, last)


def _refuse_cut(path: str, body: bytes | bytearray, container: Container) -> None:
    """Raise TruncatedMedia, unless every frame that the container declares can be read nevertheless."""
    with _capturing(path) as capture:
        declared = _declared_frame_count(capture)
        reach = _reach(capture)
    if declared and reach.frame_count >= declared and not container.is_fragmented:
        return
    of_all = f" of about {declared}" if declared else ""
    readable = (
        f"{reach.frame_count} frames{of_all}, to {reach.last_seconds:.2f} s," if reach.frame_count else "no frame"
    )
    raise TruncatedMedia(
        f"the clip is cut: this {container.family} file declares at least {container.declared_bytes} bytes and "
        f"{len(body)} arrived; {readable} can be read. Upload the whole file"
    )


def _declared_frame_count(capture: cv2.VideoCapture) -> int | None:
    """The declared or estimated count; None for the nonsense of writers that could not know it."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e9 else None


def _unopened(body: bytes | bytearray, container: Container | None) -> RequestError:
    if container is None:
        return UnreadableMedia(
            f"the body of {len(body)} bytes is no video container known here; it begins with {bytes(body[:8])!r}"
        )
    if container.lacks_index:
        return TruncatedMedia(
            f"this {container.family} file has no index (its 'moov' box, often at the end): the recording was not "
            f"finished, or its end is missing after {len(body)} bytes. No frame can be read; upload the whole file"
        )
    return UnreadableMedia(
        f"this {container.family} file holds no video stream that can be decoded here: it is sound only, or no video "
        f"at all, or its codec is unknown; {_RE_ENCODE}"
    )


def _without_frames(capture: cv2.VideoCapture) -> RequestError:
    declared = _declared_frame_count(capture)
    if declared is None:
        return EmptyMedia("the video holds no frames; record or export it again")
    return UnreadableMedia(f"none of the {declared} frames that the video declares can be decoded; {_RE_ENCODE}")
