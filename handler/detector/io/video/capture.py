"""OpenCV's FFmpeg backend, for an archive without PyAV: every frame is decoded, the sampled ones become pixels.

Owns: reading a video with OpenCV, and the refusal of what it shows falsely without saying so: left-over memory for
interlaced pictures, a mirrored picture upside down, wide and HDR colours converted, wrong times after a repeated time
stamp, and the beginning of a clip for all of it where a packet cannot be decoded. May not: be used where PyAV is
installed.
"""

from __future__ import annotations

import mmap
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from detector.core.errors import UnreadableMedia
from detector.core.frames import Frame
from detector.core.opencv import cv2
from detector.core.planes import Pixels
from detector.io.video import tracks
from detector.io.video.containers import (
    RE_ENCODE,
    Reach,
    Request,
    Unopened,
    earliest_end,
    frame_seconds,
    refuse_giant,
)
from detector.io.video.headers import colours, streams
from detector.speed import threads

_CANNOT = "is read with OpenCV here, which cannot vouch for its pictures"
_REMEDY = f"put PyAV into the archive ([handler] packages, or deploy vendor av), or {RE_ENCODE}"
_LATEST_SECONDS = 1e10  # three hundred years; what is later is no time
_MATROSKA = b"\x1a\x45\xdf\xa3"


def sampled(request: Request) -> Generator[Frame, None, None]:
    """Frames 0, N, 2N... Raises Unopened or UnreadableMedia."""
    _refuse_what_it_does_not_know(request.path)
    with _capturing(request.path) as capture:
        if not capture.isOpened():
            raise Unopened
        _refuse_giant_frames(capture)
        head = _refuse_what_it_hides(capture, request.path)
        is_timed = head[4:8] == b"ftyp" or head.startswith((_MATROSKA, b"FLV"))
        aspect = _pixel_aspect(capture)
        clock, frame_index, stamp = PresentationClock(_frame_seconds(capture)), 0, -1e9
        while capture.grab():
            before, stamp = stamp, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if is_timed and stamp <= before:
                raise _unvouched(f"frame {frame_index} has no later time stamp than the one before it")
            pts_seconds = clock.at(stamp)
            if frame_index % request.frame_interval == 0:
                yield Frame(frame_index, pts_seconds, _pixels(capture, frame_index), True, aspect)
            frame_index += 1
        if frame_index:
            _refuse_early_end(capture, frame_index, pts_seconds, head)


def reach(path: str) -> Reach:
    """Decodes to the end, converts nothing; a capture that could not be opened reaches nowhere."""
    with _capturing(path) as capture:
        clock, count, last = PresentationClock(_frame_seconds(capture)), 0, 0.0
        declared = _declared_frame_count(capture)
        while capture.grab():
            count, last = count + 1, clock.at(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        return Reach(count, last, declared)


@contextmanager
def _capturing(path: str) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads.share().count])
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # off by default in OpenCV 4.11.0 alone
    try:
        yield capture
    finally:
        capture.release()


def _refuse_what_it_does_not_know(path: str) -> None:
    """Raises Unopened or UnreadableMedia: OpenCV takes attached pictures for a video, and any one of several videos."""
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        if body[:3] == b"\xff\xd8\xff":
            raise _unvouched("a stream of JPEG pictures")
        count = tracks.video_stream_count(body)
        is_torn = tracks.has_lost_packets(body)
    if count == 0:
        raise Unopened
    if count and count > 1:
        raise _unvouched(f"the file has {count} video streams")
    if is_torn:
        raise _unvouched("packets of the transport stream were lost on the way")


def _pixel_aspect(capture: cv2.VideoCapture) -> float:
    wide, high = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    aspect = wide / high if wide > 0 and high > 0 else 1.0
    return 1 / aspect if capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 else aspect


def _refuse_what_it_hides(capture: cv2.VideoCapture, path: str) -> bytes:
    """The file's first bytes. Raises UnreadableMedia."""
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        codec = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
        extradata = _extradata(capture)
        why = streams.why_not_whole_pictures(codec, extradata, body) or colours.why_not_as_ffmpeg(
            codec, extradata, body
        )
        head = body[:16]
        if not why and streams.has_lost_its_step(body):
            why = "more than a twentieth of its transport packets are damaged"
        if not why and head[4:8] == b"ftyp" and streams.is_mirrored_mp4(body):
            why = "its display matrix mirrors the picture, or turns it by no multiple of 90 degrees"
    if why:
        raise _unvouched(why)
    return head


def _extradata(capture: cv2.VideoCapture) -> bytes:
    """The stream's own headers; OpenCV would turn them, too, as the container says of the pictures."""
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    made, found = capture.retrieve(None, int(capture.get(cv2.CAP_PROP_CODEC_EXTRADATA_INDEX)))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return b"" if not made or found is None else bytes(found.ravel())


def _refuse_early_end(capture: cv2.VideoCapture, frame_count: int, last_seconds: float, head: bytes) -> None:
    """OpenCV ends silently where a packet fails. An MP4 or AVI counts its frames, others state or imply a length."""
    declared, step = _declared_frame_count(capture), _frame_seconds(capture)
    if declared is None:
        return
    if head[4:8] == b"ftyp" or head.startswith(b"RIFF"):
        is_early = frame_count < declared
    else:
        length = declared * step
        is_early = frame_count < declared and last_seconds + step < earliest_end(length)
    if is_early:
        raise _unvouched(f"{frame_count} of about {declared} frames can be read, to {last_seconds:.2f} s")


def _unvouched(why: str) -> UnreadableMedia:
    return UnreadableMedia(f"{why}; the video {_CANNOT}. To read it, {_REMEDY}")


def _pixels(capture: cv2.VideoCapture, frame_index: int) -> Pixels:
    made, pixels = capture.retrieve()
    if not made:
        raise UnreadableMedia(f"frame {frame_index} of the video cannot be converted to pixels; {RE_ENCODE}")
    return np.asarray(pixels, np.uint8)


class PresentationClock:
    """Presentation times counted from the first picture, strictly increasing.

    After `grab`, OpenCV gives the frame's own time stamp (of its stream's start, so MP4 edit lists and the offset of
    MPEG-TS are gone already). Where a container has none - an AVI with B-frames gives the time of the packet that was
    fed last, and zero for the frames that come out at the end; OpenCV 4.11 gives the last one of a raw MPEG-2 stream
    a quarter of a million years - or where it jumps back, the clock goes on from the frame before.
    """

    def __init__(self, frame_seconds: float) -> None:
        self._frame_seconds = frame_seconds
        self._origin: float | None = None
        self._last = 0.0

    def at(self, stamp_seconds: float) -> float:
        """The presentation time of the next frame, whose container time stamp is `stamp_seconds`."""
        if self._origin is None:
            self._origin = stamp_seconds
        elif stamp_seconds > _LATEST_SECONDS:
            self._last += self._frame_seconds
            return self._last
        elif stamp_seconds - self._origin <= self._last:
            self._origin = stamp_seconds - (self._last + self._frame_seconds)
        self._last = stamp_seconds - self._origin
        return self._last


def _frame_seconds(capture: cv2.VideoCapture) -> float:
    return frame_seconds(capture.get(cv2.CAP_PROP_FPS))


def _refuse_giant_frames(capture: cv2.VideoCapture) -> None:
    refuse_giant(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))


def _declared_frame_count(capture: cv2.VideoCapture) -> int | None:
    """What the container says or lets estimate; writers that could not know it left nonsense."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e9 else None
