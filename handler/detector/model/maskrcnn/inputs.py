"""Turns a batch of uint8 pictures into the backbone's input.

Owns: the arithmetic of torchvision's `GeneralizedRCNNTransform`, for a whole batch at once, which is possible because
all pictures of a batch have one size. The pixels are copied to the device as bytes, not as floats.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList

from detector.core.errors import UnreadableMedia
from detector.core.frames import Pixels


def prepared(pixels: Pixels, transform: Any, device: torch.device) -> ImageList:
    """`pixels` is (n, height, width, 3), RGB. The result is float32 on `device`, channels last.

    Raises UnreadableMedia for pictures too thin for the network, before anything is allocated.
    """
    scale = _scale(pixels.shape[1], pixels.shape[2], transform.min_size[-1], transform.max_size)
    images = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).to(torch.float32).div_(255)
    images.sub_(_channels(transform.image_mean, device)).div_(_channels(transform.image_std, device))
    resized = _resized(images, scale)
    height, width = resized.shape[-2:]
    divisor = transform.size_divisible
    padded = functional.pad(resized, (0, -width % divisor, 0, -height % divisor))
    return ImageList(padded, [(height, width)] * len(pixels))


def _channels(values: list[float], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]


def _scale(height: int, width: int, min_size: int, max_size: int) -> float:
    scale = min(min_size / min(height, width), max_size / max(height, width))
    if int(min(height, width) * scale) < 1:
        raise UnreadableMedia(
            f"pictures of {width} x {height} are too thin: the network scales the longer side to {max_size} pixels, "
            "and nothing would be left of the shorter one; crop or pad them"
        )
    return scale


def _resized(images: torch.Tensor, scale: float) -> torch.Tensor:
    resized: torch.Tensor = functional.interpolate(
        images, scale_factor=scale, mode="bilinear", recompute_scale_factor=True, align_corners=False
    )
    return resized
