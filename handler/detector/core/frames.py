"""Puts frames into batches.

Owns: the nouns `Frame`, `Clip` and `FrameBatch`, the size of the network's input, and the copying of pixels or planes
into a batch. May not: decode anything or depend on the network.

One batch is filled while the one before may still be in use; this module keeps none. Who allocates a batch's memory
(`Allocate`) may use it again once nothing refers to the batch's array or to a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from operator import itemgetter

import numpy as np

from detector.core.errors import UnreadableMedia
from detector.core.opencv import MAX_FRAME_PIXELS, cv2
from detector.core.planes import Pixels, PlanarPicture, PlaneLayout

Allocate = Callable[[tuple[int, ...]], Pixels]
"""Makes an array of a shape, of uint8, with any contents."""


@dataclass(frozen=True)
class Frame:
    """One sampled frame; `picture` is (height, width, 3) uint8, or a decoder's own planes.

    `pts_seconds` counts from the clip's first picture; NaN where the input has no time (a stack of arrays).
    `pixel_aspect` is how many times as wide as high a pixel is shown.
    """

    frame_index: int
    pts_seconds: float
    picture: Pixels | PlanarPicture
    is_bgr: bool
    pixel_aspect: float = 1.0

    @property
    def pixels(self) -> Pixels:
        """(height, width, 3) uint8; planes are converted at each call."""
        return self.picture.to_pixels() if isinstance(self.picture, PlanarPicture) else self.picture

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) as the picture is shown."""
        if isinstance(self.picture, PlanarPicture):
            return self.picture.format.shown_size
        return self.picture.shape[1], self.picture.shape[0]


@dataclass(frozen=True)
class ClipWarning:
    """What a reader of the answer must know of the clip.

    `packets` are those that failed, in decoding order; `lost_frames` are missing from the answer, and `damaged_frames`
    are in it though they depend on what failed. All are counted from 0.
    """

    code: str
    message: str
    packets: tuple[int, ...] = ()
    lost_frames: tuple[int, ...] = ()
    damaged_frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Clip:
    """An opened input: the size of its pictures as they are shown (rotation applied), and its sampled frames, once.

    The pixels of a frame may have another size: then they are scaled.
    `warnings` is filled while the frames are read, and complete after the last.
    """

    width: int
    height: int
    frames: Iterator[Frame]
    warnings: list[ClipWarning] = field(default_factory=list)


@dataclass(frozen=True)
class FrameBatch:
    """`pixels` is (n, height, width, 3) uint8 RGB, in the size the network is given; the source has its own size.

    With `planes` it is (n, bytes) uint8: the pictures' planes, which are not converted to RGB nor scaled yet.
    """

    pixels: Pixels
    frame_indices: tuple[int, ...]
    pts_seconds: tuple[float, ...]
    source_width: int
    source_height: int
    planes: PlaneLayout | None = None

    def __post_init__(self) -> None:
        count, shape = len(self.frame_indices), self.pixels.shape
        if self.pixels.dtype != np.uint8 or not (self._are_planes if self.planes else self._are_colours):
            expected = f"(n, {self.planes.shape[0]})" if self.planes else "(n, height, width, 3)"
            raise ValueError(f"pixels must be {expected} uint8, not {shape} {self.pixels.dtype}")
        if not 0 < count == len(self.pixels) == len(self.pts_seconds):
            raise ValueError(f"{len(self.pixels)} pictures, {count} indices and {len(self.pts_seconds)} time stamps")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures as the network is given them."""
        if self.planes:
            return self.planes.width, self.planes.height
        return self.pixels.shape[2], self.pixels.shape[1]

    def parts(self, most: int) -> list[FrameBatch]:
        """The same frames in the same order, at most `most` at a time; no pixel is copied."""
        return [self._part(slice(start, start + most)) for start in range(0, len(self.pixels), most)]

    def filled(self, least: int) -> Pixels:
        """The pixels, or planes, of at least that many pictures; those beyond the batch's own are black."""
        lacking = least - len(self.pixels)
        if lacking <= 0:
            return self.pixels
        black = np.zeros((lacking, *self.pixels.shape[1:]), np.uint8)
        if self.planes:
            black[:, self.planes.format.luma_bytes :] = 128
        return np.concatenate([self.pixels, black])

    @property
    def _are_planes(self) -> bool:
        return self.planes is not None and self.pixels.shape[1:] == self.planes.shape

    @property
    def _are_colours(self) -> bool:
        return self.pixels.ndim == 4 and self.pixels.shape[3] == 3

    def _part(self, cut: slice) -> FrameBatch:
        frame_indices, pts_seconds = self.frame_indices[cut], self.pts_seconds[cut]
        return replace(self, pixels=self.pixels[cut], frame_indices=frame_indices, pts_seconds=pts_seconds)


