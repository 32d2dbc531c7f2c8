"""Pools regions of the feature maps as sums of rows.

Owns: another computation of torchvision's RoIAlign. Where a map is stored channels last, each of its pixels is a row
of numbers, and every bin of a region is a weighted sum of a few rows: one `embedding_bag`, which reads rows in parallel
and as vectors. torchvision's own kernel for CPUs processes the regions in one thread, and needs a copy of every map;
and on every device it takes one level after the other, and waits for the number of regions of each.
Pixels and weights are those of `torchvision/csrc/ops/cpu/roi_align_common.h`; only the order in which a bin's terms are
added differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import _setup_scales

from detector.speed.graphs import Kept


def pool_as_rows(heads: Any, *, with_kernels: bool = False) -> None:
    """Replace the pooling of the RoI heads, in place, where they pool as torchvision's networks do."""
    for name in ("box_roi_pool", "mask_roi_pool"):
        pool = getattr(heads, name)
        if isinstance(pool, MultiScaleRoIAlign) and pool.sampling_ratio > 0:
            setattr(heads, name, RowPool(pool, with_kernels=with_kernels))


_MOST_SIZES = 16


class RowPool(nn.Module):
    """A module with the results of `pool`, (regions, channels, height, width), stored channels last."""

    def __init__(self, pool: MultiScaleRoIAlign, *, with_kernels: bool = False) -> None:
        super().__init__()
        self._pool = pool
        self._has_kernels = with_kernels
        self._levels: Kept[_Levels] = Kept(_MOST_SIZES)
        self.output_size: tuple[int, int] = tuple(pool.output_size)

    def forward(
        self, features: Mapping[str, torch.Tensor], boxes: list[torch.Tensor], image_sizes: Sequence[tuple[int, int]]
    ) -> torch.Tensor:
        pool = self._pool
        maps = [each for name, each in features.items() if name in pool.featmap_names]
        if pool.scales is None:  # torchvision does the same: the scales are equal for pictures of every size
            pool.scales, pool.map_levels = _setup_scales(
                maps, list(image_sizes), pool.canonical_scale, pool.canonical_level
            )
        placed = _placed(boxes, pool.map_levels(boxes), self._levels_of(maps))
        bins = self._by_kernel(maps, placed) if self._has_kernels else self._by_torch(maps, placed)
        return bins.permute(0, 3, 1, 2)

    def _by_kernel(self, maps: Sequence[torch.Tensor], placed: Placed) -> torch.Tensor:
        from detector.speed.kernels import regions  # imports Triton

        return regions.pooled(_rows(maps), placed, self.output_size, self._pool.sampling_ratio)

    def _by_torch(self, maps: Sequence[torch.Tensor], placed: Placed) -> torch.Tensor:
        height, width = self.output_size
        down = _samples(placed.top, placed.height, placed.map_height, height, self._pool.sampling_ratio)
        across = _samples(placed.left, placed.width, placed.map_width, width, self._pool.sampling_ratio)
        places = placed.first_row[:, None, None, None, None] + _crossed(
            down.places * placed.map_width[:, None, None], across.places, torch.add
        )
        weights = _crossed(down.weights, across.weights, torch.mul)
        bins = functional.embedding_bag(
            places.flatten(0, 2).flatten(1),
            _rows(maps).float(),
            mode="sum",
            per_sample_weights=weights.flatten(0, 2).flatten(1),
        )
        return bins.view(len(placed.top), height, width, maps[0].shape[1])

    def _levels_of(self, maps: Sequence[torch.Tensor]) -> _Levels:
        """Kept, because numbers that are made on the host have to be waited for on a GPU."""
        key = (maps[0].device, len(maps[0]), *(each.shape[-2:] for each in maps))
        return self._levels.get(key, lambda: _Levels.of(maps, self._pool.scales))


@dataclass(frozen=True)
class _Levels:
    """For each feature map: its scale from the picture's pixels, its size in pixels of its own, and its first row."""

    scale: torch.Tensor
    height: torch.Tensor
    width: torch.Tensor
    first_row: torch.Tensor

    @classmethod
    def of(cls, maps: Sequence[torch.Tensor], scales: Sequence[float]) -> _Levels:
        device = maps[0].device
        height, width = (torch.tensor([each.shape[axis] for each in maps], device=device) for axis in (-2, -1))
        rows = height * width * len(maps[0])
        return cls(torch.tensor(scales, device=device), height, width, rows.cumsum(0) - rows)


class Placed(NamedTuple):
    """For each region: its box in pixels of its own map, that map's size, and the map's first row."""

    top: torch.Tensor
    left: torch.Tensor
    height: torch.Tensor
    width: torch.Tensor
    map_height: torch.Tensor
    map_width: torch.Tensor
    first_row: torch.Tensor


def _placed(boxes: list[torch.Tensor], level: torch.Tensor, levels: _Levels) -> Placed:
    left, top, right, bottom = (torch.cat(boxes) * levels.scale[level, None]).unbind(1)
    map_height, map_width = levels.height[level], levels.width[level]
    image = torch.cat([torch.full((len(each),), index, device=level.device) for index, each in enumerate(boxes)])
    first_row = levels.first_row[level] + image * map_height * map_width
    return Placed(top, left, (bottom - top).clamp(min=1), (right - left).clamp(min=1), map_height, map_width, first_row)


@dataclass(frozen=True)
class _Samples:
    """Along one axis, (regions, bins, samples x corners): the pixels that each bin is made of, and their weights."""

    places: torch.Tensor
    weights: torch.Tensor


def _samples(start: torch.Tensor, length: torch.Tensor, size: torch.Tensor, bins: int, ratio: int) -> _Samples:
    """Every bin takes `ratio` samples, each from the two pixels beside it; a sample outside the map has weight zero."""
    step = (length / bins)[:, None, None]
    bin_number = torch.arange(bins, device=start.device)[:, None]
    sample_number = torch.arange(ratio, device=start.device)
    at = start[:, None, None] + bin_number * step + (sample_number + 0.5) * step / ratio
    last = (size - 1)[:, None, None]
    is_inside = (at >= -1) & (at <= last + 1)
    at = at.clamp(min=0).minimum(last)
    low = at.to(torch.int64)
    share = at - low
    places = torch.stack([low, (low + 1).minimum(last)], dim=-1)
    weights = torch.stack([1 - share, share], dim=-1) * (is_inside / ratio)[..., None]
    return _Samples(places.flatten(2), weights.flatten(2))


def _crossed(down: torch.Tensor, across: torch.Tensor, combined: Any) -> torch.Tensor:
    """(regions, height, width, down, across): every sample down combined with every one across, for each bin."""
    crossed: torch.Tensor = combined(down[:, :, None, :, None], across[:, None, :, None, :])
    return crossed


def _rows(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """All pixels of all maps, a row of channels each; at most one copy is made where maps are stored channels last."""
    return torch.cat([each.permute(0, 2, 3, 1).flatten(0, 2) for each in maps])
