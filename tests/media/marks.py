"""Pictures that a machine can read: four by four flat cells, a number's eight bits in the upper two rows, and eight
colours in the lower two. The cells survive every codec, and stay cells however the picture is turned.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_DARK, _LIGHT = (24, 24, 24), (232, 232, 232)
_COLOURS = (
    (200, 40, 40), (40, 170, 60), (50, 60, 200), (200, 190, 50),
    (50, 180, 180), (180, 60, 170), (220, 130, 40), (128, 128, 128),
)  # fmt: skip
_FEW = 8  # a side of fewer pixels has no cells to speak of: every pixel is looked at


def drawn(number: int, width: int, height: int) -> Pixels:
    """(height, width, 3) RGB; `number` is 0 to 255."""
    bits = [_LIGHT if number >> 7 - place & 1 else _DARK for place in range(8)]
    cells = np.array([*bits, *_COLOURS], np.uint8).reshape(4, 4, 3)
    rows: Pixels = cells[np.arange(height) * 4 // height]
    return rows[:, np.arange(width) * 4 // width]


def woven(upper: int, lower: int, width: int, height: int) -> Pixels:
    """Two fields of two moments: the even lines of the one and the odd lines of the other."""
    picture = drawn(upper, width, height).copy()
    picture[1::2] = drawn(lower, width, height)[1::2]
    return picture


def number_in(picture: Pixels) -> int:
    """The number, read from the even lines alone: of two fields it is that of the upper one."""
    height, width = picture.shape[:2]
    lines = picture[::2].mean(axis=2)
    lines = np.where(inside(height, width)[::2], lines, np.nan)
    cells = [np.nanmean(cell) for row in np.array_split(lines, 4)[:2] for cell in np.array_split(row, 4, axis=1)]
    return sum(1 << 7 - place for place, level in enumerate(cells) if level > 128)


def inside(height: int, width: int) -> npt.NDArray[np.bool_]:
    """(height, width), where a pixel lies in the middle half of its cell, away from what codecs do to edges."""
    return _middle(height)[:, None] & _middle(width)[None]


def worst_difference(found: Pixels, expected: Pixels) -> int:
    """The largest difference of a level, inside the cells of one or more pictures of a size."""
    seen = inside(*found.shape[-3:-1])
    return int(np.abs(found[..., seen, :].astype(int) - expected[..., seen, :]).max())


def _middle(length: int) -> npt.NDArray[np.bool_]:
    place = (np.arange(length) + 0.5) * 4 / length % 1
    return (place > 0.25) & (place < 0.75) if length >= _FEW else np.ones(length, bool)
