"""Batches of pictures, and torchvision's own answers to compare with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms.functional import to_tensor

from detector.core.detections import FrameDetections
from detector.core.frames import FrameBatch

CPU = torch.device("cpu")


def batch_of(count: int, width: int = 160, height: int = 120, source: tuple[int, int] | None = None) -> FrameBatch:
    random = np.random.default_rng(count)
    coarse = random.integers(0, 256, (count, height // 8, width // 8, 3), dtype=np.uint8)
    pixels = coarse.repeat(8, axis=1).repeat(8, axis=2)
    source_width, source_height = source or (width, height)
    times = tuple(index / 5 for index in range(count))
    return FrameBatch(pixels, tuple(range(0, 5 * count, 5)), times, source_width, source_height)


def eager(network: nn.Module, batch: FrameBatch) -> list[dict[str, torch.Tensor]]:
    """torchvision's own way: a list of float pictures in, masks pasted."""
    with torch.no_grad():
        found: list[dict[str, torch.Tensor]] = network([to_tensor(picture) for picture in batch.pixels])
    return found


def assert_same(frame: FrameDetections, expected: dict[str, torch.Tensor]) -> None:
    """The same objects: labels equal, boxes within a thousandth of a pixel, scores within rounding."""
    assert np.array_equal(frame.label_ids, expected["labels"].numpy())
    assert frame.boxes == pytest.approx(expected["boxes"].numpy(), abs=1e-3)
    assert frame.scores == pytest.approx(expected["scores"].numpy(), abs=1e-5)
