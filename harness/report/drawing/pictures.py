"""Draws boxes, labels, scores and masks on RGB frames. It reads no files and runs no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from harness.report.drawing.colours import Colour, Palette, text_on

# A frame is RGB, of shape (height, width, 3).
Frame: TypeAlias = NDArray[np.uint8]
# A box is x1, y1, x2, y2 in pixels of the frame it is drawn on.
Box: TypeAlias = tuple[float, float, float, float]
Rectangle: TypeAlias = tuple[int, int, int, int]
Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_DARK: Colour = (20, 20, 20)
_LIGHT: Colour = (255, 255, 255)
_MASK_OPACITY = 0.4
_DASH_PIXELS = 5
_LABEL_LIMIT_CHARACTERS = 40


@dataclass(frozen=True)
class Detection:
    box: Box
    label: str
    score: float = 1.0
    mask: NDArray[np.bool_] | None = None
    """A mask of the frame's shape (height, width)."""

    def scaled(self, factor: float) -> Detection:
        x1, y1, x2, y2 = (side * factor for side in self.box)
        return replace(self, box=(x1, y1, x2, y2), mask=None if self.mask is None else _scaled_mask(self.mask, factor))


@dataclass(frozen=True)
class FrameDetections:
    """The detections of one sampled frame, and its `truth` where that is known.

    With those of a `golden` the frame is drawn twice, side by side.
    """

    frame_index: int
    pts_seconds: float
    detections: tuple[Detection, ...] = ()
    truth: tuple[Detection, ...] = ()
    golden: tuple[Detection, ...] | None = None

    def shown(self, threshold: float) -> tuple[Detection, ...]:
        """What is to be seen of either answer."""
        return tuple(found for found in (*self.detections, *(self.golden or ())) if found.score >= threshold)


def draw(
    frame_rgb: Frame,
    detections: Sequence[Detection],
    threshold: float = 0.5,
    *,
    palette: Palette | None = None,
    truth: Sequence[Detection] = (),
    caption: str = "",
) -> Frame:
    """A copy of the frame with every detection of at least `threshold`, the surest on top, and the truth as dashes.

    Pass one palette for a whole clip, so that a label keeps its colour.
    """
    shown = sorted((found for found in detections if found.score >= threshold), key=lambda found: found.score)
    colours = palette or Palette.of(found.label for found in shown)
    image = Image.fromarray(_with_masks(frame_rgb, shown, colours))
    canvas = ImageDraw.Draw(image)
    for known in truth:
        _draw_dashed(canvas, _corners(known.box, image.size))
    for found in shown:
        _draw_box(canvas, _corners(found.box, image.size), colours[found.label])
    _draw_tags(canvas, image.size, shown, colours)
    if caption:
        _draw_caption(canvas, image.size, caption)
    return np.asarray(image, dtype=np.uint8).copy()


def scaled_frame(frame_rgb: Frame, factor: float) -> Frame:
    if factor == 1:
        return frame_rgb
    height, width = frame_rgb.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    filter_ = Image.Resampling.BOX if factor < 0.5 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(frame_rgb).resize(size, filter_), dtype=np.uint8)


def _scaled_mask(mask: NDArray[np.bool_], factor: float) -> NDArray[np.bool_]:
    height, width = mask.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    resized = Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(resized, dtype=np.uint8).astype(np.bool_)


def _with_masks(frame_rgb: Frame, shown: Sequence[Detection], colours: Palette) -> Frame:
    blended = frame_rgb.copy()
    for found in shown:
        if found.mask is not None and found.mask.shape == frame_rgb.shape[:2]:
            colour = np.asarray(colours[found.label], dtype=np.float64)
            under = blended[found.mask]
            blended[found.mask] = (under * (1 - _MASK_OPACITY) + colour * _MASK_OPACITY).astype(np.uint8)
    return blended


