"""Changes a loaded network once, so that it runs faster with the same answers.

Owns: the order of the steps, and the parts that each technique of `speed` is applied to. No step changes an answer
beyond rounding, except a reduced precision. Boxes, scores and non-maximum suppression stay in float32 even then: half
precision cannot distinguish neighbouring pixels of a large picture. Only backbone and RPN head are compiled: the shapes
of all other parts depend on the picture's contents.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from detector.core.opencv import cv2
from detector.core.settings import Compiled, Kernels, Precision
from detector.model.maskrcnn import layout
from detector.speed import allocator, dense, folding, fused, kernels, regions
from detector.speed.compiling import CompiledModule
from detector.speed.precision import computing_in


def tuned(
    network: nn.Module,
    device: torch.device,
    compute: Precision,
    compiled: Compiled = Compiled.NONE,
    own: Kernels = Kernels.AUTO,
) -> nn.Module:
    """Change `network` in place and move it to `device`. Folding comes first, while everything is float32."""
    whole: Any = network
    folding.fold_frozen_norms(whole)
    takes_kernels = own is Kernels.AUTO
    if takes_kernels and compiled is Compiled.NONE and fused.is_usable(device):  # torch's compiler fuses by itself
        for part in (whole.backbone, whole.rpn, whole.roi_heads):
            fused.fuse(part)
    regions.pool_as_rows(whole.roi_heads, with_kernels=takes_kernels and kernels.are_usable(device))
    dense.compute_by_rows(whole.roi_heads)
    if device.type == "cpu":
        allocator.keep_freed_memory()
        cv2.setNumThreads(1)  # frames are decoded while the network runs, and the network uses every core
    whole.to(device)
    _reduce_precision(whole, compute)
    if device.type != "cpu":  # on a CPU pictures in this layout are enough, and the weights stay the file's own pages
        for part in (whole.backbone, whole.rpn.head):
            part.to(memory_format=torch.channels_last)
    elif layout.chosen(device) is torch.contiguous_format:
        whole.backbone = layout.Contiguous(whole.backbone)
    if compiled is Compiled.BACKBONE:
        whole.backbone = CompiledModule(whole.backbone, "backbone")
        whole.rpn.head = CompiledModule(whole.rpn.head, "RPN head")
    return network


def _reduce_precision(network: Any, compute: Precision) -> None:
    # The maps stay in that format where they are pooled as rows; torchvision's pooling wants the format of the boxes.
    pools = [network.roi_heads.box_roi_pool, network.roi_heads.mask_roi_pool]
    keeps_format = all(pool is None or isinstance(pool, regions.RowPool) for pool in pools)
    network.backbone = computing_in(network.backbone, compute, keeps_format=keeps_format)
    network.rpn.head = computing_in(network.rpn.head, compute)
    heads = network.roi_heads
    heads.box_head = computing_in(heads.box_head, compute)
    if heads.mask_head is not None:
        heads.mask_head = computing_in(heads.mask_head, compute)
