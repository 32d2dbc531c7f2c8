"""Defines where regions of interest lie on their feature maps, for the kernels and for the way without them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Placed:
    """For each region: its box in pixels of its own map, that map's size, and the map's first row."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor
    map_height: Tensor
    map_width: Tensor
    first_row: Tensor
