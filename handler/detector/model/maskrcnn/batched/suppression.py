"""Drops the boxes that a better one covers (non-maximum suppression), for many groups at once, without a wait.

Owns: the greedy answer as a fixed point, and torchvision's way to keep classes and levels apart.

A box stays unless a better one that stays covers it. Applied over and over from "all stay", this changes nothing more
after as many rounds as the longest chain of boxes that push each other out, and then it is exactly the greedy answer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_ROUNDS = 24
# torchvision takes another way for more numbers than these, which does not move the boxes (`batched_nms`).
_MOST_MOVED = {"cpu": 4000, "cuda": 20_000}


def apart(boxes: Tensor, valid: Tensor, kind: Tensor) -> Tensor:
    """The boxes of each picture moved so that those of different kinds do not meet, as `batched_nms` does.

    `boxes` is (batch, n, 4), at least 0; `valid` (batch, n) tells which of them count; `kind` broadcasts to (batch, n).
    Moving them costs some bits of their place, which can decide a comparison: so it is done where torchvision does it.
    """
    largest = boxes.masked_fill(~valid[..., None], 0).amax((1, 2))
    is_moved = 4 * valid.sum(1) <= _MOST_MOVED.get(boxes.device.type, _MOST_MOVED["cuda"])
    step = torch.where(is_moved, largest + 1, 0)
    return boxes + (kind.to(boxes.dtype) * step[:, None])[..., None]


Suppress = Callable[[Tensor, Tensor, float, Tensor], tuple[Tensor, Tensor]]
"""The form of `kept`."""


def kept(boxes: Tensor, valid: Tensor, threshold: float, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Which boxes stay, (groups, n) bool, and whether that is settled, () bool.

    `boxes` is (groups, n, 4), the best first; `valid` (groups, n) is bool, `kinds` (groups, n) int64. A box covers a
    worse one of its kind where their intersection over union is more than `threshold`.
    """
    covers = _overlaps(boxes, threshold).triu_(1).logical_and_(valid[:, :, None])
    covers.logical_and_(kinds[:, :, None] == kinds[:, None])
    # A product of matrices counts the better boxes that stay: 0 or more, which half precision tells apart as well.
    dtype = torch.float16 if boxes.is_cuda else torch.float32
    pushes = covers.to(dtype)
    stays = before = valid
    for _ in range(_ROUNDS):
        before = stays
        stays = valid & (torch.bmm(stays.to(dtype)[:, None], pushes)[:, 0] == 0)
    return stays, (stays == before).all()


def kept_by_kernels(boxes: Tensor, valid: Tensor, threshold: float, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """The same, always settled, where `kernels.are_usable`."""
    from detector.speed.kernels import suppression  # imports Triton

    stays = suppression.kept(boxes, valid, threshold, kinds)
    return stays, torch.ones((), dtype=torch.bool, device=boxes.device)


def _overlaps(boxes: Tensor, threshold: float) -> Tensor:
    """(groups, n, n) bool; the order of the operations is that of torchvision's kernels (csrc/ops/c*/nms_kernel.c*)."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    area = (x2 - x1) * (y2 - y1)
    width = torch.minimum(x2[:, :, None], x2[:, None]).sub_(torch.maximum(x1[:, :, None], x1[:, None])).clamp_(min=0)
    height = torch.minimum(y2[:, :, None], y2[:, None]).sub_(torch.maximum(y1[:, :, None], y1[:, None])).clamp_(min=0)
    shared = width.mul_(height)
    return shared.div_((area[:, :, None] + area[:, None]).sub_(shared)) > threshold
