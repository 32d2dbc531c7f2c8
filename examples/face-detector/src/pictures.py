"""Five pictures of one size: as it came, with boxes, with the points of each face, with faces hidden, faces alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Faces = Sequence[dict[str, Any]]
BLOCKS = 8
_BOX, _POINT = (64, 224, 96), (255, 208, 0)


def side_by_side(picture: Image.Image, faces: Faces) -> np.ndarray:
    """(H, 5 W, 3) uint8, RGB; column 0 is the left edge of the picture as it came."""
    all_five = (
        picture,
        _boxed(picture, faces),
        _pointed(picture, faces),
        _hidden(picture, faces),
        _alone(picture, faces),
    )
    return np.concatenate([np.asarray(each, dtype=np.uint8) for each in all_five], axis=1)


def _boxed(picture: Image.Image, faces: Faces) -> Image.Image:
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn)
    for face in faces:
        pen.rectangle(face["box"], outline=_BOX, width=_stroke(picture))
    return drawn


def _pointed(picture: Image.Image, faces: Faces) -> Image.Image:
    drawn, reach = picture.copy(), _stroke(picture)
    pen = ImageDraw.Draw(drawn)
    for x, y in (point for face in faces for point in face["points"]):
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=_POINT)
    return drawn


def _hidden(picture: Image.Image, faces: Faces) -> Image.Image:
    """Each face as a few large blocks."""
    drawn = picture.copy()
    for place in _places(picture, faces):
        face = picture.crop(place)
        few = face.resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
        drawn.paste(few.resize(face.size, Image.Resampling.NEAREST), place[:2])
    return drawn


def _alone(picture: Image.Image, faces: Faces) -> Image.Image:
    drawn = Image.new("RGB", picture.size)
    for place in _places(picture, faces):
        drawn.paste(picture.crop(place), place[:2])
    return drawn


def _places(picture: Image.Image, faces: Faces) -> list[tuple[int, int, int, int]]:
    """The boxes in whole pixels, cut at the picture's edge; what lies outside has none."""
    width, height = picture.size
    cut = [
        (max(0, int(x1)), max(0, int(y1)), min(width, round(x2)), min(height, round(y2)))
        for x1, y1, x2, y2 in (face["box"] for face in faces)
    ]
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in cut if x1 < x2 and y1 < y2]


def _stroke(picture: Image.Image) -> int:
    return max(2, round(max(picture.size) / 200))
