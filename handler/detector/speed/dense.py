"""Computes the box head's fully connected layers in the order that the regions have in memory.

Owns: the order, and the kernel. `regions` makes its output channels last: the first layer's weights are put in that
order once, so that nothing is reordered for every frame. On a CPU the multiplication is a 1 x 1 convolution, because
torch computes that with oneDNN and a matrix product with MKL, which takes about twice as long on CPUs that are not
Intel's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection.faster_rcnn import TwoMLPHead


def compute_by_rows(heads: Any) -> None:
    """Replace the box head, in place, where it is torchvision's two fully connected layers."""
    head = heads.box_head
    if isinstance(head, TwoMLPHead):
        heads.box_head = DenseHead(head, heads.box_roi_pool.output_size)


class DenseHead(nn.Module):
    """A module with the results of `head` for regions of `size` (height, width)."""

    def __init__(self, head: TwoMLPHead, size: tuple[int, int]) -> None:
        super().__init__()
        outputs = head.fc6.out_features
        weight = head.fc6.weight.view(outputs, -1, *size).permute(0, 2, 3, 1).reshape(outputs, -1)
        self.layers = nn.ModuleList([_Dense(weight, head.fc6.bias), _Dense(head.fc7.weight, head.fc7.bias)])

    def forward(self, regions: torch.Tensor) -> torch.Tensor:
        found = regions.permute(0, 2, 3, 1).flatten(1)
        for layer in self.layers:
            found = functional.relu_(layer(found))
        return found


class _Dense(nn.Module):
    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight[:, :, None, None], requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows become the pixels of one picture, one below the other, and their values its channels."""
        if len(rows) == 0:  # a picture without places is refused
            return rows.new_empty(0, len(self.bias))
        if rows.device.type != "cpu":
            return functional.linear(rows, self.weight[:, :, 0, 0], self.bias)
        column = rows[None, :, None].permute(0, 3, 1, 2)
        found: torch.Tensor = functional.conv2d(column, self.weight, self.bias).permute(0, 2, 3, 1)
        return found.flatten(0, 2)
