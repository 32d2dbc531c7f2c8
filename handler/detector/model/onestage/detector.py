"""Turns a batch of frames into detections in source pixels, with torchvision's own forward.

Owns: the network on its device, and its input and output: a list of RGB pictures of floats from 0 to 1, each (3,
height, width), which the network may change, and boxes in pixels of these pictures. May not: decode, encode, or depend
on requests.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from detector.core.detections import FrameDetections
from detector.core.errors import BadParameter
from detector.core.frames import FrameBatch
from detector.core.opencv import cv2
from detector.core.settings import Settings
from detector.model.shared import Halving, scale
from detector.speed import allocator
from detector.speed.pictures import planar

# Cut at the picture's edge a box may be left without area. torchvision drops such from Faster R-CNN's answers with this
# bound (`remove_small_boxes` in roi_heads.py), and keeps them in those of RetinaNet and SSD.
_LEAST_SIDE_PIXELS = 0.01


class OneStageDetector:
    """A torchvision RetinaNet or SSD in evaluation mode, moved to `device`."""

    takes_planes = True
    plain_batch_count = 0
    """Only what was meant to go another way is counted."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network = network.to(device)
        network.transform.normalize = partial(_normalized, network.transform)
        self.device = device
        self._halving = Halving(device)

    @torch.inference_mode()
    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        """Detections of each frame with at least `score_threshold`, in order.

        Raises OutOfMemory, UnreadableMedia for pictures too thin for the network, and BadParameter for masks.
        """
        if with_masks:
            raise BadParameter("masks=rle was asked for, and this model answers with boxes alone; ask for masks=none")
        self._refuse_too_thin(*batch.size)
        return self._halving.detected(batch, lambda part: self._detected(part, score_threshold))

    def _refuse_too_thin(self, width: int, height: int) -> None:
        transform = self._network.transform
        if transform.fixed_size is None:  # otherwise the aspect is not kept, and no picture is too thin
            scale(height, width, transform.min_size[-1], transform.max_size)

    def _detected(self, batch: FrameBatch, score_threshold: float) -> list[FrameDetections]:
        found = self._network(list(self._pictures(batch)))
        return [_frame_detections(batch, index, each, score_threshold) for index, each in enumerate(found)]

    def _pictures(self, batch: FrameBatch) -> Tensor:
        """(n, 3, height, width) float32 from 0 to 1 on the device; the bytes go there as bytes."""
        given = torch.from_numpy(batch.pixels).to(self.device, non_blocking=True)
        shown = planar.shown(given, batch.planes) if batch.planes else given.permute(0, 3, 1, 2)
        return shown.to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def make_predictor(network: nn.Module, device: torch.device, _: Settings) -> OneStageDetector:
    if device.type == "cpu":
        allocator.keep_freed_memory()
        cv2.setNumThreads(1)  # frames are decoded while the network runs, and the network uses every core
    return OneStageDetector(network, device)


def _normalized(transform: Any, picture: Tensor) -> Tensor:
    """torchvision's `normalize` without its two copies, which are 1.6 GB for the largest picture there may be."""
    mean, deviation = (
        torch.tensor(values, dtype=picture.dtype, device=picture.device)[:, None, None]
        for values in (transform.image_mean, transform.image_std)
    )
    return picture.sub_(mean).div_(deviation)


def _frame_detections(
    batch: FrameBatch, index: int, found: dict[str, Tensor], score_threshold: float
) -> FrameDetections:
    """What torchvision found in the batch's picture `index`, the best first, in pixels of the source."""
    width, height = batch.size
    to_source = np.array([batch.source_width / width, batch.source_height / height] * 2, np.float32)
    boxes, scores = found["boxes"].cpu().numpy() * to_source, found["scores"].cpu().numpy()
    wanted = (scores >= score_threshold) & np.all(boxes[:, 2:] - boxes[:, :2] >= _LEAST_SIDE_PIXELS, axis=1)
    return FrameDetections(
        frame_index=batch.frame_indices[index],
        pts_seconds=batch.pts_seconds[index],
        boxes=boxes[wanted],
        label_ids=found["labels"].cpu().numpy()[wanted],
        scores=scores[wanted],
    )
