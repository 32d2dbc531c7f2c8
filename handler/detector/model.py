"""A batch of frames becomes detections in source pixels.

Owns: the network on its device, and the steps of one forward: pixels to the device, boxes, masks if wanted, results to
the host. May not: decode, encode, or know about requests.

The steps are those of torchvision's `GeneralizedRCNN` and `RoIHeads`, called one by one, so that the mask branch runs
only when masks are asked for, and masks are never pasted into full-size pictures of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torchvision.models.detection.roi_heads import maskrcnn_inference
from torchvision.models.detection.transform import resize_boxes

from detector import masks
from detector.detections import FrameDetections
from detector.errors import OutOfMemory
from detector.frames import FrameBatch, Pixels


@dataclass(frozen=True)
class _Found:
    """What the network found in a batch: a tensor a picture, on the device; boxes in pixels of the network's input."""

    boxes: list[torch.Tensor]
    label_ids: list[torch.Tensor]
    scores: list[torch.Tensor]
    probabilities: list[torch.Tensor] | None
    input_sizes: Sequence[tuple[int, int]]


class Detector:
    """A torchvision Mask R-CNN in evaluation mode, moved to `device`."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network = network.to(device)
        self.device = device

    @torch.inference_mode()
    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        """Detections of each frame with at least `score_threshold`, in order. Raises OutOfMemory."""
        try:
            found = self._forward(self._to_device(batch.pixels), with_masks)
            return _on_host(found, batch, score_threshold)
        except (torch.OutOfMemoryError, MemoryError) as error:
            height, width = batch.pixels.shape[1:3]
            raise OutOfMemory(
                f"out of memory on {self.device} with {len(batch.pixels)} frames of {width} x {height} pixels at once; "
                "lower BATCH_SIZE, FRAME_WIDTH or FRAME_HEIGHT in the model's Environment"
            ) from error

    def _to_device(self, pixels: Pixels) -> torch.Tensor:
        """(n, 3, height, width) float32 from 0 to 1; the bytes travel, not the floats."""
        images = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).contiguous()
        return images.to(torch.float32).div_(255)

    def _forward(self, images: torch.Tensor, with_masks: bool) -> _Found:
        network, heads = self._network, self._network.roi_heads
        inputs, _ = network.transform(list(images))
        sizes = inputs.image_sizes
        features = network.backbone(inputs.tensors)
        proposals, _ = network.rpn(inputs, features)
        logits, regression = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposals, sizes)))
        boxes, scores, label_ids = heads.postprocess_detections(logits, regression, proposals, sizes)
        probabilities = self._mask_probabilities(features, boxes, label_ids, sizes) if with_masks else None
        return _Found(boxes, label_ids, scores, probabilities, sizes)

    def _mask_probabilities(
        self, features: Any, boxes: list[torch.Tensor], label_ids: list[torch.Tensor], sizes: Sequence[tuple[int, int]]
    ) -> list[torch.Tensor]:
        """Per picture (n, 1, 28, 28): of each detection, the mask of its own class."""
        heads = self._network.roi_heads
        logits = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(features, boxes, sizes)))
        probabilities: list[torch.Tensor] = list(maskrcnn_inference(logits, label_ids))
        return probabilities


def _on_host(found: _Found, batch: FrameBatch, score_threshold: float) -> list[FrameDetections]:
    """One copy from the device for all boxes, labels and scores of the batch, and one for its masks."""
    source_size = (batch.source_height, batch.source_width)
    boxes = [resize_boxes(each, size, source_size) for each, size in zip(found.boxes, found.input_sizes, strict=True)]
    scores, label_ids = torch.cat(found.scores), torch.cat(found.label_ids).to(torch.float32)
    columns = torch.cat([torch.cat(boxes), scores[:, None], label_ids[:, None]], dim=1).cpu()
    rows = [each.numpy() for each in columns.tensor_split(_cuts(boxes))]
    probabilities = _host_masks(found)
    return [
        _frame_detections(batch, index, row, mask, score_threshold)
        for index, (row, mask) in enumerate(zip(rows, probabilities, strict=True))
    ]


def _host_masks(found: _Found) -> list[torch.Tensor | None]:
    if found.probabilities is None:
        return [None] * len(found.boxes)
    return list(torch.cat(found.probabilities)[:, 0].cpu().tensor_split(_cuts(found.boxes)))


def _cuts(pictures: list[torch.Tensor]) -> list[int]:
    """Where one picture's rows end and the next one's begin, once all are in one tensor."""
    return list(accumulate(len(each) for each in pictures))[:-1]


def _frame_detections(
    batch: FrameBatch, index: int, rows: npt.NDArray[np.float32], probabilities: torch.Tensor | None, threshold: float
) -> FrameDetections:
    """`rows` is (n, 6): box, score and label of each detection of the batch's picture `index`."""
    wanted = rows[:, 4] >= threshold
    boxes = np.ascontiguousarray(rows[wanted, :4])
    encoded = None
    if probabilities is not None:
        encoded = masks.encoded(probabilities[torch.from_numpy(wanted)], boxes, batch.source_width, batch.source_height)
    return FrameDetections(
        frame_index=batch.frame_indices[index],
        pts_seconds=batch.pts_seconds[index],
        boxes=boxes,
        label_ids=rows[wanted, 5].astype(np.int64),
        scores=np.ascontiguousarray(rows[wanted, 4]),
        masks=encoded,
    )
