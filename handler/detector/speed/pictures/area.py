"""Scales pictures down with the arithmetic of OpenCV's INTER_AREA, on any device.

Owns: the parts of the source pixels that each target pixel covers, along each axis by itself. Columns are weighted
before rows, and products are rounded before they are added, as OpenCV does; where the source has a multiple of both
axes, the pixels are summed and the sum is divided. Nothing is a matrix product or a convolution, which a GPU may
compute with fewer digits (TF32).

Source: `computeResizeAreaTab`, `ResizeArea_Invoker` and `resizeAreaFast_` in OpenCV's modules/imgproc/src/resize.cpp.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from detector.speed.graphs import constant

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
    if source_width % width or source_height % height:
        return _weighted(_weighted(pictures, -1, width), -2, height).round_()
    columns, rows = source_width // width, source_height // height
    sums = _summed(_summed(pictures, -1, width), -2, height)
    if columns == rows == 2:
        return sums.mul_(0.25).add_(0.5).floor_()
    return sums.mul_(float(np.float32(1 / (columns * rows)))).round_()


def _weighted(pictures: torch.Tensor, axis: int, target: int) -> torch.Tensor:
    """The sum of source pixels times weights along an axis, in float32; as it is where nothing is scaled."""
    if pictures.shape[axis] == target:
        return pictures
    (places, weights), *others = _shares(pictures.shape[axis], target, axis, pictures.device)
    total = pictures.index_select(axis, places) * weights
    for places, weights in others:
        total.add_(pictures.index_select(axis, places) * weights)  # addcmul would round once: other halves
    return total


def _summed(pictures: torch.Tensor, axis: int, target: int) -> torch.Tensor:
    """The plain sum along an axis, in float32, which is exact; as it is where nothing is scaled."""
    if pictures.shape[axis] == target:
        return pictures
    first, *others = _multiples(pictures.shape[axis], target, pictures.device)
    total = pictures.index_select(axis, first).to(torch.float32)
    for places in others:
        total.add_(pictures.index_select(axis, places))
    return total


@constant(64)
def _multiples(source: int, target: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    """For each tap the places of the target pixels, where the source has a multiple of them."""
    return torch.arange(source, dtype=torch.int32).view(target, -1).T.contiguous().to(device).unbind()


@constant(64)
def _shares(source: int, target: int, axis: int, device: torch.device) -> Taps:
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
