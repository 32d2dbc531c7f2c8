"""What is done once to a loaded network, so that it runs faster and finds the same.

Owns: the order of the steps. None of them changes an answer beyond rounding, but for a reduced precision, which is
asked for by name.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from detector.core.opencv import cv2
from detector.core.settings import Compiled, Precision
from detector.speed import allocator, compiling, dense, folding, precision, regions


def tuned(
    network: nn.Module, device: torch.device, compute: Precision, compiled: Compiled = Compiled.NONE
) -> nn.Module:
    """`network` itself, changed in place and moved to `device`. Folding comes first, while everything is float32."""
    whole: Any = network
    folding.fold_frozen_norms(whole.backbone)
    if device.type == "cpu":
        allocator.keep_freed_memory()
        cv2.setNumThreads(1)  # pictures are made beside the network, which has every core already
        regions.pool_as_rows(whole.roi_heads)
        dense.compute_as_convolutions(whole.roi_heads)
    whole.to(device)
    precision.reduce(whole, compute)
    if device.type != "cpu":  # there pictures that lie so are enough, and the weights stay the file's own pages
        for part in (whole.backbone, whole.rpn.head):
            part.to(memory_format=torch.channels_last)
    if compiled is Compiled.BACKBONE:
        compiling.compile_backbone(whole)
    return network
