"""The media of a case as drawn pictures: the sampled frames to show, decoded in one pass at display size.

Memory is bounded by the pictures it returns. Media that cannot be read gives no pictures, and the report is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from deploy.async_client import content_type_of
from harness.cases.footage import pictures_at
from harness.report.drawing.colours import Palette
from harness.report.drawing.pictures import Detection, Frame, FrameDetections, draw, scaled_frame

_IMAGE_TYPES = ("image/jpeg", "image/png")
_GAP_PIXELS = 4
_GAP_LEVEL = 128


@dataclass(frozen=True)
class CasePictures:
    """The material of one case's pictures: its media and the detections of the sampled frames, in order."""

    case: str
    """`Case.name`."""
    media: Path
    frames: tuple[FrameDetections, ...]
    threshold: float = 0.5
    size: tuple[int, int] | None = None
    """(width, height) that the boxes are in pixels of, where the answer says so: `square_pixels` sees another shape."""

    def labels(self) -> frozenset[str]:
        return frozenset(found.label for frame in self.frames for found in frame.shown(self.threshold))

    def has_golden(self) -> bool:
        return any(frame.golden is not None for frame in self.frames)

    def knows_truth(self) -> bool:
        return any(frame.truth for frame in self.frames)


@dataclass(frozen=True)
class DrawnFrame:
    frame_index: int
    pts_seconds: float
    image: Frame
    labels: tuple[str, ...]
    """The labels of the drawn detections, the surest first."""


def drawn(
    material: CasePictures, frames: Sequence[FrameDetections], palette: Palette, *, width: int, captions: bool = False
) -> list[DrawnFrame]:
    """The given frames of the material, at most `width` pixels wide; small sources are enlarged twofold at most.

    A frame beside its golden is two such pictures: the golden on the left, the answer on the right.
    """
    wanted = {frame.frame_index: frame for frame in frames}
    return [
        _drawn_frame(wanted[index], _in_size(image, material.size), material.threshold, palette, width, captions)
        for index, image in frames_at(material.media, wanted.keys())
    ]


def _in_size(image: Frame, size: tuple[int, int] | None) -> Frame:
    if size is None or (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC), dtype=np.uint8)


def _drawn_frame(
    found: FrameDetections, image: Frame, threshold: float, palette: Palette, width: int, captions: bool
) -> DrawnFrame:
    factor = min(2.0, width / image.shape[1])
    scaled, time = scaled_frame(image, factor), f"{found.pts_seconds:.2f} s"

    def picture(detections: Sequence[Detection], caption: str) -> Frame:
        boxes = [one.scaled(factor) for one in detections]
        truth = [one.scaled(factor) for one in found.truth]
        return draw(scaled, boxes, threshold, palette=palette, truth=truth, caption=caption)

    if found.golden is None:
        whole = picture(found.detections, time if captions else "")
    else:
        whole = joined(picture(found.golden, f"{time} golden"), picture(found.detections, f"{time} answer"))
    surest_first = sorted(found.shown(threshold), key=lambda one: -one.score)
    return DrawnFrame(found.frame_index, found.pts_seconds, whole, tuple(one.label for one in surest_first))


def joined(left: Frame, right: Frame) -> Frame:
    """Two pictures side by side, with a gap between them; the lower one is filled up."""
    height = max(left.shape[0], right.shape[0])
    gap = np.full((height, _GAP_PIXELS, 3), _GAP_LEVEL, dtype=np.uint8)
    return np.concatenate([_as_high(left, height), gap, _as_high(right, height)], axis=1)


def _as_high(image: Frame, height: int) -> Frame:
    below = np.full((height - image.shape[0], image.shape[1], 3), _GAP_LEVEL, dtype=np.uint8)
    return np.concatenate([image, below], axis=0)


def spread(frames: Sequence[FrameDetections], count: int, threshold: float) -> tuple[FrameDetections, ...]:
    """At most `count` frames, spread over the whole clip; where frames have detections, only such frames."""
    pool = [frame for frame in frames if frame.shown(threshold)] or list(frames)
    if count >= len(pool):
        return tuple(pool)
    return tuple(pool[round((position + 0.5) * len(pool) / count - 0.5)] for position in range(count))


def busiest_window(frames: Sequence[FrameDetections], count: int, threshold: float) -> tuple[FrameDetections, ...]:
    """The `count` consecutive frames with the most detections; among equals, the earliest."""
    if count >= len(frames):
        return tuple(frames)
    counts = np.array([len(frame.shown(threshold)) for frame in frames])
    sums = np.convolve(counts, np.ones(count, dtype=np.int64), mode="valid")
    start = int(sums.argmax())
    return tuple(frames[start : start + count])


def frames_at(media: Path, indices: Collection[int]) -> Iterator[tuple[int, Frame]]:
    """The frames of these indices in order, RGB and upright, until the media ends or cannot be decoded."""
    content_type = content_type_of(media)
    if content_type == "application/x-npy":
        yield from _frames_of_array(media, indices)
    elif content_type in _IMAGE_TYPES:
        yield from _frames_of_image(media, indices)
    else:
        yield from pictures_at(media, indices)


def _frames_of_image(media: Path, indices: Collection[int]) -> Iterator[tuple[int, Frame]]:
    try:
        with Image.open(media) as picture:
            frame = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), dtype=np.uint8)
    except Exception:  # Pillow raises OSError, SyntaxError, ValueError, struct.error... for what is damaged
        return
    if 0 in indices:
        yield 0, frame


def _frames_of_array(media: Path, indices: Collection[int]) -> Iterator[tuple[int, Frame]]:
    """The frames of an `application/x-npy` array of shape (N, height, width, 3), uint8, RGB."""
    try:
        frames = np.load(media, mmap_mode="r", allow_pickle=False)
    except Exception:  # its header is a Python literal, which numpy parses: TokenError, RecursionError, KeyError...
        return
    if frames.ndim == 4 and frames.shape[-1] == 3 and frames.dtype == np.uint8:
        for index in sorted(indices):
            if index < len(frames):
                yield index, np.array(frames[index])
