"""Turns the box head's output into each picture's detections, all pictures at once.

Owns: the steps of torchvision's `RoIHeads.postprocess_detections`, for a bounded number of candidates a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from detector.model.maskrcnn.batched import suppression
from detector.model.maskrcnn.batched.boxes import clipped, decoded, is_large, picked
from detector.model.maskrcnn.batched.proposals import Proposals
from detector.model.maskrcnn.batched.suppression import Suppress

_MOST_CANDIDATES = 1024
_NOTHING = -1.0


@dataclass(frozen=True)
class Selection:
    """`rows` (batch, n, 6): box in pixels of the network's input, score (-1: no detection), label; the best first.

    `settled` is () bool: without it, or if more candidates passed the threshold than are looked at, the rows need not
    be torchvision's.
    """

    rows: Tensor
    settled: Tensor


def selected(
    heads: Any,
    logits: Tensor,
    regression: Tensor,
    proposals: Proposals,
    size: tuple[int, int],
    suppress: Suppress = suppression.kept,
) -> Selection:
    """`heads` is torchvision's RoIHeads; `logits` (batch x n, classes), `regression` (batch x n, 4 x classes)."""
    batch, count = proposals.is_real.shape
    classes = logits.shape[-1]
    scores = functional.softmax(logits, -1).view(batch, count, classes)[:, :, 1:]
    scores = scores.masked_fill(~proposals.is_real[..., None], 0).flatten(1)
    top, index = _best(scores)
    fits = ((scores > heads.score_thresh).sum(1) <= top.shape[1]).all()
    row, label = torch.div(index, classes - 1, rounding_mode="floor"), index % (classes - 1) + 1
    offsets = picked(regression.view(batch, count * classes, 4), row * classes + label)
    boxes = clipped(decoded(offsets, picked(proposals.boxes, row), heads.box_coder), size)
    valid = (top > heads.score_thresh) & is_large(boxes, 1e-2)
    moved = suppression.apart(boxes, valid, label)
    stays, settled = suppress(moved, valid, heads.nms_thresh, label)
    rank, place = top.masked_fill(~stays, _NOTHING).sort(dim=1, descending=True, stable=True)
    most = heads.detections_per_img
    chosen = torch.cat([boxes, label[..., None].to(boxes.dtype)], -1)
    best = picked(chosen, place[:, :most])
    rows = torch.cat([best[..., :4], rank[:, :most, None], best[..., 4:]], -1)
    return Selection(rows, fits & settled & proposals.settled)


def _best(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The candidates by falling score, and by place where scores are equal, as a stable sort of all would have them."""
    _, index = scores.topk(min(_MOST_CANDIDATES, scores.shape[1]), 1, sorted=False)
    index = index.sort(1).values
    top, order = scores.gather(1, index).sort(dim=1, descending=True, stable=True)
    return top, index.gather(1, order)
