"""Pastes the network's small mask probabilities into source pixels, one detection at a time.

Owns: the pasting. The geometry is torchvision's (`paste_masks_in_image` in models/detection/roi_heads.py), so that
pixels agree with it, but no full-size picture of floats is made: a mask is pasted into its box, and then encoded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from detector.core import rle

_PADDING = 1
_THRESHOLD = 0.5


def encoded(probabilities: torch.Tensor, boxes: npt.NDArray[np.float32], width: int, height: int) -> tuple[str, ...]:
    """The COCO RLE counts of each mask; `probabilities` is (n, m, m) on the CPU, `boxes` (n, 4) in picture pixels."""
    padded = functional.pad(probabilities.cpu(), (_PADDING,) * 4)
    corners = _expanded(boxes, padded.shape[-1] / probabilities.shape[-1]) if len(boxes) else []
    return tuple(_pasted(mask, corner, width, height) for mask, corner in zip(padded, corners, strict=True))


def _expanded(boxes: npt.NDArray[np.float32], scale: float) -> list[list[int]]:
    """The boxes in whole pixels, enlarged by the same factor as the padding enlarged the masks."""
    centres = (boxes[:, 2:] + boxes[:, :2]) * np.float32(0.5)
    halves = (boxes[:, 2:] - boxes[:, :2]) * np.float32(0.5) * np.float32(scale)
    corners: list[list[int]] = np.concatenate([centres - halves, centres + halves], axis=1).astype(np.int64).tolist()
    return corners


def _pasted(mask: torch.Tensor, corners: list[int], width: int, height: int) -> str:
    left, top, right, bottom = corners
    size = (max(bottom - top + 1, 1), max(right - left + 1, 1))
    scaled = functional.interpolate(mask[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]
    x, y = max(left, 0), max(top, 0)
    seen = scaled[y - top : min(bottom + 1, height) - top, x - left : min(right + 1, width) - left]
    return rle.encode((seen > _THRESHOLD).numpy(), x, y, width, height)
