"""Computes a convolution with its bias, an addition and its ReLU as one operation of cuDNN.

Owns: the replacement, in place, of the modules in which such steps follow one another. torch makes a pass over the
activations for each of them; on a GPU these passes take as long as the convolutions. With reduced precision the sum is
rounded once instead of after every step. On a CPU the modules compute the steps one by one: they are for tests there.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

logger = logging.getLogger(__name__)
_cudnn_relu: Any = torch.cudnn_convolution_relu
_cudnn_add_relu: Any = torch.cudnn_convolution_add_relu


def fuse(module: nn.Module) -> int:
    """Replace what can be computed at once below `module`, whose norms are folded; returns how many there were."""
    count = 0
    for name, child in list(module.named_children()):
        if isinstance(child, Bottleneck) and _has_only_convolutions(child):
            setattr(module, name, FusedBottleneck(child))
            count += 3
        elif (convolution := _with_relu(child)) is not None:
            setattr(module, name, ConvolutionRelu(convolution))
            count += 1
        else:
            count += fuse(child)
    return count + _fuse_stem(module)


@cache
def is_usable(device: torch.device) -> bool:
    """Whether cuDNN computes this on `device`; if not, the log says why."""
    if device.type != "cuda":
        return False
    try:
        _trial(device)
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        logger.warning("convolutions are not fused with what follows them: %s", reason)
        return False
    return True


class ConvolutionRelu(nn.Module):
    """The ReLU of a convolution."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, given: Tensor) -> Tensor:
        found: Tensor = _relu(given, self.convolution)
        return found


class FusedBottleneck(nn.Module):
    """A block of torchvision's ResNet without norms: three convolutions, the last of which adds what went around."""

    def __init__(self, block: Bottleneck) -> None:
        super().__init__()
        self.first, self.second, self.third = block.conv1, block.conv2, block.conv3
        self.downsample = block.downsample

    def forward(self, given: Tensor) -> Tensor:
        around = given if self.downsample is None else self.downsample(given)
        found: Tensor = _add_relu(_relu(_relu(given, self.first), self.second), self.third, around)
        return found


def _relu(given: Tensor, convolution: Any) -> Any:
    if not given.is_cuda:
        return torch.relu_(convolution(given))
    return _cudnn_relu(given, convolution.weight, convolution.bias, *_shape_of(convolution))


def _add_relu(given: Tensor, convolution: Any, added: Tensor) -> Any:
    if not given.is_cuda:
        return torch.relu_(convolution(given).add_(added))
    return _cudnn_add_relu(given, convolution.weight, added, 1.0, convolution.bias, *_shape_of(convolution))


def _shape_of(convolution: nn.Conv2d) -> tuple[Any, ...]:
    return convolution.stride, convolution.padding, convolution.dilation, convolution.groups


def _has_only_convolutions(block: Bottleneck) -> bool:
    norms = [block.bn1, block.bn2, block.bn3]
    return all(isinstance(norm, nn.Identity) for norm in norms)


def _with_relu(module: nn.Module) -> nn.Conv2d | None:
    """The convolution of a module that is one with a bias and a ReLU."""
    if not isinstance(module, nn.Sequential) or len(module) != 2:
        return None
    convolution, after = module
    is_one = isinstance(convolution, nn.Conv2d) and convolution.bias is not None and isinstance(after, nn.ReLU)
    return convolution if is_one else None


def _fuse_stem(module: nn.Module) -> int:
    """The first convolution of torchvision's ResNet, whose ReLU is its sibling behind the folded norm."""
    children = dict(module.named_children())
    stem = [children.get(name) for name in ("conv1", "bn1", "relu")]
    expected = (nn.Conv2d, nn.Identity, nn.ReLU)
    if not all(isinstance(each, kind) for each, kind in zip(stem, expected, strict=True)):
        return 0
    module.conv1 = ConvolutionRelu(children["conv1"])  # type: ignore[arg-type]  # it is a Conv2d, as was just asked
    module.relu = nn.Identity()
    return 1


def _trial(device: torch.device) -> None:
    convolution = nn.Conv2d(64, 64, 3, padding=1, device=device)
    convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch lacks this one
    given = torch.randn(1, 64, 8, 8, device=device).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        plain = convolution(given)
        pairs = [
            (_relu(given, convolution), plain.relu()),
            (_add_relu(given, convolution, given), (plain + given).relu()),
        ]
        if not all(torch.allclose(found, expected, rtol=1e-2, atol=1e-2) for found, expected in pairs):
            raise RuntimeError("cuDNN's fused convolution gives a wrong answer")
