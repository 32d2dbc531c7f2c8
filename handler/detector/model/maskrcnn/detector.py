"""Turns a batch of frames into detections in source pixels.

Owns: the network on its device, and the steps of one forward: pixels to the device, boxes, masks if wanted, results to
the host. May not: decode, encode, or depend on requests.

The steps are those of torchvision's `GeneralizedRCNN` and `RoIHeads`, called one by one, so that the mask branch runs
only when masks are asked for, and masks are never pasted into full-size pictures of floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torchvision.models.detection.transform import resize_boxes

from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.errors import BadParameter
from detector.core.frames import FrameBatch
from detector.core.settings import Compiled, Settings
from detector.model.maskrcnn import inputs, masks, tuning
from detector.model.maskrcnn.forwards import Found, Ways, forward_of
from detector.model.shared import Halving

Rows = npt.NDArray[np.float32]


class Detector:
    """A torchvision Mask R-CNN, or Faster R-CNN, in evaluation mode, moved to `device`.

    After running out of memory with several frames at once it takes half as many, for the rest of the process.
    With `batch_size`, no batch is smaller: a compiled network would have to be compiled for every other size.
    """

    takes_planes = True

    def __init__(
        self, network: Any, device: torch.device, ways: Ways | None = None, batch_size: int | None = None
    ) -> None:
        self._network = network.to(device)
        self.device = device
        self._forward = forward_of(self._network, device, ways or Ways())
        self._batch_size = batch_size or 1
        self._halving = Halving(device, self._forward.save_memory)

    @property
    def plain_batch_count(self) -> int:
        return self._forward.plain_batch_count

    @torch.inference_mode()
    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        """Detections of each frame with at least `score_threshold`, in order.

        Raises OutOfMemory, and BadParameter when masks are asked of a network that has none.
        """
        if with_masks and not self._network.roi_heads.has_mask():
            raise BadParameter("masks=rle was asked for, and this model answers with boxes alone; ask for masks=none")
        return self._halving.detected(batch, lambda part: self._detected(part, score_threshold, with_masks))

    def _detected(self, batch: FrameBatch, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        pixels = batch.filled(min(self._batch_size, self._halving.most_at_once))
        found = self._forward(inputs.uploaded(pixels, self._network.transform, self.device, batch.planes), batch.planes)
        wanted = [rows[rows[:, 4] >= score_threshold] for rows in found.rows[: len(batch.pixels)]]
        shown = [_in_source_pixels(rows, found.size, batch) for rows in wanted]
        masks = self._masks(found, wanted, shown, batch) if with_masks else [None] * len(shown)
        return [_frame_detections(batch, index, *parts) for index, parts in enumerate(zip(shown, masks, strict=True))]

    def _masks(
        self, found: Found, wanted: list[Rows], shown: list[Rows], batch: FrameBatch
    ) -> list[tuple[str, ...] | None]:
        """The run lengths of the wanted detections' masks; `wanted` is in pixels of the network's input."""
        probabilities = self._probabilities(found, wanted)
        boxes = np.ascontiguousarray(np.concatenate(shown)[:, :4])
        encoded = masks.encoded(probabilities, boxes, batch.source_width, batch.source_height)
        ends = np.cumsum([len(rows) for rows in wanted]).tolist()
        return [encoded[end - len(rows) : end] for rows, end in zip(wanted, ends, strict=True)]

    def _probabilities(self, found: Found, wanted: list[Rows]) -> torch.Tensor:
        """(n, 28, 28) on the device: of each wanted detection the mask of its own class."""
        heads = self._network.roi_heads
        rows = torch.from_numpy(np.concatenate(wanted)).to(self.device, non_blocking=True)
        boxes, label_ids = list(torch.split(rows[:, :4], [len(each) for each in wanted])), rows[:, 5].to(torch.int64)
        features = {name: each[: len(wanted)] for name, each in found.features.items()}
        regions = heads.mask_roi_pool(features, boxes, [found.size] * len(wanted))
        logits = heads.mask_predictor(heads.mask_head(regions))
        own: torch.Tensor = logits[torch.arange(len(label_ids), device=logits.device), label_ids]
        return own.sigmoid()


def make_predictor(network: nn.Module, device: torch.device, settings: Settings) -> Detector:
    """The network, tuned for `device`. A compiled one takes batches of one size, and compiles here where it can."""
    ways = Ways(settings.forward, settings.kernels)
    tuned = tuning.tuned(network, device, settings.precision, settings.compiled, settings.kernels)
    if settings.compiled is Compiled.NONE:
        return Detector(tuned, device, ways)
    detector = Detector(tuned, device, ways, settings.batch_size)
    if settings.frame_width and settings.frame_height:  # the only size there will be: no request has to wait for it
        blank = frames.blank(settings.frame_width, settings.frame_height)
        detector.detect(blank, score_threshold=1.0, with_masks=False)
    return detector


def _in_source_pixels(rows: Rows, size: tuple[int, int], batch: FrameBatch) -> Rows:
    """The rows with their boxes scaled from the network's input (height, width) to the source; torchvision's way."""
    boxes = resize_boxes(torch.from_numpy(rows[:, :4]), list(size), [batch.source_height, batch.source_width])
    return np.concatenate([boxes.numpy(), rows[:, 4:]], axis=1)


def _frame_detections(batch: FrameBatch, index: int, rows: Rows, masks: tuple[str, ...] | None) -> FrameDetections:
    """`rows` is (n, 6): box, score and label of each detection of the batch's picture `index`."""
    return FrameDetections(
        frame_index=batch.frame_indices[index],
        pts_seconds=batch.pts_seconds[index],
        boxes=np.ascontiguousarray(rows[:, :4]),
        label_ids=rows[:, 5].astype(np.int64),
        scores=np.ascontiguousarray(rows[:, 4]),
        masks=masks,
    )
