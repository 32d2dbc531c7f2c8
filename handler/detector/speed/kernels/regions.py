"""Pools regions of interest from the rows of all feature maps, one program for each row of bins.

Owns: torchvision's RoIAlign (csrc/ops/cuda/roi_align_kernel.cu) for maps that lie channels last. A program reads whole
pixels, all channels of one after the other, and adds in float32 whatever the maps' type is.
"""

# ruff: noqa: ANN001, ANN202  Triton reads the types of a kernel's arguments from the call
from __future__ import annotations

import torch
from torch import Tensor

from detector.speed.kernels.language import kernel, tl, triton
from detector.speed.regions import Placed


@kernel
def _pool(
    rows, top, left, height, width, map_height, map_width, first_row, pooled,
    channels, down: tl.constexpr, across: tl.constexpr, ratio: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    region, bin_y = tl.program_id(0).to(tl.int64), tl.program_id(1)
    channel = tl.arange(0, block)
    is_channel = channel < channels
    last_y, last_x = tl.load(map_height + region) - 1, tl.load(map_width + region) - 1
    limit_y, limit_x = last_y.to(tl.float32), last_x.to(tl.float32)
    first = tl.load(first_row + region)
    step_y, step_x = tl.load(height + region) / down, tl.load(width + region) / across
    start_y, start_x = tl.load(top + region) + bin_y * step_y, tl.load(left + region)
    for bin_x in range(across):
        total = tl.zeros((block,), tl.float32)
        for sample_y in tl.static_range(ratio):
            y = start_y + (sample_y + 0.5) * step_y / ratio
            is_row = (y >= -1.0) & (y <= limit_y + 1.0)
            y = tl.minimum(tl.maximum(y, 0.0), limit_y)
            low_y = y.to(tl.int64)
            share_y = y - low_y
            high_y = tl.minimum(low_y + 1, last_y)
            for sample_x in tl.static_range(ratio):
                x = start_x + bin_x * step_x + (sample_x + 0.5) * step_x / ratio
                inside = tl.where(is_row & (x >= -1.0) & (x <= limit_x + 1.0), 1.0, 0.0)
                x = tl.minimum(tl.maximum(x, 0.0), limit_x)
                low_x = x.to(tl.int64)
                share_x = x - low_x
                high_x = tl.minimum(low_x + 1, last_x)
                upper, lower = first + low_y * (last_x + 1), first + high_y * (last_x + 1)
                a = tl.load(rows + (upper + low_x) * channels + channel, is_channel, 0.0).to(tl.float32)
                b = tl.load(rows + (upper + high_x) * channels + channel, is_channel, 0.0).to(tl.float32)
                c = tl.load(rows + (lower + low_x) * channels + channel, is_channel, 0.0).to(tl.float32)
                d = tl.load(rows + (lower + high_x) * channels + channel, is_channel, 0.0).to(tl.float32)
                above, below = (1 - share_x) * a + share_x * b, (1 - share_x) * c + share_x * d
                total += inside * ((1 - share_y) * above + share_y * below)
        place = (region * down + bin_y) * across + bin_x
        tl.store(pooled + place * channels + channel, total / (ratio * ratio), is_channel)


def pooled(rows: Tensor, placed: Placed, size: tuple[int, int], ratio: int) -> Tensor:
    """(regions, height, width, channels) in the type of `rows` (pixels, channels); `placed` is RowPool's geometry."""
    down, across = size
    count, channels = len(placed.top), rows.shape[1]
    result = torch.empty((count, down, across, channels), dtype=rows.dtype, device=rows.device)
    if count:
        geometry = [each.contiguous() for each in (placed.top, placed.left, placed.height, placed.width)]
        sizes = [each.contiguous() for each in (placed.map_height, placed.map_width, placed.first_row)]
        block = triton.next_power_of_2(channels)
        _pool[(count, down)](rows, *geometry, *sizes, result, channels, down, across, ratio, block)
    return result
