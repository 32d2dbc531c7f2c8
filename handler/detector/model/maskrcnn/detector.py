"""Turns a batch of frames into detections in source pixels.

Owns: the network on its device, and the steps of one forward: pixels to the device, boxes, masks if wanted, results to
the host. May not: decode, encode, or depend on requests.

The steps are those of torchvision's `GeneralizedRCNN` and `RoIHeads`, called one by one, so that the mask branch runs
only when masks are asked for, and masks are never pasted into full-size pictures of floats.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import maskrcnn_inference
from torchvision.models.detection.transform import resize_boxes

from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.errors import OutOfMemory
from detector.core.frames import FrameBatch
from detector.core.settings import Compiled, Settings
from detector.model.maskrcnn import inputs, masks, tuning

logger = logging.getLogger(__name__)

_CPU_SHORTAGE = "can't allocate memory"  # torch's CPU allocator raises a plain RuntimeError with this text


@dataclass(frozen=True)
class _Found:
    """The network's results for a batch: a tensor a picture, on the device; boxes in pixels of the network's input."""

    boxes: list[torch.Tensor]
    label_ids: list[torch.Tensor]
    scores: list[torch.Tensor]
    probabilities: list[torch.Tensor] | None
    input_sizes: Sequence[tuple[int, int]]

    def first(self, count: int) -> _Found:
        """The results without the pictures that only filled the batch."""
        probabilities = None if self.probabilities is None else self.probabilities[:count]
        parts = (self.boxes[:count], self.label_ids[:count], self.scores[:count])
        return _Found(*parts, probabilities, self.input_sizes[:count])


class Detector:
    """A torchvision Mask R-CNN in evaluation mode, moved to `device`.

    After running out of memory with several frames at once it takes half as many, for the rest of the process.
    With `batch_size`, no batch is smaller: a compiled network would have to be compiled for every other size.
    """

    takes_planes = True

    def __init__(self, network: Any, device: torch.device, batch_size: int | None = None) -> None:
        self._network = network.to(device)
        self.device = device
        self._batch_size = batch_size or 1
        self._most_at_once = sys.maxsize

    @torch.inference_mode()
    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        """Detections of each frame with at least `score_threshold`, in order. Raises OutOfMemory."""
        while True:
            parts = batch.parts(self._most_at_once)
            try:
                return [found for part in parts for found in self._detected(part, score_threshold, with_masks)]
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                shortage = str(error).strip().partition("\n")[0]
            # Out of the except block: the error's traceback held the tensors of the failed attempt.
            self._halve(batch, len(parts[0].pixels), shortage)

    def _halve(self, batch: FrameBatch, tried: int, shortage: str) -> None:
        width, height = batch.size
        failed = f"out of memory on {self.device} with {tried} frames of {width} x {height} pixels at once"
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if tried == 1:
            raise OutOfMemory(f"{failed}; lower FRAME_WIDTH or FRAME_HEIGHT in the model's Environment ({shortage})")
        self._most_at_once = tried // 2
        logger.warning("%s; going on with %d: set BATCH_SIZE to that (%s)", failed, self._most_at_once, shortage)

    def _detected(self, batch: FrameBatch, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        pixels = batch.filled(min(self._batch_size, self._most_at_once))
        found = self._forward(inputs.prepared(pixels, self._network.transform, self.device, batch.planes), with_masks)
        return _on_host(found.first(len(batch.pixels)), batch, score_threshold)

    def _forward(self, pictures: ImageList, with_masks: bool) -> _Found:
        network, heads, sizes = self._network, self._network.roi_heads, pictures.image_sizes
        features = network.backbone(pictures.tensors)
        proposals, _ = network.rpn(pictures, features)
        logits, regression = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposals, sizes)))
        boxes, scores, label_ids = heads.postprocess_detections(logits, regression, proposals, sizes)
        probabilities = self._mask_probabilities(features, boxes, label_ids, sizes) if with_masks else None
        return _Found(boxes, label_ids, scores, probabilities, sizes)

    def _mask_probabilities(
        self, features: Any, boxes: list[torch.Tensor], label_ids: list[torch.Tensor], sizes: Sequence[tuple[int, int]]
    ) -> list[torch.Tensor]:
        """For each picture (n, 1, 28, 28): the mask of each detection's own class."""
        heads = self._network.roi_heads
        logits = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(features, boxes, sizes)))
        probabilities: list[torch.Tensor] = list(maskrcnn_inference(logits, label_ids))
        return probabilities


def make_predictor(network: nn.Module, device: torch.device, settings: Settings) -> Detector:
    """The network, tuned for `device`. A compiled one takes batches of one size, and compiles here where it can."""
    tuned = tuning.tuned(network, device, settings.precision, settings.compiled)
    if settings.compiled is Compiled.NONE:
        return Detector(tuned, device)
    detector = Detector(tuned, device, settings.batch_size)
    if settings.frame_width and settings.frame_height:  # the only size there will be: no request has to wait for it
        blank = frames.blank(settings.frame_width, settings.frame_height)
        detector.detect(blank, score_threshold=1.0, with_masks=False)
    return detector


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _CPU_SHORTAGE in str(error)


def _on_host(found: _Found, batch: FrameBatch, score_threshold: float) -> list[FrameDetections]:
    """Copy from the device once for all boxes, labels and scores of the batch, and once for its masks."""
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
    """The indices between the pictures' rows in one tensor of all rows."""
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
