"""Turns a batch of uint8 pictures into the backbone's input.

Owns: the arithmetic of torchvision's `GeneralizedRCNNTransform`, for a whole batch at once, which is possible because
all pictures of a batch have one size. The pixels are copied to the device as bytes, not as floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList

from detector.core.errors import UnreadableMedia
from detector.core.frames import Pixels


class Inputs:
    """Uploads and prepares pictures for one network; `transform` is torchvision's GeneralizedRCNNTransform."""

    def __init__(self, transform: Any, device: torch.device) -> None:
        self._transform = transform
        self._device = device
        self._mean, self._std = (
            torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]
            for values in (transform.image_mean, transform.image_std)
        )

    def uploaded(self, pixels: Pixels) -> torch.Tensor:
        """`pixels` is (n, height, width, 3), RGB; the same on the device.

        Raises UnreadableMedia for pictures too thin for the network, before anything is allocated.
        """
        self._scale_of(pixels.shape)
        return torch.from_numpy(pixels).to(self._device, non_blocking=True)

    def prepared(self, uploaded: torch.Tensor) -> ImageList:
        """float32 on the device, channels last. Nothing here waits for the device."""
        images = uploaded.permute(0, 3, 1, 2).to(torch.float32).div_(255).sub_(self._mean).div_(self._std)
        resized = _resized(images, self._scale_of(uploaded.shape))
        height, width = resized.shape[-2:]
        divisor = self._transform.size_divisible
        padded = functional.pad(resized, (0, -width % divisor, 0, -height % divisor))
        return ImageList(padded, [(height, width)] * len(uploaded))

    def _scale_of(self, shape: Sequence[int]) -> float:
        return _scale(shape[1], shape[2], self._transform.min_size[-1], self._transform.max_size)


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
