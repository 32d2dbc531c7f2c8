"""EfficientNet-Lite0: the network, with the parameter names of the package `efficientnet-lite-pytorch`.

Written anew from the paper (arXiv 1905.11946) and that package (Apache-2.0, Copyright (c) 2020 ML Illustrated), which
is not needed at run time. Same outputs as the package's `EfficientNet.from_pretrained("efficientnet-lite0")`.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

IMAGE_SIZE = 224
# Of each stage: blocks, kernel, stride of the first block, expansion, channels out.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does: the output has the size over the stride, an odd pixel is last."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        (high, wide), kernel, stride = inputs.shape[-2:], self.kernel_size[0], self.stride[0]
        down, right = (max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in (high, wide))
        padded = functional.pad(inputs, (right // 2, right - right // 2, down // 2, down - down // 2))
        return super().forward(padded)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Widen, filter each channel, narrow; what comes in is added where the shape is the same."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.is_added = stride == 1 and before == after
        self.is_widened = expansion != 1
        if self.is_widened:
            self._expand_conv, self._bn0 = SameConv2d(before, wide, 1, bias=False), _norm(wide)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = SameConv2d(wide, after, 1, bias=False), _norm(after)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        x = functional.relu6(self._bn0(self._expand_conv(inputs))) if self.is_widened else inputs
        x = functional.relu6(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + inputs if self.is_added else x


class EfficientNetLite0(nn.Module):
    """(N, 3, 224, 224) float32, each value (0..255 - 127) / 128, RGB -> (N, 1000) logits."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv2d(3, _STEM, 3, 2, bias=False), _norm(_STEM)
        self._blocks = nn.Sequential(*_blocks())
        self._conv_head, self._bn1 = SameConv2d(_STAGES[-1][-1], _HEAD, 1, bias=False), _norm(_HEAD)
        self._fc = nn.Linear(_HEAD, classes)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = self._blocks(functional.relu6(self._bn0(self._conv_stem(pictures))))
        x = functional.relu6(self._bn1(self._conv_head(x)))
        return self._fc(x.mean((2, 3)))


def _blocks() -> Iterator[Block]:
    before = _STEM
    for count, kernel, stride, expansion, after in _STAGES:
        for index in range(count):
            yield Block(before, after, kernel, stride if index == 0 else 1, expansion)
            before = after
