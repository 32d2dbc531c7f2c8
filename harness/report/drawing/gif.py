"""Encodes `detections.gif`: drawn frames as one looping animation with the clip's timing, bounded in bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from PIL import Image

from harness.report.drawing.clip import CasePictures, DrawnFrame, busiest_window, drawn
from harness.report.drawing.colours import Palette

MAX_FRAMES = 60
MAX_WIDTH = 480
MAX_BYTES = 3_000_000

_SHRINK = 0.75
_MIN_WIDTH = 120
_LONE_FRAME_MILLISECONDS = 1000


def frames_of(material: CasePictures, palette: Palette | None = None) -> list[DrawnFrame]:
    """At most 60 frames of the material, those with the most detections; none where its media cannot be decoded.

    Without a palette the labels have the colours that are theirs in this material alone.
    """
    window = busiest_window(material.frames, MAX_FRAMES, material.threshold)
    colours = palette or Palette.of(material.labels())
    return drawn(material, window, colours, width=MAX_WIDTH, captions=True)


def encode(frames: Sequence[DrawnFrame], *, max_bytes: int = MAX_BYTES) -> bytes:
    """A GIF of the frames (at least one), shrunk until it has at most `max_bytes` or is 120 pixels wide."""
    images = [Image.fromarray(frame.image) for frame in frames]
    durations = durations_milliseconds([frame.pts_seconds for frame in frames])
    data = _encode(images, durations)
    while len(data) > max_bytes and images[0].width * _SHRINK >= _MIN_WIDTH:
        images = [_shrunk(image) for image in images]
        data = _encode(images, durations)
    return data


def durations_milliseconds(pts_seconds: Sequence[float]) -> list[int]:
    """How long each frame is shown: until the time stamp of the next; the last one for the median of the others.

    GIF counts in hundredths of a second, and viewers slow down frames of less than two of them.
    """
    if len(pts_seconds) == 1:
        return [_LONE_FRAME_MILLISECONDS]
    hundredths = [round(pts * 100) for pts in pts_seconds]
    gaps = [max(2, later - earlier) for earlier, later in pairwise(hundredths)]
    return [10 * gap for gap in [*gaps, round(median(gaps))]]


def _encode(images: Sequence[Image.Image], durations: list[int]) -> bytes:
    first, *others = [image.quantize(colors=128, dither=Image.Dither.NONE) for image in images]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return file.getvalue()


def _shrunk(image: Image.Image) -> Image.Image:
    size = (round(image.width * _SHRINK), max(1, round(image.height * _SHRINK)))
    return image.resize(size, Image.Resampling.LANCZOS)
