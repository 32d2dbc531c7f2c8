"""Turns a batch of uint8 pictures into the backbone's input.

Owns: the arithmetic of torchvision's `GeneralizedRCNNTransform`, for a whole batch at once, which is possible because
all pictures of a batch have one size. The pixels, or planes, are copied to the device as bytes, not as floats; from
there on nothing waits for the device, and a second batch of a size needs nothing more from the host.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList

from detector.core.planes import Pixels, PlaneLayout
from detector.model.shared import scale
from detector.speed.graphs import constant
from detector.speed.pictures import planar


def uploaded(pixels: Pixels, transform: Any, device: torch.device, planes: PlaneLayout | None = None) -> torch.Tensor:
    """The bytes on `device`. `pixels` is (n, height, width, 3), RGB; with `planes` (n, bytes) of them.

    Raises UnreadableMedia for pictures too thin for the network, before anything is allocated.
    """
    width, height = (planes.width, planes.height) if planes else (pixels.shape[2], pixels.shape[1])
    scale(height, width, transform.min_size[-1], transform.max_size)
    return torch.from_numpy(pixels).to(device, non_blocking=True)


def computed(given: torch.Tensor, transform: Any, planes: PlaneLayout | None = None) -> ImageList:
    """The network's input from the bytes that are on the device: tensor operations alone, and tables that are kept."""
    shown = planar.shown(given, planes) if planes else given.permute(0, 3, 1, 2)
    images = shown.to(torch.float32, memory_format=torch.channels_last).div_(255)
    images.sub_(_channels(tuple(transform.image_mean), images.device))
    images.div_(_channels(tuple(transform.image_std), images.device))
    resized = _resized(images, scale(images.shape[2], images.shape[3], transform.min_size[-1], transform.max_size))
    height, width = resized.shape[-2:]
    divisor = transform.size_divisible
    padded = functional.pad(resized, (0, -width % divisor, 0, -height % divisor))
    return ImageList(padded, [(height, width)] * len(given))


@constant(16)
def _channels(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]


def _resized(images: torch.Tensor, factor: float) -> torch.Tensor:
    resized: torch.Tensor = functional.interpolate(
        images, scale_factor=factor, mode="bilinear", recompute_scale_factor=True, align_corners=False
    )
    return resized
