"""Folds frozen batch norms into the convolutions before them, and those that evaluation mode freezes.

Owns: the arithmetic, done once at load in float32. Such a norm multiplies by a constant and adds another; torchvision
makes two passes over every activation for it, and with reduced precision converts them back to float32.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torchvision.ops.misc import FrozenBatchNorm2d


def fold_frozen_norms(network: nn.Module) -> int:
    """Fold every frozen norm that follows a convolution in its module, in place; returns how many.

    In torchvision's networks a norm is registered right after the convolution it follows, and nowhere else.
    """
    folded = 0
    for module in list(network.modules()):
        for (_, convolution), (name, norm) in pairwise(list(module.named_children())):
            if isinstance(convolution, nn.Conv2d) and _is_frozen(norm):
                _fold(convolution, norm)
                setattr(module, name, nn.Identity())
                folded += 1
    return folded


def _is_frozen(norm: nn.Module) -> bool:
    return isinstance(norm, FrozenBatchNorm2d) or (
        isinstance(norm, nn.BatchNorm2d) and not norm.training and norm.affine and norm.track_running_stats
    )


def _fold(convolution: nn.Conv2d, norm: Any) -> None:
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    shift = norm.bias - norm.running_mean * scale
    if convolution.bias is not None:
        shift = shift + convolution.bias * scale
    with torch.no_grad():
        convolution.weight = nn.Parameter(convolution.weight * scale[:, None, None, None], requires_grad=False)
        convolution.bias = nn.Parameter(shift, requires_grad=False)