def blank(width: int, height: int) -> FrameBatch:
    """One black picture."""
    return FrameBatch(np.zeros((1, height, width, 3), np.uint8), (0,), (0.0,), width, height)


def pageable(shape: tuple[int, ...]) -> Pixels:
    """Plain memory."""
    return np.empty(shape, np.uint8)


def batches(
    clip: Clip,
    batch_size: int,
    frame_width: int | None,
    frame_height: int | None,
    allocate: Allocate = pageable,
) -> Iterator[FrameBatch]:
    """The clip's frames in order, `batch_size` at a time, in the size asked for; the last batch may be smaller.

    So may one after which planes of another size or other colours follow, or pixels. Raises UnreadableMedia, before it
    allocates a batch.
    """
    width, height = network_size(clip.width, clip.height, frame_width, frame_height)
    for layout, run in groupby(_laid_out(clip.frames, width, height), key=itemgetter(0)):
        shape = layout.shape if layout else (height, width, 3)
        while (first := next(run, None)) is not None:
            pixels = allocate((batch_size, *shape))
            indices: list[int] = []
            times: list[float] = []
            for slot, (_, frame) in zip(pixels, chain([first], run), strict=False):
                _place(frame, slot, layout)
                indices.append(frame.frame_index)
                times.append(frame.pts_seconds)
            source = (clip.width, clip.height)
            yield FrameBatch(pixels[: len(indices)], tuple(indices), tuple(times), *source, layout)


def _laid_out(frames: Iterator[Frame], width: int, height: int) -> Iterator[tuple[PlaneLayout | None, Frame]]:
    """The frames with the layout of their planes; None from the first on that only the host can convert or scale.

    So a clip that is interlaced here and there does not fall into batches of one picture.
    """
    layout: PlaneLayout | None = None
    for count, frame in enumerate(frames):
        if layout or not count:
            layout = _layout(frame, width, height)
        yield layout, frame


def _layout(frame: Frame, width: int, height: int) -> PlaneLayout | None:
    """None for pixels, and for planes that would have to be enlarged."""
    shown_width, shown_height = frame.size
    if not isinstance(frame.picture, PlanarPicture) or width > shown_width or height > shown_height:
        return None
    return PlaneLayout(frame.picture.format, width, height)


def network_size(width: int, height: int, frame_width: int | None, frame_height: int | None) -> tuple[int, int]:
    """(width, height) of what the network is given: with one of the two settings the other follows the aspect.

    Raises UnreadableMedia when that is more than MAX_FRAME_PIXELS: a thin picture's other side may be a million pixels.
    """
    wanted_width, wanted_height = _scaled_size(width, height, frame_width, frame_height)
    if wanted_width * wanted_height > MAX_FRAME_PIXELS:
        raise UnreadableMedia(
            f"frames of {width} x {height} would be {wanted_width} x {wanted_height} for the network, which is more "
            f"than the {MAX_FRAME_PIXELS} pixels allowed: FRAME_WIDTH or FRAME_HEIGHT is set and the other follows"
        )
    return wanted_width, wanted_height


def squared_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """(width, height) in which a picture is shown on square pixels: its shorter side by the aspect grows, none shrinks.

    The same size where that is off by less than half a pixel.
    """
    if pixel_aspect >= 1:
        return round(width * pixel_aspect), height
    return width, round(height / pixel_aspect)


def _scaled_size(width: int, height: int, frame_width: int | None, frame_height: int | None) -> tuple[int, int]:
    if frame_width and frame_height:
        return frame_width, frame_height
    if frame_width:
        return frame_width, max(1, round(height * frame_width / width))
    if frame_height:
        return max(1, round(width * frame_height / height)), frame_height
    return width, height


def _place(frame: Frame, slot: Pixels, layout: PlaneLayout | None) -> None:
    """Copy a frame into its place in the batch: its planes as they are, or as RGB.

    RGB is scaled, be it because the clip changes size on its way.
    """
    if layout and isinstance(frame.picture, PlanarPicture):
        frame.picture.copy_into(slot)
        return
    height, width = slot.shape[:2]
    pixels = _scaled(frame.pixels, width, height)
    if frame.is_bgr:
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=slot)
    else:
        np.copyto(slot, pixels)


def _scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    is_smaller = width * height < pixels.shape[0] * pixels.shape[1]
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=interpolation), np.uint8)