def _corners(box: Box, size: tuple[int, int]) -> Rectangle:
    """The box in whole pixels, inside the picture, with its corners in order; a coordinate that is no number is 0."""
    width, height = size
    x1, y1, x2, y2 = (round(side) for side in np.nan_to_num(box, posinf=1e6, neginf=-1e6).tolist())
    left, top = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return left, top, max(left, min(x2, width - 1)), max(top, min(y2, height - 1))


def _draw_box(canvas: ImageDraw.ImageDraw, box: Rectangle, colour: Colour) -> None:
    left, top, right, bottom = box
    thickness = _thickness(canvas)
    canvas.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=_DARK, width=1)
    canvas.rectangle(box, outline=colour, width=thickness)


def _thickness(canvas: ImageDraw.ImageDraw) -> int:
    return 2 if canvas.im.size[0] < 960 else 3


def _draw_dashed(canvas: ImageDraw.ImageDraw, box: Rectangle) -> None:
    left, top, right, bottom = box
    canvas.rectangle(box, outline=_DARK, width=1)
    for x in range(left, right + 1, 2 * _DASH_PIXELS):
        for y in (top, bottom):
            canvas.line((x, y, min(x + _DASH_PIXELS - 1, right), y), fill=_LIGHT)
    for y in range(top, bottom + 1, 2 * _DASH_PIXELS):
        for x in (left, right):
            canvas.line((x, y, x, min(y + _DASH_PIXELS - 1, bottom)), fill=_LIGHT)


def _draw_tags(
    canvas: ImageDraw.ImageDraw, size: tuple[int, int], shown: Sequence[Detection], colours: Palette
) -> None:
    """Draw the tags, surest first; a tag takes the first place near its box that no surer tag covers."""
    font = _font(_font_size(size))
    taken: list[Rectangle] = []
    for found in reversed(shown):
        text = f"{_one_line(found.label)} {found.score:.2f}"
        tag = _tag_place(_corners(found.box, size), _tag_size(text, font), size, taken)
        taken.append(tag)
        colour = colours[found.label]
        canvas.rectangle(tag, fill=colour)
        canvas.text((tag[0] + 3, (tag[1] + tag[3]) / 2 + 0.5), text, fill=text_on(colour), font=font, anchor="lm")


def _tag_size(text: str, font: Font) -> tuple[int, int]:
    _, top, _, bottom = font.getbbox("Ag")
    return round(font.getlength(text)) + 6, round(bottom - top) + 5


def _tag_place(box: Rectangle, tag: tuple[int, int], size: tuple[int, int], taken: Sequence[Rectangle]) -> Rectangle:
    places = list(_tag_places(box, tag, size))
    return next((place for place in places if not any(_overlap(place, other) for other in taken)), places[0])


def _tag_places(box: Rectangle, tag: tuple[int, int], size: tuple[int, int]) -> Iterator[Rectangle]:
    """The places for a tag within the picture: above the box, inside its top, below it, inside its bottom."""
    left, top, right, bottom = box
    x_left = max(0, min(left, size[0] - tag[0] - 1))
    x_right = max(0, min(right - tag[0], size[0] - tag[0] - 1))
    for x in (x_left, x_right):
        for y in (top - tag[1], top, bottom, bottom - tag[1]):
            if y >= 0 and y + tag[1] < size[1]:
                yield x, y, x + tag[0], y + tag[1]
    yield x_left, top, x_left + tag[0], top + tag[1]


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _draw_caption(canvas: ImageDraw.ImageDraw, size: tuple[int, int], caption: str) -> None:
    font = _font(_font_size(size))
    width, height = _tag_size(caption, font)
    bottom = size[1] - 1
    canvas.rectangle((0, bottom - height, width, bottom), fill=_DARK)
    canvas.text((3, bottom - height / 2 + 0.5), caption, fill=_LIGHT, font=font, anchor="lm")


def _one_line(label: str) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in label).split())
    return line if len(line) <= _LABEL_LIMIT_CHARACTERS else line[: _LABEL_LIMIT_CHARACTERS - 1] + "…"


def _font_size(size: tuple[int, int]) -> int:
    return max(11, min(22, round(size[0] / 48)))


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
