"""A scene as pixels, boxes and masks.

Owns the rasterising of things, the background, and the truth that follows from them. May not read or write files.
Pictures are uint8 RGB of shape (height, width, 3); masks are bool of shape (height, width).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.samples.scene import UNITS_PER_PIXEL, Scene, Shape, Thing, in_units

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

SUBSAMPLES = 4
DRIFT_PIXELS_PER_FRAME = 1


@dataclass(frozen=True)
class Seen:
    """One thing in one frame: its mask and the tightest box around it, [x1, y1, x2, y2] in pixels, ends excluded."""

    thing: Thing
    box: tuple[int, int, int, int]
    mask: Mask


@dataclass(frozen=True)
class Frame:
    picture: Picture
    seen: tuple[Seen, ...]


def look(scene: Scene, frame_index: int) -> tuple[Seen, ...]:
    """What is in a frame, without drawing it. It uses integer arithmetic alone, so it is the same on every machine."""
    return tuple(
        _seen(thing, _coverage(thing, frame_index, scene.width, scene.height)) for thing in scene.present(frame_index)
    )


def draw(scene: Scene, frame_index: int) -> Frame:
    """The picture of a frame, edges smoothed, and what is in it."""
    canvas = _background(scene, frame_index)
    seen = []
    for thing in scene.present(frame_index):
        coverage = _coverage(thing, frame_index, scene.width, scene.height)
        opacity = coverage.astype(np.float32)[..., None] / SUBSAMPLES**2
        canvas = np.asarray(canvas * (1 - opacity) + np.array(thing.rgb) * opacity, dtype=np.float32)
        seen.append(_seen(thing, coverage))
    grain = np.random.default_rng([scene.seed, 1, frame_index]).normal(0, 3, canvas.shape).astype(np.float32)
    return Frame(np.clip(np.rint(canvas + grain), 0, 255).astype(np.uint8), tuple(seen))


def _seen(thing: Thing, coverage: NDArray[np.int64]) -> Seen:
    mask: Mask = coverage * 2 >= SUBSAMPLES**2
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Seen(thing, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1), mask)


def _coverage(thing: Thing, frame_index: int, width: int, height: int) -> NDArray[np.int64]:
    """How many of the 16 sample points of each pixel the thing covers, shape (height, width)."""
    x, y = thing.centre(frame_index)
    reach = thing.radius_pixels + 1
    left, right = max(0, int(x - reach)), min(width, int(x + reach) + 1)
    top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 1)
    inside = _covers(thing, frame_index, _samples(left, right)[None, :], _samples(top, bottom)[:, None])
    blocks = inside.reshape(bottom - top, SUBSAMPLES, right - left, SUBSAMPLES)
    coverage = np.zeros((height, width), dtype=np.int64)
    coverage[top:bottom, left:right] = blocks.sum(axis=(1, 3))
    return coverage


def _samples(first: int, end: int) -> NDArray[np.int64]:
    """The sample points of pixels first..end-1 along one axis, in 1/16 pixel."""
    step = UNITS_PER_PIXEL // SUBSAMPLES
    return np.arange(first * UNITS_PER_PIXEL + step // 2, end * UNITS_PER_PIXEL, step, dtype=np.int64)


def _covers(thing: Thing, frame_index: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> Mask:
    if thing.shape is Shape.CIRCLE:
        centre_x, centre_y = (in_units(value) for value in thing.centre(frame_index))
        disc: Mask = (x - centre_x) ** 2 + (y - centre_y) ** 2 <= in_units(thing.radius_pixels) ** 2
        return disc
    corners = thing.corners_in_units(frame_index)
    polygon: Mask = np.ones((y.shape[0], x.shape[1]), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        polygon &= (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) >= 0
    return polygon


def _background(scene: Scene, frame_index: int) -> Floats:
    """Clouds of muted colour with grey patches and a fixed texture, drifting sideways by a pixel a frame."""
    random = np.random.default_rng([scene.seed, 0])
    shift = frame_index * DRIFT_PIXELS_PER_FRAME
    width = scene.width + scene.frame_count * DRIFT_PIXELS_PER_FRAME
    clouds = random.uniform(60, 190, (5, 7, 1)) + random.uniform(-30, 30, (5, 7, 3))
    resized = cv2.resize(clouds.astype(np.float32), (width, scene.height), interpolation=cv2.INTER_CUBIC)
    canvas: Floats = np.asarray(resized, dtype=np.float32)
    for _ in range(8):
        _patch(canvas, random)
    canvas += random.normal(0, 9, canvas.shape).astype(np.float32)
    return canvas[:, shift : shift + scene.width]


def _patch(canvas: Floats, random: np.random.Generator) -> None:
    """Draw a grey upright rectangle or ellipse, so that neither outline nor contrast alone identifies a thing."""
    height, width = canvas.shape[:2]
    x, y = int(random.integers(0, width)), int(random.integers(0, height))
    half_width, half_height = (int(value) for value in random.integers(8, 30, size=2))
    shade = np.array([random.uniform(40, 215)] * 3) + random.uniform(-15, 15, 3)
    colour = (float(shade[0]), float(shade[1]), float(shade[2]))
    if random.random() < 0.5:
        cv2.ellipse(canvas, (x, y), (half_width, half_height), 0, 0, 360, colour, -1)
    else:
        cv2.rectangle(canvas, (x - half_width, y - half_height), (x + half_width, y + half_height), colour, -1)
