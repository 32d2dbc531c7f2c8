"""Says where in the picture each mask goes, in whole pixels.

Owns: the geometry, which is torchvision's (`expand_boxes` and `paste_mask_in_image` in
models/detection/roi_heads.py); a box outside the picture, which torchvision refuses, has no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

_Pixels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Placement:
    """Each array is (n,), in pixels of the picture; `columns` and `rows` are 0 where a mask is not in the picture."""

    left: _Pixels  # of the whole scaled mask, which may begin outside
    top: _Pixels
    width: _Pixels
    height: _Pixels
    x: _Pixels  # of the part in the picture
    y: _Pixels
    columns: _Pixels
    rows: _Pixels

    def of(self, index: int) -> tuple[int, ...]:
        """The fields of one mask, in order."""
        return tuple(int(getattr(self, each.name)[index]) for each in fields(self))


def placed(boxes: npt.NDArray[np.float32], enlargement: float, width: int, height: int) -> Placement:
    """The (n, 4) `boxes` made larger by `enlargement` about their centres, and cut at a picture of that size."""
    left, top, right, bottom = _expanded(boxes, enlargement).T
    x, y = np.maximum(left, 0), np.maximum(top, 0)
    return Placement(
        left=left,
        top=top,
        width=np.maximum(right - left + 1, 1),
        height=np.maximum(bottom - top + 1, 1),
        x=x,
        y=y,
        columns=np.maximum(np.minimum(right + 1, width) - x, 0),
        rows=np.maximum(np.minimum(bottom + 1, height) - y, 0),
    )


def _expanded(boxes: npt.NDArray[np.float32], enlargement: float) -> _Pixels:
    centres = (boxes[:, 2:] + boxes[:, :2]) * np.float32(0.5)
    halves = (boxes[:, 2:] - boxes[:, :2]) * np.float32(0.5) * np.float32(enlargement)
    return np.concatenate([centres - halves, centres + halves], axis=1).astype(np.int64)
