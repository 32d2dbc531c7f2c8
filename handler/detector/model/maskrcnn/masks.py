"""Turns the network's small mask probabilities into run lengths in source pixels.

Owns: the choice of the way. On a GPU all masks are pasted at once (`pasting`); on the CPU one after the other, each
into its box alone, so that no full-size picture of floats is made. Both give the pixels of torchvision on the CPU.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from detector.core import rle
from detector.model.maskrcnn import pasting
from detector.model.maskrcnn.placement import Placement, placed

_PADDING = 1
_THRESHOLD = 0.5


def encoded(probabilities: torch.Tensor, boxes: npt.NDArray[np.float32], width: int, height: int) -> tuple[str, ...]:
    """The COCO RLE counts of each mask, in pictures of `width` x `height` pixels.

    `probabilities` is (n, m, m) float32 on any device, `boxes` (n, 4) in pixels of the picture; the n may be of any
    number of pictures of one size.
    """
    if not len(boxes):
        return ()
    padded = functional.pad(probabilities, (_PADDING,) * 4)
    placement = placed(boxes, padded.shape[-1] / probabilities.shape[-1], width, height)
    if padded.device.type == "cpu":
        return one_by_one(padded, placement, width, height)
    return at_once(padded, placement, width, height)


def one_by_one(padded: torch.Tensor, placement: Placement, width: int, height: int) -> tuple[str, ...]:
    """The counts of `padded` (n, m, m) on the CPU."""
    found = [np.stack(_column_runs(mask, placement, index, height)) for index, mask in enumerate(padded)]
    starts, ends = np.concatenate([each + nth * rle.places(width, height) for nth, each in enumerate(found)], axis=1)
    return rle.encode_runs(starts, ends, len(padded), width, height)


def at_once(
    padded: torch.Tensor, placement: Placement, width: int, height: int, cost: int = pasting.AT_ONCE
) -> tuple[str, ...]:
    """The counts of `padded` (n, m, m) on any device; `cost` bounds what is done there at a time."""
    starts, ends = pasting.runs(padded, placement, width, height, cost)
    return rle.encode_runs(starts, ends, len(padded), width, height)


def _column_runs(
    mask: torch.Tensor, placement: Placement, index: int, height: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    left, top, full_width, full_height, x, y, columns, rows = placement.of(index)
    scaled = functional.interpolate(
        mask[None, None], size=(full_height, full_width), mode="bilinear", align_corners=False
    )[0, 0]
    seen = scaled[y - top : y - top + rows, x - left : x - left + columns]
    return rle.column_runs((seen > _THRESHOLD).numpy(), x, y, height)
