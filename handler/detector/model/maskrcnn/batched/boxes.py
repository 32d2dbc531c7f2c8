"""Decodes, clips and measures boxes of any number of leading dimensions; (..., 4) is x1, y1, x2, y2 in pixels.

The arithmetic and its order are those of torchvision's `BoxCoder.decode_single` (models/detection/_utils.py),
`clip_boxes_to_image` and `remove_small_boxes` (ops/boxes.py), so that results are equal to the last bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def decoded(deltas: Tensor, anchors: Tensor, coder: Any) -> Tensor:
    """The boxes that `deltas` make of `anchors`; `coder` is torchvision's BoxCoder."""
    weight_x, weight_y, weight_w, weight_h = coder.weights
    width, height = anchors[..., 2] - anchors[..., 0], anchors[..., 3] - anchors[..., 1]
    centre_x, centre_y = anchors[..., 0] + 0.5 * width, anchors[..., 1] + 0.5 * height
    log_w = (deltas[..., 2] / weight_w).clamp(max=coder.bbox_xform_clip)
    log_h = (deltas[..., 3] / weight_h).clamp(max=coder.bbox_xform_clip)
    x = deltas[..., 0] / weight_x * width + centre_x
    y = deltas[..., 1] / weight_y * height + centre_y
    half_w, half_h = 0.5 * (torch.exp(log_w) * width), 0.5 * (torch.exp(log_h) * height)
    return torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], -1)


def clipped(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The boxes within a picture of `size` (height, width)."""
    height, width = size
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1)


def is_large(boxes: Tensor, least: float) -> Tensor:
    """Whether both sides are at least that long; (...,) bool."""
    return ((boxes[..., 2] - boxes[..., 0]) >= least) & ((boxes[..., 3] - boxes[..., 1]) >= least)


def picked(values: Tensor, index: Tensor) -> Tensor:
    """`values` (batch, n, k) at `index` (batch, m): (batch, m, k)."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))
