"""Computes bilinear interpolation as ATen's CPU kernels do, to the last bit, by torch operations on any device.

Owns: the arithmetic. ATen has two kernels, chosen by the size of the result, and the compiler fuses other products with
other sums in each. A fused product and sum is made here in float64, where a product of two float32 is exact.

Source: `cpu_upsample_linear_channels_last`, `upsample_generic_Nd_kernel_impl` and `_use_vectorized_kernel_cond_2d` in
aten/src/ATen/native/cpu/UpSampleKernel.cpp of github.com/pytorch/pytorch; which are fused was found by comparing the
bits, on x86 with AVX2 and AVX-512. On a CPU that cannot fuse, ATen's last bit differs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

_LARGEST_SMALL = 128


class Taps(NamedTuple):
    """For each of k places along one axis: the two source indices (int32) and their weights (float32)."""

    low: torch.Tensor
    high: torch.Tensor
    low_weight: torch.Tensor
    high_weight: torch.Tensor

    def at(self, places: torch.Tensor) -> Taps:
        """The taps of the places with these indices."""
        return Taps(*(each.index_select(0, places) for each in self))


def is_small(width: npt.NDArray[np.int64], height: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether ATen takes its kernel for small results for a result of that size."""
    smaller: npt.NDArray[np.bool_] = width + height <= _LARGEST_SMALL
    return smaller


def taps(places: torch.Tensor, scale: torch.Tensor, source_size: int, small: bool) -> Taps:
    """The taps of `places` (k,) in results whose `scale` (k,) float64 is source size / size, of float32."""
    centres = places.to(torch.float32) + 0.5
    real = (centres * scale - 0.5).to(torch.float32) if small else centres * scale.to(torch.float32) - 0.5
    real = real.clamp(min=0)
    low = real.to(torch.int32).clamp(max=source_size - 1)
    high_weight = (real - low).clamp(0, 1)
    return Taps(low, (low + 1).clamp(max=source_size - 1), 1 - high_weight, high_weight)


def large_values(
    left: torch.Tensor, right: torch.Tensor, across: Taps, down: Taps, column: torch.Tensor
) -> torch.Tensor:
    """The values of k pixels of large results.

    `left` and `right` are (c, m), of each column of the results its two source columns; `across` has c taps, `down` k;
    `column` (k,) int32 is the column of each pixel.
    """
    columns = _fused(left, across.low_weight[:, None], right * across.high_weight[:, None])
    low, high = _selected(columns, column, down)
    return _fused(low, down.low_weight, high * down.high_weight)


def small_values(
    left: torch.Tensor, right: torch.Tensor, across: Taps, down: Taps, column: torch.Tensor
) -> torch.Tensor:
    """The values of k pixels of small results; the arguments are those of `large_values`."""
    left_weight, right_weight = across.low_weight.index_select(0, column), across.high_weight.index_select(0, column)
    (low_left, high_left), (low_right, high_right) = _selected(left, column, down), _selected(right, column, down)
    value = low_right * (down.low_weight * right_weight)
    value = _fused(low_left, down.low_weight * left_weight, value)
    value = _fused(high_left, down.high_weight * left_weight, value)
    return _fused(high_right, down.high_weight * right_weight, value)


def _selected(columns: torch.Tensor, column: torch.Tensor, down: Taps) -> tuple[torch.Tensor, torch.Tensor]:
    first, flat = column * columns.shape[1], columns.flatten()
    return flat.index_select(0, first + down.low), flat.index_select(0, first + down.high)


def _fused(one: torch.Tensor, other: torch.Tensor, added: torch.Tensor) -> torch.Tensor:
    """one * other + added of float32, rounded once."""
    return (one.to(torch.float64) * other).add_(added).to(torch.float32)
