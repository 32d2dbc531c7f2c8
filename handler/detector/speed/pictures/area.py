"""Scales pictures down with the arithmetic of OpenCV's INTER_AREA, on any device.

Owns: each target pixel's weights: the parts of the source pixels that it covers, along each axis by itself. Nothing is
a matrix product or a convolution, which a GPU may compute with fewer digits (TF32).

Source: `computeResizeAreaTab` and `ResizeAreaFastVec` in OpenCV's modules/imgproc/src/resize.cpp.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

Taps = tuple[tuple[torch.Tensor, torch.Tensor], ...]
_LEAST_PART = 1e-3  # of a source pixel; OpenCV leaves out less


def scaled_down(pictures: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """`pictures` is (n, channels, h, w) uint8 of at least that size, and so is the result.

    It is float32 where anything is scaled, rounded to whole numbers: halves to even, but up where both sides are
    halved, as OpenCV does.
    """
    source_height, source_width = pictures.shape[-2:]
    if (source_height, source_width) == (height, width):
        return pictures
    if width > source_width or height > source_height:
        raise ValueError(f"{source_width} x {source_height} cannot be scaled down to {width} x {height}")
    axes = [(-1, source_width, width), (-2, source_height, height)]
    scaled = pictures
    for axis, source, target in sorted(axes, key=lambda each: each[1] / each[2], reverse=True):
        if source != target:
            scaled = _weighted(scaled, axis, _taps(source, target, axis, pictures.device))
    if (source_height, source_width) == (2 * height, 2 * width):
        return scaled.add_(0.5).floor_()
    return scaled.round_()


def _weighted(pictures: torch.Tensor, axis: int, taps: Taps) -> torch.Tensor:
    """The sum of source pixels times weights along an axis, in float32."""
    (places, weights), *others = taps
    total = pictures.index_select(axis, places) * weights
    for places, weights in others:
        total.addcmul_(pictures.index_select(axis, places), weights)
    return total


@lru_cache(maxsize=64)
def _taps(source: int, target: int, axis: int, device: torch.device) -> Taps:
    """For each tap (places, weights) of the target pixels; one that needs fewer taps has weights of 0.

    The weights have the shape that a product with pixels along `axis` needs.
    """
    scale = source / target
    starts = np.arange(target) * scale
    widths = np.minimum(scale, source - starts)
    first = np.floor(starts).astype(np.int64)
    columns = first[:, None] + np.arange(math.ceil(scale) + 1)
    parts = np.minimum(columns + 1, (starts + scale)[:, None]) - np.maximum(columns, starts[:, None])
    parts[(parts <= _LEAST_PART) | (columns >= source)] = 0
    weights = torch.from_numpy((np.minimum(parts, 1) / widths[:, None]).astype(np.float32).T.copy()).to(device)
    places = torch.from_numpy(np.minimum(columns, source - 1).astype(np.int32).T.copy()).to(device)
    shape = (-1,) if axis == -1 else (-1, 1)
    return tuple((places[tap], weights[tap].view(shape)) for tap in range(len(places)) if parts[:, tap].any())
