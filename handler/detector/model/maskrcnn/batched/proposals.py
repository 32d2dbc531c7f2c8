"""Turns the RPN head's output into each picture's proposals, all pictures and levels at once.

Owns: the steps of torchvision's `RegionProposalNetwork.filter_proposals`. Only the anchors that can become proposals
are decoded. May not: run the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList

from detector.model.maskrcnn.batched import suppression
from detector.model.maskrcnn.batched.boxes import clipped, decoded, is_large, picked
from detector.model.maskrcnn.batched.suppression import Suppress
from detector.speed.graphs import Kept

_LOWEST = -1.0
_MOST_SIZES = 16


@dataclass(frozen=True)
class Proposals:
    """`boxes` (batch, n, 4) in pixels of the network's input, the best first; those not in `is_real` only fill up.

    `settled` is () bool: without it, `boxes` need not be torchvision's.
    """

    boxes: Tensor
    is_real: Tensor
    settled: Tensor


class Proposing:
    """`rpn` is torchvision's RegionProposalNetwork in evaluation mode. Keeps the anchors of the sizes it has seen."""

    def __init__(self, rpn: Any, suppress: Suppress = suppression.kept) -> None:
        self._rpn = rpn
        self._suppress = suppress
        self._anchors: Kept[Tensor] = Kept(_MOST_SIZES)

    def __call__(
        self, pictures: ImageList, maps: Sequence[Tensor], objectness: Sequence[Tensor], deltas: Sequence[Tensor]
    ) -> Proposals:
        """`objectness` is (batch, anchors a place, height, width) for each level, `deltas` has four times as many."""
        best = self._best(self._anchors_of(pictures, maps), objectness, deltas)
        size = pictures.image_sizes[0]
        boxes = clipped(torch.stack([each.boxes for each in best], 1), size)
        scores = torch.sigmoid(torch.stack([each.logits for each in best], 1))
        is_candidate = torch.stack([each.is_real for each in best], 1)
        valid = is_candidate & is_large(boxes, self._rpn.min_size) & (scores >= self._rpn.score_thresh)
        return self._chosen(boxes, scores, valid)

    def _chosen(self, boxes: Tensor, scores: Tensor, valid: Tensor) -> Proposals:
        """(batch, levels, n) of each: the boxes that no better one of their level covers, the best of all levels."""
        batch, levels, count = valid.shape
        level = torch.arange(levels, device=valid.device)[:, None].expand(levels, count).flatten()
        moved = suppression.apart(boxes.flatten(1, 2), valid.flatten(1), level).view(batch * levels, count, 4)
        one_kind = torch.zeros_like(valid, dtype=torch.int64).flatten(0, 1)
        stays, settled = self._suppress(moved, valid.flatten(0, 1), self._rpn.nms_thresh, one_kind)
        rank = scores.masked_fill(~stays.view_as(scores), _LOWEST).flatten(1)
        best, index = rank.sort(dim=1, descending=True, stable=True)
        most = self._rpn.post_nms_top_n()
        return Proposals(picked(boxes.flatten(1, 2), index[:, :most]), best[:, :most] > _LOWEST, settled)

    def _best(self, anchors: Tensor, objectness: Sequence[Tensor], deltas: Sequence[Tensor]) -> list[_Level]:
        """Of each level, at most `pre_nms_top_n` boxes. One tensor is split, as in torchvision: ties fall the same."""
        most, batch = self._rpn.pre_nms_top_n(), len(objectness[0])
        logits = torch.cat([each.permute(0, 2, 3, 1).reshape(batch, -1) for each in objectness], 1)
        sizes = [each[0].numel() for each in objectness]
        parts = zip(torch.split(logits, sizes, 1), deltas, torch.split(anchors, sizes), strict=True)
        return [self._best_of_level(*part, most) for part in parts]

    def _best_of_level(self, logits: Tensor, deltas: Tensor, anchors: Tensor, most: int) -> _Level:
        top, index = logits.topk(min(most, logits.shape[1]), 1)
        offsets = picked(_by_anchor(deltas), index)
        boxes = decoded(offsets, anchors[index], self._rpn.box_coder)
        lacking = most - top.shape[1]
        return _Level(
            functional.pad(boxes, (0, 0, 0, lacking)),
            functional.pad(top, (0, lacking)),
            functional.pad(torch.ones_like(top, dtype=torch.bool), (0, lacking)),
        )

    def _anchors_of(self, pictures: ImageList, maps: Sequence[Tensor]) -> Tensor:
        """(anchors, 4) of one picture, made once for each size."""
        key = (*(each.shape[-2:] for each in maps), pictures.tensors.shape[-2:])
        return self._anchors.get(key, lambda: self._made_anchors(pictures, maps))

    def _made_anchors(self, pictures: ImageList, maps: Sequence[Tensor]) -> Tensor:
        one = ImageList(pictures.tensors[:1], pictures.image_sizes[:1])
        # Anchors take the maps' type, and half precision cannot tell the pixels of a large picture apart.
        shaped = [each.new_empty(1, 1, *each.shape[-2:], dtype=torch.float32) for each in maps]
        anchors: Tensor = self._rpn.anchor_generator(one, shaped)[0].clone()
        return anchors


@dataclass(frozen=True)
class _Level:
    """(batch, n, 4) boxes and (batch, n) logits of one level, and which of them are not there to fill up."""

    boxes: Tensor
    logits: Tensor
    is_real: Tensor


def _by_anchor(deltas: Tensor) -> Tensor:
    """(batch, 4 x anchors, height, width) as (batch, height x width x anchors, 4)."""
    batch, _, height, width = deltas.shape
    return deltas.view(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
