"""Drops the boxes that a better one covers, greedily and exactly, one program for each group.

Owns: the two kernels: which boxes each box covers, as bits; and the walk along the boxes, the best first. The
arithmetic of the overlap is that of torchvision's CUDA kernel (csrc/ops/cuda/nms_kernel.cu).
"""

# ruff: noqa: ANN001, ANN202  Triton reads the types of a kernel's arguments from the call
from __future__ import annotations

import torch
from torch import Tensor

from detector.speed.kernels.language import kernel, tl, triton

_WORD = 64  # bits


@kernel
def _cover(
    boxes, kinds, covers, count, words, threshold, word: tl.constexpr, many: tl.constexpr,
):  # fmt: skip
    """Bit k of word w of row i: whether box i covers box 64 w + k, which is one of the worse ones of the same kind."""
    group, row, first = tl.program_id(0).to(tl.int64), tl.program_id(1), tl.program_id(2) * many
    at = boxes + (group * count + row) * 4
    x1, y1, x2, y2 = tl.load(at), tl.load(at + 1), tl.load(at + 2), tl.load(at + 3)
    kind = tl.load(kinds + group * count + row)
    bit = tl.arange(0, word)
    number = first + tl.arange(0, many)
    other = number[:, None] * word + bit[None, :]
    is_worse = (other > row) & (other < count)
    beside = boxes + (group * count + other) * 4
    left = tl.maximum(x1, tl.load(beside, is_worse, 0.0))
    upper = tl.maximum(y1, tl.load(beside + 1, is_worse, 0.0))
    other_x1, other_y1 = tl.load(beside, is_worse, 0.0), tl.load(beside + 1, is_worse, 0.0)
    other_x2, other_y2 = tl.load(beside + 2, is_worse, 0.0), tl.load(beside + 3, is_worse, 0.0)
    shared = tl.maximum(tl.minimum(x2, other_x2) - left, 0.0) * tl.maximum(tl.minimum(y2, other_y2) - upper, 0.0)
    area, other_area = (x2 - x1) * (y2 - y1), (other_x2 - other_x1) * (other_y2 - other_y1)
    is_covered = (shared / (area + other_area - shared) > threshold) & is_worse
    is_covered = is_covered & (tl.load(kinds + group * count + other, is_worse, -1) == kind)
    bits = tl.sum(is_covered.to(tl.int64) << bit[None, :].to(tl.int64), 1)
    tl.store(covers + (group * count + row) * words + number, bits, number < words)


@kernel
def _walk(
    covers, valid, stays, count, words, word: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """A box that is valid and not covered stays, and those that it covers do not."""
    group = tl.program_id(0).to(tl.int64)
    number = tl.arange(0, block)
    covered = tl.zeros((block,), tl.int64)
    for row in range(count):
        mine = tl.sum(tl.where(number == row // word, covered, 0), 0)
        is_free = ((mine >> (row % word)) & 1) == 0
        is_staying = is_free & (tl.load(valid + group * count + row) != 0)
        pushed = tl.load(covers + (group * count + row) * words + number, number < words, 0)
        covered = covered | tl.where(is_staying, pushed, 0)
        tl.store(stays + group * count + row, is_staying.to(tl.uint8))


def kept(boxes: Tensor, valid: Tensor, threshold: float, kinds: Tensor | None = None) -> Tensor:
    """Which boxes stay, (groups, n) bool; `boxes` is (groups, n, 4), the best first, `kinds` (groups, n) int64."""
    groups, count = valid.shape
    words = triton.cdiv(count, _WORD)
    kinds = torch.zeros_like(valid, dtype=torch.int64) if kinds is None else kinds.contiguous()
    covers = torch.empty((groups, count, words), dtype=torch.int64, device=boxes.device)
    stays = torch.empty_like(valid)
    if groups and count:
        many = min(triton.next_power_of_2(words), 32)
        grid = (groups, count, triton.cdiv(words, many))
        _cover[grid](boxes.contiguous(), kinds, covers, count, words, threshold, _WORD, many)
        block = triton.next_power_of_2(words)
        _walk[(groups,)](
            covers, valid.contiguous().view(torch.uint8), stays.view(torch.uint8), count, words, _WORD, block,
            num_warps=1,
        )  # fmt: skip
    return stays
